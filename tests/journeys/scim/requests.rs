//! Requests that no client should send: each is refused in SCIM's form or understood, and none is half done.

use std::collections::BTreeMap;

use provisioning_directory::config::TenantConfig;
use provisioning_directory::sync::scim::{
    GroupNames, MemberChange, WantedScimUser, change_group, create_group, create_user,
};
use provisioning_directory::{AuditFilter, DirectoryError, ReadTransaction, ScimKey, ScimPlatform, ScimSettings};
use serde_json::{Value as Json, json};

use super::{Platform, many_of};
use crate::support::journey;

/// Numbers that look random and are the same in every run (xorshift, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.next(from.len())]
    }

    fn json(&mut self, depth: usize) -> Json {
        match self.next(if depth == 0 { 7 } else { 9 }) {
            0 => Json::Null,
            1 => json!(true),
            2 => json!(-7),
            3 => json!(1e300),
            4 => json!("x\u{0}y"),
            5 => json!("a".repeat(self.next(40))),
            6 => json!({ "$ref": "../../other/Users/1" }),
            7 => (0..self.next(4)).map(|_| self.json(depth - 1)).collect::<Vec<_>>().into(),
            _ => {
                const NAMES: [&str; 12] = [
                    "userName",
                    "USERNAME",
                    "name",
                    "name.givenName",
                    "emails",
                    "value",
                    "active",
                    "members",
                    "id",
                    "externalId",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                    "displayName",
                ];
                let mut object = serde_json::Map::new();
                for _ in 0..self.next(5) {
                    object.insert((*self.pick(&NAMES)).to_owned(), self.json(depth - 1));
                }
                object.into()
            }
        }
    }

    fn filter(&mut self, depth: usize) -> String {
        const PARTS: [&str; 10] = [
            "userName eq \"a\"",
            "active gt true",
            "emails[type eq \"work\"]",
            "name eq 7",
            "x.y.z pr",
            "id eq",
            "\"",
            "(",
            "meta.created gt \"2020-01-01T00:00:00Z\"",
            "members[value[x pr]]",
        ];
        if depth == 0 {
            return (*self.pick(&PARTS)).to_owned();
        }
        match self.next(4) {
            0 => format!("({})", self.filter(depth - 1)),
            1 => format!("not ({})", self.filter(depth - 1)),
            2 => format!("{} and {}", self.filter(depth - 1), self.filter(depth - 1)),
            _ => format!("{} or {}", self.filter(depth - 1), self.filter(depth - 1)),
        }
    }

    fn operations(&mut self) -> Json {
        const PATHS: [&str; 12] = [
            "userName",
            "members",
            "members[value eq \"x\"]",
            "members[not (value pr)]",
            "emails[type eq \"work\"].value",
            "id",
            "name.givenName",
            "active",
            "unknown",
            "emails[",
            "urn:a:b:c",
            "",
        ];
        let count = *self.pick(&[0, 1, 1, 2, 3, 6000]);
        let one = json!({
            "op": self.pick(&["add", "Replace", "remove", "move"]), "path": self.pick(&PATHS), "value": self.json(2),
        });
        Json::Array(if count > 3 {
            vec![one; count]
        } else {
            (0..count).map(|_| {
            json!({ "op": self.pick(&["add", "replace", "remove"]), "path": self.pick(&PATHS), "value": self.json(3) })
        }).collect()
        })
    }
}

/// The id of a user and of a group of another tenant.
const OTHERS: &str = "another-tenants";

/// Another tenant's user and group, which are made by the first look: their versions, names and members.
fn others(platform: &Platform) -> String {
    let look = |view: &ReadTransaction<'_>| -> Result<String, DirectoryError> {
        let client = view.scim_client(&view.tenant("other")?, "platform")?;
        let user = view.scim_user(client.id, OTHERS)?;
        let group = view.scim_group_by(client.id, &ScimKey::Id(OTHERS.to_owned()))?;
        let members = group.as_ref().map(|group| view.scim_members(group)).transpose()?;
        Ok(format!("{user:?} {group:?} {members:?}"))
    };
    if platform.directory.read(|view| view.find_tenant("other")).unwrap().is_none() {
        platform.kept.write(|change| -> Result<(), DirectoryError> {
            let tenant = change.add_tenant("other", &TenantConfig::default())?;
            let client = change.add_scim_client(&tenant, "platform", ScimPlatform::Other, &ScimSettings::default())?;
            let (attributes, document) = (BTreeMap::new(), serde_json::Map::new());
            let wanted = WantedScimUser {
                external_id: None,
                username: "bob@other.example",
                active: true,
                attributes: &attributes,
                document: &document,
                grants: None,
                password: None,
            };
            create_user(change, &client, &tenant, OTHERS, &wanted)?;
            let names = GroupNames { external_id: None, display_name: "Others" };
            let group = create_group(change, &client, OTHERS, &names)?;
            let members = [MemberChange::Add(vec![(OTHERS.to_owned(), None)])];
            change_group(change, &client, &tenant, &group, &names, &members).map(drop)
        });
    }
    platform.kept.read(look)
}

