//! Pages of results: by index (RFC 7644 §3.4.2.4) and by cursor (RFC 9865).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value as Json, json};

use super::error::{ScimError, ScimType};

/// The schema of an answer with several resources.
pub const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Resources of a page if the request doesn't say how many.
pub const USUAL: usize = 100;
/// The most resources of a page.
pub const MOST: usize = 1000;

/// Which results are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// From where.
    pub from: From,
    /// At most so many.
    pub count: usize,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// At this result, counted from 1.
    Index(usize),
    /// Behind what a cursor names; at the first for an empty one.
    Cursor(Option<String>),
}

impl Page {
    /// From the three parameters. `query` is all else that decides what is found and in which order: a cursor is only good for that.
    ///
    /// # Errors
    /// `invalidCursor` or `invalidCount`; `invalidValue` for an index that is no number.
    pub fn parse(
        start: Option<&str>,
        count: Option<&str>,
        cursor: Option<&str>,
        query: &str,
    ) -> Result<Self, ScimError> {
        let number = |text: &str| text.trim().parse::<i64>().ok();
        let count = match count.map(|text| number(text).ok_or(text)) {
            None => USUAL,
            Some(Ok(count)) => usize::try_from(count.max(0)).unwrap_or(MOST).min(MOST),
            Some(Err(_)) => {
                return Err(ScimError::bad(ScimType::InvalidCount, "`count` isn't a number; send a whole number"));
            }
        };
        if let Some(cursor) = cursor {
            let after = if cursor.is_empty() { None } else { Some(decode(cursor, query)?) };
            return Ok(Self { from: From::Cursor(after), count });
        }
        match start.map(number) {
            None => Ok(Self { from: From::Index(1), count }),
            Some(Some(start)) => {
                Ok(Self { from: From::Index(usize::try_from(start.max(1)).unwrap_or(usize::MAX)), count })
            }
            Some(None) => Err(ScimError::value("`startIndex` isn't a number; send a whole number from 1 on")),
        }
    }
}

fn mark(query: &str) -> Vec<u8> {
    digest(&SHA256, query.as_bytes()).as_ref().get(..6).unwrap_or_default().to_vec()
}

/// A cursor that continues behind `position`.
pub fn encode(position: &str, query: &str) -> String {
    let mut bytes = mark(query);
    bytes.extend_from_slice(position.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(cursor: &str, query: &str) -> Result<String, ScimError> {
    let invalid = || {
        ScimError::bad(
            ScimType::InvalidCursor,
            "the cursor isn't one of this search; begin again with an empty cursor and the same parameters",
        )
    };
    let bytes =
        URL_SAFE_NO_PAD.decode(cursor.get(..cursor.len().min(4096)).unwrap_or_default()).map_err(|_| invalid())?;
    let mark = mark(query);
    let (have, position) = bytes.split_at_checked(mark.len()).ok_or_else(invalid)?;
    if have != mark {
        return Err(invalid());
    }
    String::from_utf8(position.to_vec()).map_err(|_| invalid())
}

/// An answer with several resources.
pub fn answer(page: &Page, total: u64, resources: Vec<Json>, next: Option<String>) -> Json {
    let mut body = json!({
        "schemas": [SCHEMA],
        "totalResults": total,
        "itemsPerPage": resources.len(),
    });
    if let Some(body) = body.as_object_mut() {
        body.insert("Resources".to_owned(), Json::Array(resources));
        match &page.from {
            From::Index(start) => drop(body.insert("startIndex".to_owned(), (*start).into())),
            From::Cursor(_) => {
                if let Some(next) = next {
                    body.insert("nextCursor".to_owned(), next.into());
                }
            }
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_indices_are_brought_into_bounds() {
        for (start, count, from, most) in [
            (None, None, 1, USUAL),
            (Some("0"), Some("0"), 1, 0),
            (Some("-5"), Some("-1"), 1, 0),
            (Some("7"), Some("100000"), 7, MOST),
        ] {
            assert_eq!(Page::parse(start, count, None, ""), Ok(Page { from: From::Index(from), count: most }));
        }
        assert_eq!(Page::parse(None, Some("x"), None, "").unwrap_err().kind, Some(ScimType::InvalidCount));
        assert_eq!(Page::parse(Some("x"), None, None, "").unwrap_err().kind, Some(ScimType::InvalidValue));
    }

    #[test]
    fn a_cursor_is_good_for_its_own_search_alone() {
        let cursor = encode("42", "filter a");
        let page = Page::parse(None, None, Some(&cursor), "filter a").unwrap();
        assert_eq!(page.from, From::Cursor(Some("42".to_owned())));
        for wrong in [&cursor, "!", "AA", &"A".repeat(10_000)] {
            let error = Page::parse(None, None, Some(wrong), "filter b").unwrap_err();
            assert_eq!(error.kind, Some(ScimType::InvalidCursor), "{wrong}");
        }
        assert_eq!(Page::parse(None, None, Some(""), "").unwrap().from, From::Cursor(None));
    }
}
