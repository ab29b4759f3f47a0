//! Reading users out of the application.

use super::User;

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
    /// The users, in the order of their ids.
    pub users: Vec<User>,
    /// Ids of users that no longer belong to the imported population.
    pub departed: Vec<String>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
    /// Where the next incremental import starts; on the last page only.
    pub watermark: Option<String>,
}
