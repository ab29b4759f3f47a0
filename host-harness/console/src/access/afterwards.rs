//! What a browser shows after it has sent a form.
//!
//! A page that answers a form would be asked for again by *Reload* and *Back*, with the form. So such a page is kept, and the browser
//! is led to where it can fetch it as often as it likes (RFC 9110, section 15.4.4). A form that can't be carried out doesn't replace
//! the page that it came from: that page tells what is wrong. And a form of somebody whose session has ended is kept until they have
//! signed in again. All of this is for browsers that navigate; a program that sends a form gets its answer at once.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::gate::local;
use super::shelf::Shelf;
use super::{Fields, SessionId};
use crate::problem::Problem;
use provisioning_directory::{Directory, ShelfKind};

/// Bytes of a page that is kept; a longer one is answered at once.
const PAGE_BYTES: usize = 1 << 20;

/// Where a kept page is named in an address.
const PAGE: &str = "page";
/// Where a kept form is named: in the address of the page that sends it again, and in the form there.
pub(crate) const FORM: &str = "kept-form";
/// The page that sends a kept form again.
pub(crate) const SEND_AGAIN: &str = "/send-again";

#[derive(Serialize, Deserialize)]
struct KeptPage {
    session: SessionId,
    text: String,
}

/// A form that waits for its sender to sign in.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptForm {
    /// Where it was sent.
    pub(crate) path: String,
    pub(crate) fields: Fields,
}

/// What waits for browsers.
pub(crate) struct Afterwards {
    pages: Shelf,
    forms: Shelf,
}

/// A browser's request, as far as its answer depends on it.
pub(crate) struct Asked {
    navigates: bool,
    /// The page that the form stands on.
    from: Option<String>,
    uri: Uri,
}

impl Asked {
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let from = text(header::REFERER.as_str()).and_then(|from| from.parse::<Uri>().ok());
        let from = from.and_then(|from| from.path_and_query().map(|from| local(from.as_str()).to_owned()));
        Self { navigates: text("sec-fetch-mode") == Some("navigate"), from, uri: uri.clone() }
    }

    fn own(&self) -> &str {
        local(self.uri.path_and_query().map_or("/", |address| address.as_str()))
    }

    /// The page to go back to: the one that the form stands on, or the first.
    fn back(&self) -> &str {
        self.from.as_deref().unwrap_or("/")
    }
}

/// The value of a name in an address.
pub(crate) fn in_address(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(have, _)| have == name).map(|(_, value)| value.into_owned())
}

impl Afterwards {
    pub(crate) fn of(directory: &Directory) -> Self {
        Self { pages: Shelf::new(directory, ShelfKind::Page), forms: Shelf::new(directory, ShelfKind::Form) }
    }

    /// The page that an address names, if it is kept for the session. One that isn't kept any more leads to the page behind it.
    pub(crate) fn page(&self, uri: &Uri, session: &SessionId) -> Option<Response> {
        let name = in_address(uri, PAGE)?;
        let kept = SessionId::parse(&name).and_then(|name| self.pages.get::<KeptPage>(&name));
        let kept = kept.filter(|kept| kept.session == *session);
        Some(match kept {
            Some(kept) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], kept.text).into_response(),
            None => Redirect::to(local(uri.path())).into_response(),
        })
    }

    /// What a browser gets in the place of the answer to its form. `tell` leaves a word for the next page.
    pub(crate) async fn instead(
        &self,
        asked: &Asked,
        session: &SessionId,
        answer: Response,
        tell: impl FnOnce(String),
    ) -> Response {
        if !asked.navigates || answer.status().is_redirection() {
            return answer;
        }
        if let Some(problem) = answer.extensions().get::<Problem>() {
            if problem.status.is_server_error() && problem.status != StatusCode::SERVICE_UNAVAILABLE {
                return answer;
            }
            tell(problem.sentence());
            return Redirect::to(asked.back()).into_response();
        }
        let (parts, body) = answer.into_parts();
        let Ok(text) = to_bytes(body, PAGE_BYTES).await else {
            return Problem::internal(&"a page is too long to be kept").into_response();
        };
        let page = String::from_utf8(text.to_vec()).ok().map(|text| KeptPage { session: session.clone(), text });
        match page.and_then(|page| self.pages.put_anew(&page)) {
            // A path of its own, so that the address of a form that only takes posts is never asked for.
            Some(name) => Redirect::to(&format!("{}?{PAGE}={}", asked.uri.path(), name.as_str())).into_response(),
            None => Response::from_parts(parts, Body::from(text)),
        }
    }

    /// What a browser gets for a question that can't be answered, such as a filter with a wrong date: the page without it.
    pub(crate) fn without_question(&self, asked: &Asked, answer: Response, tell: impl FnOnce(String)) -> Response {
        let problem = answer.extensions().get::<Problem>().filter(|problem| problem.status == StatusCode::BAD_REQUEST);
        match problem {
            Some(problem) if asked.navigates && asked.uri.query().is_some() => {
                tell(problem.sentence());
                Redirect::to(local(asked.uri.path())).into_response()
            }
            _ => answer,
        }
    }

    /// Keeps the form of somebody whose session has ended, and leads to where it can be sent again; `None` if it isn't a browser's.
    pub(crate) fn keep_form(&self, asked: &Asked, fields: Fields) -> Option<Response> {
        if !asked.navigates {
            return None;
        }
        let name = self.forms.put_anew(&KeptForm { path: asked.own().to_owned(), fields })?;
        Some(Redirect::to(&format!("{SEND_AGAIN}?{FORM}={}", name.as_str())).into_response())
    }

    /// A form that waits, which stays.
    pub(crate) fn form(&self, name: &str) -> Option<KeptForm> {
        self.forms.get(&SessionId::parse(name)?)
    }

    /// The fields of a form that is sent again to `path`; it goes.
    pub(crate) fn take_form(&self, name: &str, path: &str) -> Option<Fields> {
        let name = SessionId::parse(name)?;
        let form = self.forms.get::<KeptForm>(&name).filter(|form| form.path == path)?;
        self.forms.remove(&name);
        Some(form.fields)
    }
}
