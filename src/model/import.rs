//! Reading users out of the application.

use super::{User, Value};

/// Where an import starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportScope {
    /// All users.
    Full,
    /// What has changed since the watermark of an earlier import.
    Since(String),
    /// From the cursor of an earlier page; it carries the scope it belongs to.
    Resume(String),
}

/// What is wanted of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportQuery {
    /// Where it starts.
    pub scope: ImportScope,
    /// Users a page, at most.
    pub page_size: u32,
    /// Names of the attributes wanted; empty for the default set.
    pub attributes: Vec<String>,
    /// Whether the users' grants are wanted too.
    pub grants: bool,
}

/// One page of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPage {
    /// Names of the attributes that the users' values are of.
    pub attributes: Vec<String>,
    /// The users, in the order of their ids.
    pub users: Vec<User>,
    /// Ids of users that no longer belong to the imported population.
    pub departed: Vec<String>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
    /// Where the next incremental import starts; on the last page only.
    pub watermark: Option<String>,
}

impl ImportPage {
    /// The value that a user of this page has of an attribute.
    pub fn value<'a>(&self, user: &'a User, attribute: &str) -> Option<&'a Value> {
        let at = self.attributes.iter().position(|name| name == attribute)?;
        user.values.get(at)?.as_ref()
    }
}