#[test]
fn requests_that_nobody_should_send_are_refused_in_scims_form_and_never_half_done() {
    let count = many_of("PROVISIONING_SCIM_REQUESTS", 600, 10_000);
    journey(async move {
        let platform = Platform::new(330, |config| config.to_app.push_new_users = false).await;
        let mut numbers = Numbers(0x5eed_1234_9876_abcd);
        let before_all = others(&platform);
        let mut ids = vec![OTHERS.to_owned(), "unknown".to_owned(), "..%2f..".to_owned(), "%00".to_owned()];
        let newest = || {
            let filter = AuditFilter { limit: Some(1), ..AuditFilter::default() };
            platform.directory.read(|view| view.audit(&filter)).unwrap().first().map(|row| row.id)
        };
        let (mut refused, mut done) = (0, 0);
        for number in 0..count {
            let id = numbers.pick(&ids).clone();
            let kind = *numbers.pick(&["Users", "Groups"]);
            let deep = || format!("{}{}", "[".repeat(2000), "]".repeat(2000));
            let (method, path, body) = match numbers.next(15) {
                0 => ("GET", format!("/{kind}?filter={}", percent(&numbers.filter(4))), None),
                1 => ("GET", format!("/{kind}?filter={}", percent(&"(".repeat(300))), None),
                2 => ("GET", format!("/{kind}?startIndex={}&count={}&sortBy=emails.x.y&cursor=%ff", numbers.json(0), numbers.next(9)), None),
                3 => ("POST", format!("/{kind}"), Some(numbers.json(4).to_string())),
                4 => ("POST", format!("/{kind}"), Some(deep())),
                5 => ("PUT", format!("/{kind}/{id}"), Some(numbers.json(4).to_string())),
                6 | 7 => ("PATCH", format!("/{kind}/{id}"), Some(json!({ "Operations": numbers.operations() }).to_string())),
                8 => ("POST", "/Bulk".to_owned(), Some(json!({ "failOnErrors": 1, "Operations": [{ "method": "POST", "path": format!("/{kind}"), "bulkId": "b", "data": numbers.json(3) }, { "method": "DELETE", "path": "/Users/bulkId:nobody" }] }).to_string())),
                9 => ("POST", format!("/{kind}"), Some(json!({ "userName": format!("u{number}"), "displayName": format!("g{number}"), "members": [{ "value": id }, { "value": id }], "active": "False" }).to_string())),
                10 => ("POST", format!("/{kind}"), Some(format!("{{\"userName\":\"d{number}\",\"userName\":\"e{number}\",\"displayName\":[1,{{}}]}}"))),
                11 => ("DELETE", format!("/{kind}/{id}"), None),
                12 => ("POST", "/.search".to_owned(), Some(json!({ "filter": numbers.filter(3), "count": numbers.json(0) }).to_string())),
                // One that is longer than a body may be now and then, and many that are not.
                13 => ("POST", format!("/{kind}"), Some(json!({ "userName": "l".repeat(if number % 20 == 0 { 5 << 20 } else { numbers.next(40_000) }), "displayName": "l".repeat(20_000) }).to_string())),
                _ => (*numbers.pick(&["GET", "POST", "PUT"]), format!("/{}", numbers.pick(&["Me", "Schemas/x", "Nothing", "Entitlements/x", "Users/a/b", ""])), Some("{".to_owned())),
            };
            let before = newest();
            let (status, answer) = platform.send_text(method, &path, body.clone()).await;
            let shown = || {
                format!(
                    "{method} {path} {} → {status} {answer}",
                    body.as_deref().unwrap_or_default().chars().take(300).collect::<String>()
                )
            };
            if status >= 400 {
                refused += 1;
                assert!(status != 500, "{}", shown());
                assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", shown());
                assert_eq!(answer["status"], json!(status.to_string()), "{}", shown());
                assert!(answer["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{}", shown());
                assert_eq!(newest(), before, "something was done: {}", shown());
            } else {
                done += 1;
                assert!(!path.contains(OTHERS), "it reaches what is another tenant's: {}", shown());
                if let Some(id) = answer["id"].as_str()
                    && ids.len() < 40
                {
                    ids.push(id.to_owned());
                }
            }
        }
        assert_eq!(others(&platform), before_all, "another tenant's user was changed");
        assert!(refused > count / 3 && done > count / 10, "{refused} refused, {done} done");
        let (status, all) = platform.send("GET", "/Users?count=1000", None).await;
        assert_eq!(status, 200);
        let names: Vec<&str> =
            all["Resources"].as_array().unwrap().iter().map(|one| one["userName"].as_str().unwrap()).collect();
        let mut distinct: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len());
        println!("{count} requests: {refused} refused, {done} done");
    });
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}
