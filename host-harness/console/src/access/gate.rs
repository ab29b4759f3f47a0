//! The gate: every request passes it, or is answered here.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use cookie::{Cookie, SameSite};

use provisioning_http::Peer;

use super::super::assets;
use super::super::chrome::html;
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::afterwards::{Asked, FORM};
use super::{Access, AdminsError, SessionId, Visitor, entry, headers, origin, submission};

/// How long a page may take, the receiving of its form included.
const PAGE_TIME: Duration = Duration::from_secs(30);
/// Where one signs in.
const SIGN_IN: &str = "/sign-in";

/// Asked of a browser that comes from another site: it keeps the cookie back until it comes from here.
#[derive(Template)]
#[template(path = "continue.html")]
struct Continue<'a> {
    address: &'a str,
}

/// Lets a request through, or answers it. Every answer gets its headers here.
pub(crate) async fn admit(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let answered = tokio::time::timeout(PAGE_TIME, pass(&shared, request, next)).await;
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "slow",
            "This takes too long",
            &format!("There was no answer within {} seconds.", PAGE_TIME.as_secs()),
            "Try again; if it stays, look at what the machine is busy with.",
        )
        .into_response(),
    };
    headers::protect(response.headers_mut());
    response
}

async fn pass(shared: &Shared, mut request: Request, next: Next) -> Result<Response, Problem> {
    let access = &shared.access;
    check_host(access, &request)?;
    let path = request.uri().path().to_owned();
    if path.starts_with(assets::FOLDER) {
        return Ok(next.run(request).await);
    }
    if !is_text(&path) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-value",
            "The address cannot be read",
            "The address holds bytes that are no UTF-8 text.",
            "Go by the links on the console's pages.",
        ));
    }
    let changes = match *request.method() {
        Method::GET | Method::HEAD => false,
        Method::POST => true,
        _ => return Err(no_method()),
    };
    let known = cookie(request.headers(), &access.cookie).as_deref().and_then(SessionId::parse);
    let is_new = known.is_none();
    if !changes
        && let Some((token, address)) = entry::split(request.uri())
        && access.has_token_entry().map_err(|error| Problem::internal(&error))?
        && access.token.is(&token)
    {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.client(request.headers()));
        let session = access.enter(peer)?;
        if let Some(address) = peer {
            let visitor = Visitor::new(session.clone(), None);
            shared.note_sign_in(visitor.actor(), address, "signed in by the console's token").await?;
        }
        let mut response = Redirect::to(local(&address)).into_response();
        response.headers_mut().insert(header::SET_COOKIE, access.set_cookie(&session)?);
        return Ok(response);
    }
    if is_new && !changes && comes_from_elsewhere(request.headers()) {
        return Ok(html(&Continue { address: own_address(&request) }));
    }
    let asked = Asked::of(request.uri(), request.headers());
    let mut sent = None;
    let session = match known {
        Some(session) => session,
        None => SessionId::random().ok_or_else(|| Problem::internal(&"the machine gave no random numbers"))?,
    };
    if changes {
        if origin::is_foreign(request.headers()) {
            return Err(forbidden("The form comes from another site; nothing was changed."));
        }
        let body = std::mem::replace(request.body_mut(), Body::empty());
        let fields = submission::read(request.headers(), body).await?;
        if !access.has_token(&session, fields.get(submission::TOKEN).unwrap_or_default()) {
            // It comes from a page of this console, so its sender may look at it and send it again.
            if let Some(response) = access.afterwards.keep_form(&asked, fields) {
                return Ok(response);
            }
            return Err(forbidden(
                "The form does not belong to this session, or the directory's key was changed since; nothing was changed.",
            ));
        }
        sent = Some(fields);
    }
    let visitor = match sign_in(access, &session).map_err(|error| Problem::internal(&error))? {
        SignIn::ByToken => Visitor::new(session.clone(), None),
        SignIn::Done(name) => Visitor::new(session.clone(), Some(name)),
        SignIn::Wanted if path == SIGN_IN => Visitor::new(session.clone(), None),
        SignIn::Wanted if changes => {
            if let Some(response) = sent.and_then(|fields| access.afterwards.keep_form(&asked, fields)) {
                return Ok(response);
            }
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "sign-in",
                "Nobody is signed in",
                "The session has ended; nothing was changed.",
                "Sign in in another tab, then go back and send the form again.",
            ));
        }
        SignIn::Wanted => {
            let next: String = url::form_urlencoded::byte_serialize(own_address(&request).as_bytes()).collect();
            return Ok(Redirect::to(&format!("{SIGN_IN}?next={next}")).into_response());
        }
    };
    if !changes && let Some(kept) = access.afterwards.page(request.uri(), &session) {
        return Ok(kept);
    }
    if let Some(fields) = sent {
        let kept = fields.get(FORM).and_then(|name| access.afterwards.take_form(name, &path));
        request.extensions_mut().insert(kept.unwrap_or(fields));
    }
    request.extensions_mut().insert(visitor);
    let response = next.run(request).await;
    let tell = |text: String| access.sessions.flash(&session, false, text);
    let mut response = match changes {
        true => access.afterwards.instead(&asked, &session, response, tell).await,
        false => access.afterwards.without_question(&asked, response, tell),
    };
    if is_new && !response.headers().contains_key(header::SET_COOKIE) {
        response.headers_mut().insert(header::SET_COOKIE, access.set_cookie(&session)?);
    }
    Ok(response)
}

