//! What stands around every page: its title, where it is among the others, and what has just been done.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::access::Visitor;
use super::shared::Shared;
use provisioning_directory::Timestamp;

/// A page's place among a tenant's tabs or the console's own pages: the last part of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tab {
    /// The last part of its address.
    pub(crate) path: &'static str,
    /// What it is called.
    pub(crate) title: &'static str,
}

/// Tabs under one heading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TabGroup {
    pub(crate) title: &'static str,
    pub(crate) tabs: &'static [Tab],
}

/// The pages of one application: what is done every day, what is set once, and what was.
pub(crate) const TENANT_TABS: &[TabGroup] = &[
    TabGroup {
        title: "Daily work",
        tabs: &[
            Tab { path: "overview", title: "Overview" },
            Tab { path: "assignments", title: "People" },
            Tab { path: "import", title: "Import" },
            Tab { path: "push", title: "Push" },
            Tab { path: "tasks", title: "Tasks" },
            Tab { path: "runs", title: "Runs" },
        ],
    },
    TabGroup {
        title: "Settings",
        tabs: &[
            Tab { path: "general", title: "General" },
            Tab { path: "integration", title: "Integration" },
            Tab { path: "to-app", title: "To App" },
            Tab { path: "attributes", title: "Attributes" },
            Tab { path: "to-idp", title: "To IdP" },
            Tab { path: "scim", title: "SCIM" },
        ],
    },
    TabGroup {
        title: "Looking back",
        tabs: &[Tab { path: "audit", title: "Audit" }, Tab { path: "usage", title: "Usage" }],
    },
];

/// The pages that concern all applications; each stands at `/` and its path.
pub(crate) const TOP_TABS: &[Tab] = &[
    Tab { path: "applications", title: "Applications" },
    Tab { path: "people", title: "People" },
    Tab { path: "audit", title: "Audit" },
    Tab { path: "sessions", title: "Sessions" },
];

/// Something that was just done, told on the next page once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flash {
    /// Whether it went well.
    pub(crate) good: bool,
    /// In a sentence.
    pub(crate) text: String,
}

/// What a template's frame shows; every page's template has one as `chrome`.
#[derive(Clone, Debug)]
pub(crate) struct Chrome {
    pub(crate) title: String,
    /// The application that the page belongs to.
    pub(crate) tenant: Option<String>,
    /// The path of the tab that the page is.
    pub(crate) tab: &'static str,
    pub(crate) flashes: Vec<Flash>,
    /// The form token of the visitor.
    pub(crate) token: String,
    /// Who is signed in; none where nobody has to.
    pub(crate) name: Option<String>,
    /// Whether the page looks again by itself where there is no script.
    pub(crate) refresh: bool,
}

impl Chrome {
    /// The frame of a page that concerns all applications.
    pub(crate) fn top(shared: &Shared, visitor: &Visitor, title: &str, tab: &'static str) -> Self {
        Self {
            title: title.to_owned(),
            tenant: None,
            tab,
            flashes: shared.access.sessions.take_flashes(visitor.session()),
            token: shared.access.token(visitor.session()),
            name: visitor.name().map(str::to_owned),
            refresh: false,
        }
    }

    /// The frame of a page of one application.
    pub(crate) fn tenant(shared: &Shared, visitor: &Visitor, title: &str, tenant: &str, tab: &'static str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..Self::top(shared, visitor, title, tab) }
    }

    /// Looks again by itself, where `yes`.
    #[must_use]
    pub(crate) fn refreshing(mut self, yes: bool) -> Self {
        self.refresh = yes;
        self
    }

    pub(crate) fn top_tabs(&self) -> &'static [Tab] {
        TOP_TABS
    }

    pub(crate) fn tenant_tabs(&self) -> &'static [TabGroup] {
        TENANT_TABS
    }

    /// Whether a tab is the page itself.
    pub(crate) fn is(&self, tab: &Tab) -> bool {
        self.tab == tab.path
    }
}

/// A template as a page.
pub(crate) fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => {
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, "The page could not be written; standard error says why.")
                .into_response()
        }
    }
}

/// A form again, with what is wrong with it.
pub(crate) fn unsound(template: &impl Template) -> Response {
    let mut response = html(template);
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    response
}

/// A point in time for people: in UTC, which the script makes the time of the visitor's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment(String);

// Made of digits and what stands between them.
impl askama::filters::HtmlSafe for Moment {}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<time datetime=\"{}\">{}</time>", self.0, plain(&self.0))
    }
}

/// A point in time as a part of a page.
pub(crate) fn moment(at: &Timestamp) -> Moment {
    Moment(at.to_string())
}

/// A point in time as a part of a text.
pub(crate) fn moment_text(at: &Timestamp) -> String {
    plain(&at.to_string())
}

fn plain(text: &str) -> String {
    match text.get(..19) {
        Some(text) => format!("{} UTC", text.replace('T', " ")),
        None => text.to_owned(),
    }
}
