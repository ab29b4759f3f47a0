//! API versions: which there are, and which are gone.

use serde_json::{Map, Value, json};

use super::{Context, Request, Response};

/// The oldest version that still answers; v21–30 were retired in Summer '25 (H).
pub(crate) const OLDEST: u32 = 31;
/// The newest version the emulator knows.
pub(crate) const NEWEST: u32 = 67;

/// A version of the API, `64` for `v64.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32);

impl Version {
    /// Reads `64.0`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix(".0")?;
        (number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0'))
            .then(|| number.parse().ok().map(Self))
            .flatten()
    }

    /// Whether it is neither retired nor unknown.
    pub(crate) fn is_served(self) -> bool {
        (OLDEST..=NEWEST).contains(&self.0)
    }

    /// `64.0`.
    pub(crate) fn number(self) -> String {
        format!("{}.0", self.0)
    }

    /// `/services/data/v64.0`.
    pub(crate) fn base(self) -> String {
        format!("/services/data/v{}.0", self.0)
    }
}

/// The list at `/services/data/`, oldest first.
pub(crate) fn list() -> Value {
    let seasons = ["Spring", "Summer", "Winter"];
    let versions: Vec<Value> = (OLDEST..=NEWEST)
        .map(|version| {
            // Three releases a year; version 31 was Summer '14.
            let since = version - OLDEST + 1;
            let season = seasons[usize::try_from(since % 3).unwrap_or(0)];
            let year = 14 + since / 3 + u32::from(since % 3 == 2);
            // One label has another apostrophe (H).
            let apostrophe = if version == 42 { '’' } else { '\'' };
            json!({
                "label": format!("{season} {apostrophe}{year}"),
                "url": Version(version).base(),
                "version": Version(version).number(),
            })
        })
        .collect();
    Value::Array(versions)
}

/// The resources of a version: those that are built, and the address of who asks.
pub(super) fn resources(context: &Context<'_>, request: &Request) -> Response {
    let base = context.version.base();
    let names = ["composite", "jobs", "limits", "query", "queryAll", "sobjects"];
    let mut map: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(format!("{base}/{name}")))).collect();
    let host = request.header("host").unwrap_or("localhost");
    let (organization, user) = (&context.actor.org.facts.organization_id, context.actor.user_id);
    map.insert("identity".to_owned(), json!(format!("http://{host}/id/{organization}/{user}")));
    Response::json(200, &map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_strictly() {
        assert_eq!(Version::parse("64.0"), Some(Version(64)));
        for wrong in ["64", "v64.0", "64.1", "064.0", ".0", "x.0", ""] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn releases_have_their_seasons() {
        let list = list();
        let label = |version: &str| {
            list.as_array().unwrap().iter().find(|entry| entry["version"] == version).unwrap()["label"].clone()
        };
        assert_eq!(label("31.0"), "Summer '14");
        assert_eq!(label("32.0"), "Winter '15");
        assert_eq!(label("33.0"), "Spring '15");
        assert_eq!(label("42.0"), "Spring ’18");
        assert_eq!(label("64.0"), "Summer '25");
    }
}
