//! Addresses of parts.

use crate::rest::{self, Version};

/// Where a part goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) version: Version,
    /// The decoded parts of the path behind the version.
    pub(super) path: Vec<String>,
    /// Decoded query parameters, in order.
    pub(super) query: Vec<(String, String)>,
}

impl Address {
    /// Reads `/services/data/v64.0/sobjects/Contact?fields=Id`, as `composite` and graphs want it (H).
    pub(super) fn absolute(url: &str) -> Option<Self> {
        Self::relative(url.trim_start_matches('/').strip_prefix("services/data/")?)
    }

    /// Reads `v64.0/sobjects/Contact`, as batches want it (H); they take an absolute address, too (L).
    pub(super) fn relative(url: &str) -> Option<Self> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let path = path.trim_start_matches('/');
        let mut path = rest::path_parts(path.strip_prefix("services/data/").unwrap_or(path));
        if path.is_empty() {
            return None;
        }
        let version = path.remove(0);
        let version = version.strip_prefix('v').and_then(Version::parse).filter(|version| version.is_served())?;
        Some(Self { version, path, query: rest::query_pairs(query) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart() {
        let address = Address::absolute("/services/data/v60.0/sobjects/A/B__c/x%2Fy?fields=Id,Name").unwrap();
        assert_eq!((address.version, address.path.len(), address.path[3].as_str()), (Version(60), 4, "x/y"));
        assert_eq!(address.query, [("fields".to_owned(), "Id,Name".to_owned())]);
        for wrong in ["sobjects/A", "/services/data/", "/services/data/v99.0/limits", "/services/Soap/u/60.0"] {
            assert_eq!(Address::absolute(wrong), None, "{wrong}");
        }
        assert_eq!(Address::relative("v60.0/limits"), Address::relative("/services/data/v60.0/limits"));
        assert_eq!(Address::relative("limits"), None);
    }
}
