//! What a request says beside its path: parameters, preferences and conditions.

use std::time::Duration;

use serde_json::Value as Json;

use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::filter::{self, Filter};
use crate::protocol::order::Order;
use crate::protocol::page::Page;
use crate::protocol::projection::Projection;
use crate::protocol::version;

/// The longest wait that a request may ask for.
const LONGEST_WAIT: u64 = 60;

/// Parameters of a search, from an address or a body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) filter: Option<String>,
    pub(crate) sort_by: Option<String>,
    pub(crate) sort_order: Option<String>,
    pub(crate) attributes: Option<String>,
    pub(crate) excluded: Option<String>,
    pub(crate) start: Option<String>,
    pub(crate) count: Option<String>,
    pub(crate) cursor: Option<String>,
}

/// A search, ready.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) filter: Option<Filter>,
    pub(crate) order: Option<Order>,
    pub(crate) page: Page,
    pub(crate) projection: Projection,
    /// What a cursor is good for.
    pub(crate) mark: String,
}

impl Query {
    fn put(&mut self, name: &str, value: String) {
        let place = match name.to_ascii_lowercase().as_str() {
            "filter" => &mut self.filter,
            "sortby" => &mut self.sort_by,
            "sortorder" => &mut self.sort_order,
            "attributes" => &mut self.attributes,
            "excludedattributes" => &mut self.excluded,
            "startindex" => &mut self.start,
            "count" => &mut self.count,
            "cursor" => &mut self.cursor,
            _ => return,
        };
        *place = Some(value);
    }

    /// From the query of an address.
    pub(crate) fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            query.put(&name, value);
        }
        query
    }

    /// From the body of a `.search` (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// `invalidSyntax` if it is no object.
    pub(crate) fn of_body(body: &Json) -> Result<Self, ScimError> {
        let object = body.as_object().ok_or_else(|| {
            ScimError::bad(ScimType::InvalidSyntax, "the body isn't a JSON object; send a search request")
        })?;
        let mut query = Self::default();
        for (name, value) in object {
            let text = match value {
                Json::String(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                Json::Array(values) => values.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(","),
                _ => continue,
            };
            query.put(name, text);
        }
        Ok(query)
    }

    pub(crate) fn projection(&self) -> Projection {
        Projection::parse(self.attributes.as_deref(), self.excluded.as_deref())
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// `invalidFilter`, `invalidCount`, `invalidCursor` or `invalidValue`.
    pub(crate) fn search(&self) -> Result<Search, ScimError> {
        let filter = self.filter.as_deref().filter(|text| !text.trim().is_empty());
        let mark = format!(
            "{}\n{}\n{}",
            filter.unwrap_or_default(),
            self.sort_by.as_deref().unwrap_or_default(),
            self.sort_order.as_deref().unwrap_or_default()
        );
        Ok(Search {
            filter: filter.map(filter::parse).transpose()?,
            order: Order::parse(self.sort_by.as_deref(), self.sort_order.as_deref()),
            page: Page::parse(self.start.as_deref(), self.count.as_deref(), self.cursor.as_deref(), &mark)?,
            projection: self.projection(),
            mark,
        })
    }
}

/// Conditions and preferences, from the headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) prefer: Option<String>,
}

impl Conditions {
    /// Refuses a change of a version that the client hasn't seen.
    ///
    /// # Errors
    /// 412.
    pub(crate) fn check(&self, current: i64) -> Result<(), ScimError> {
        match &self.if_match {
            Some(list) if !version::is_in(list, current) => Err(ScimError::new(
                412,
                format!(
                    "the resource is at version {} and has changed since the client read it; read it again",
                    version::tag(current)
                ),
            )),
            _ => Ok(()),
        }
    }

    /// How long the answer may wait for the application (RFC 7240 §4.3).
    pub(crate) fn wait(&self, usual: Duration) -> Duration {
        let wanted = self.prefer.as_deref().into_iter().flat_map(|prefer| prefer.split([',', ';'])).find_map(|one| {
            let (name, value) = one.split_once('=')?;
            name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"').parse::<u64>().ok())?
        });
        wanted.map_or(usual, |seconds| Duration::from_secs(seconds.min(LONGEST_WAIT)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wait_is_taken_from_the_preferences_and_bounded() {
        let wait = |prefer: &str| {
            let conditions = Conditions { prefer: Some(prefer.to_owned()), ..Conditions::default() };
            conditions.wait(Duration::from_secs(8)).as_secs()
        };
        for (prefer, seconds) in
            [("wait=2", 2), ("return=representation, Wait=\"0\"", 0), ("wait=9999", 60), ("wait=x", 8), ("", 8)]
        {
            assert_eq!(wait(prefer), seconds, "{prefer}");
        }
    }

    #[test]
    fn a_search_is_the_same_from_an_address_and_from_a_body() {
        let pairs =
            [("filter", "a pr"), ("sortBy", "userName"), ("count", "7"), ("attributes", "id,userName"), ("x", "y")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let one = Query::of_pairs(pairs).search().unwrap();
        let body = json!({ "filter": "a pr", "sortBy": "userName", "count": 7, "attributes": ["id", "userName"], "schemas": [] });
        let other = Query::of_body(&body).unwrap().search().unwrap();
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
}