impl Access {
    /// Whether the console's token lets somebody in: nobody has a password.
    pub(crate) fn has_token_entry(&self) -> Result<bool, AdminsError> {
        Ok(self.is_private() && self.admins.is_empty()?)
    }

    /// Whether `text` is the console's token.
    pub(crate) fn is_token(&self, text: &str) -> bool {
        self.token.is(text)
    }

    /// Opens a session for a browser that has shown the token. It ends with this console, since the next has another token.
    pub(crate) fn enter(&self, address: Option<IpAddr>) -> Result<SessionId, Problem> {
        let session = SessionId::random().ok_or_else(|| Problem::internal(&"the machine gave no random numbers"))?;
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        self.sessions.sign_in(&session, "", &self.token.query(), &address)?;
        Ok(session)
    }

    /// The header that gives a browser its session.
    pub(crate) fn set_cookie(&self, session: &SessionId) -> Result<HeaderValue, Problem> {
        let cookie = Cookie::build((self.cookie.as_str(), session.as_str()))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.behind_tls);
        HeaderValue::try_from(cookie.to_string()).map_err(|error| Problem::internal(&error))
    }
}

/// An address on this console; the first page where `text` leads elsewhere, as `//another.example` does.
pub(crate) fn local(text: &str) -> &str {
    let mut characters = text.chars();
    let is_local = characters.next() == Some('/') && !matches!(characters.next(), Some('/' | '\\'));
    if is_local && !text.chars().any(char::is_control) { text } else { "/" }
}

fn own_address(request: &Request) -> &str {
    local(request.uri().path_and_query().map_or("/", |address| address.as_str()))
}

/// Whether somebody has to sign in, and has.
enum SignIn {
    /// By the token of the console, which has no name for them.
    ByToken,
    Wanted,
    Done(Arc<str>),
}

fn sign_in(access: &Access, session: &SessionId) -> Result<SignIn, AdminsError> {
    if let Some(found) = access.sessions.signed_in(session)? {
        if found.admin.is_empty() {
            if access.has_token_entry()? && found.was_checked_against(&access.token.query()) {
                return Ok(SignIn::ByToken);
            }
        } else {
            let hash = access.admins.hash_of(&found.admin)?;
            if hash.is_some_and(|hash| found.was_checked_against(&hash)) {
                return Ok(SignIn::Done(found.admin.into()));
            }
            access.sessions.sign_out(session)?;
        }
    }
    Ok(SignIn::Wanted)
}

fn check_host(access: &Access, request: &Request) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let header = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let address = request.uri().authority().map(Authority::as_str);
    if hosts.next().is_none() && access.hosts.allows(header) && address.is_none_or(|host| access.hosts.allows(host)) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong-host",
        "This is not the console's name",
        "The console was asked for by a name that was not given to it.",
        "Use the address that it printed, or start it with --host and the name.",
    ))
}

/// Whether a path, its `%` sequences decoded, is UTF-8. One that is none well is left to the router, which takes it as it stands.
fn is_text(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let decoded = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    std::str::from_utf8(&bytes).is_ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn no_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "unsupported",
        "This cannot be done here",
        "The page does not take requests of this kind.",
        "Use the forms and links on the console's pages.",
    )
}

/// What the router answers where an address is there and the method is not.
pub(crate) async fn method_not_allowed() -> Problem {
    no_method()
}

fn forbidden(what: &str) -> Problem {
    let remedy = "Open the page again and repeat the change there.";
    Problem::new(StatusCode::FORBIDDEN, "forbidden", "The form was refused", what, remedy)
}

fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

#[cfg(test)]
mod tests;
