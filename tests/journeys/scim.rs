//! A platform brings people by SCIM, over HTTP, through the real component into an organization.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use host_harness::embedded;
use provisioning_directory::config::TenantConfig;
use provisioning_directory::sync::ComponentApplications;
use provisioning_directory::sync::intents::edit_tenant;
use provisioning_directory::sync::scim::map_group;
use provisioning_directory::{
    Actor, Directory, DirectoryError, FailureKind, GrantName, ScimClient, ScimKey, ScimPlatform, ScimSettings,
    TaskFilter, TaskKind,
};
use provisioning_scim::Scim;
use salesforce_emulator::{Effect, ErrorBody, Fault, When};
use serde_json::{Value as Json, json};

use crate::kept::Kept;
use crate::support::{host, journey};

mod many;
mod requests;

/// The profile of customers, and one of another licence.
const CUSTOMER: &str = "Customer Community User";
const PLUS: &str = "Customer Community Plus User";

fn applications() -> Arc<ComponentApplications> {
    static APPLICATIONS: OnceLock<Arc<ComponentApplications>> = OnceLock::new();
    let new = || Arc::new(ComponentApplications::new(host().0.clone(), embedded::CONNECTOR, "."));
    Arc::clone(APPLICATIONS.get_or_init(new))
}

/// How many of something a journey has: what a variable says, as many as a real installation if `PROVISIONING_SOAK` is set, or a few.
fn many_of(variable: &str, few: usize, soak: usize) -> usize {
    let usual = if std::env::var_os("PROVISIONING_SOAK").is_some() { soak } else { few };
    std::env::var(variable).map_or(usual, |count| count.parse().unwrap())
}

/// A tenant in step with an org, and a platform that brings its people.
pub(crate) struct Platform {
    pub(crate) kept: Kept,
    pub(crate) directory: Directory,
    pub(crate) client: ScimClient,
    token: String,
    base: String,
    http: reqwest::Client,
}

impl Platform {
    pub(crate) async fn new(seed: u64, settings: impl FnOnce(&mut TenantConfig)) -> Self {
        let kept = Kept::new(0, seed, settings).await;
        let directory = kept.directory().clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let scim = Scim::new(directory.clone(), applications(), None);
        tokio::spawn(async move {
            axum::serve(listener, scim.router()).await.unwrap();
            drop(scim);
        });
        let tenant = kept.tenant();
        // Much is asked within a second here, and what is asked may wait for a machine that is busy.
        let settings = ScimSettings { rate: 100_000, wait_seconds: 50, ..ScimSettings::default() };
        let (client, token) = kept.write(|change| {
            let client = change.add_scim_client(&tenant, "platform", ScimPlatform::Other, &settings)?;
            let token = change.add_scim_token(&tenant, &client, None)?;
            Ok((client, token.expose().to_owned()))
        });
        // Whoever comes first installs the process-wide provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { kept, directory, client, token, base, http }
    }

    /// The status of an answer, and its body; null if it is empty.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Json>) -> (u16, Json) {
        self.send_text(method, path, body.map(Json::to_string)).await
    }

    pub(crate) async fn send_text(&self, method: &str, path: &str, body: Option<String>) -> (u16, Json) {
        let url = format!("{}/scim/v2/acme{path}", self.base);
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json").body(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Json::Null } else { serde_json::from_str(&text).unwrap() })
    }

    async fn create(&self, name: &str) -> (u16, Json) {
        self.send("POST", "/Users", Some(&person(name))).await
    }

    /// A group of these users, which gives a profile.
    async fn group(&self, name: &str, members: &[&str], profile: &str, priority: i64) -> String {
        let members: Vec<Json> = members.iter().map(|id| json!({ "value": id })).collect();
        let (status, group) =
            self.send("POST", "/Groups", Some(&json!({ "displayName": name, "members": members }))).await;
        assert_eq!(status, 201, "{group}");
        let id = group["id"].as_str().unwrap().to_owned();
        let group = self.directory.read(|view| view.scim_group_by(self.client.id, &ScimKey::Id(id.clone()))).unwrap();
        let grants = [GrantName { kind: "profile".to_owned(), name: profile.to_owned() }];
        let (actor, tenant) = (Actor::new("admin"), self.kept.tenant());
        map_group(&self.directory, &actor, &self.client, &tenant, &group.unwrap(), &grants, priority).unwrap();
        id
    }

    fn users(&self, condition: &str) -> Vec<Json> {
        self.kept
            .org
            .query(&format!("SELECT Id, Username, IsActive, Profile.Name, Contact.Name FROM User WHERE {condition}"))
    }
}

fn person(name: &str) -> Json {
    let email = format!("{}@new.example", name.to_lowercase());
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": email,
        "externalId": format!("E-{name}"),
        "name": { "givenName": name, "familyName": "Tester" },
        "emails": [{ "value": email, "primary": true, "type": "work" }],
        "entitlements": [{ "type": "profile", "value": CUSTOMER }],
        "active": true,
    })
}

fn id(user: &Json) -> &str {
    user["id"].as_str().unwrap_or_else(|| panic!("no id: {user}"))
}

fn provisioning(user: &Json) -> &Json {
    let extension = user.as_object().unwrap().iter().find(|(key, _)| key.contains(":extension:salesforce"));
    &extension.unwrap_or_else(|| panic!("no extension: {user}")).1["provisioning"]
}

#[test]
fn a_created_user_is_a_contact_and_a_user_with_the_profile_of_its_group() {
    journey(async {
        let platform = Platform::new(301, |_| {}).await;
        let group = platform.group("Customers", &[], CUSTOMER, 100).await;
        let (status, made) = platform.create("Ada").await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(provisioning(&made)["state"], "done", "{made}");
        let found = platform.users("Username = 'ada@new.example'");
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&found[0]["Profile"]["Name"], &found[0]["Contact"]["Name"]),
            (&json!(CUSTOMER), &json!("Ada Tester"))
        );
        assert_eq!(provisioning(&made)["user"], found[0]["Id"]);

        // Its own entitlement goes, and the group's takes its place; then another group's.
        let operations =
            json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id(&made) }] }] });
        assert_eq!(platform.send("PATCH", &format!("/Groups/{group}"), Some(&operations)).await.0, 200);
        let operations = json!({ "Operations": [{ "op": "remove", "path": "entitlements" }] });
        let (status, patched) = platform.send("PATCH", &format!("/Users/{}", id(&made)), Some(&operations)).await;
        assert_eq!(status, 200, "{patched}");
        assert_eq!(patched["groups"][0]["display"], "Customers", "{patched}");
        let other = platform.group("Partners", &[], PLUS, 10).await;
        let operations =
            json!({ "Operations": [{ "op": "Add", "path": "members", "value": [{ "value": id(&made) }] }] });
        assert_eq!(platform.send("PATCH", &format!("/Groups/{other}"), Some(&operations)).await.0, 200);
        let profile = || platform.users("Username = 'ada@new.example'")[0]["Profile"]["Name"].clone();
        assert_eq!(profile(), PLUS);
        let tasks = platform.kept.read(|view| view.tasks(&TaskFilter::default()));
        assert_eq!(tasks.iter().map(|task| task.kind).collect::<Vec<_>>(), [TaskKind::Grants], "{tasks:?}");
        let operations =
            json!({ "Operations": [{ "op": "remove", "path": format!("members[value eq \"{}\"]", id(&made)) }] });
        assert_eq!(platform.send("PATCH", &format!("/Groups/{other}"), Some(&operations)).await.0, 200);
        let tasks = platform.kept.read(|view| view.tasks(&TaskFilter::default()));
        // The groups agree again. That Salesforce does not take a licence back so is told by the user's own task, and not to the group.
        let told: Vec<_> = tasks.iter().map(|task| (task.kind, task.error_kind.clone())).collect();
        assert_eq!(told, [(TaskKind::Push, Some(FailureKind::IncompatibleGrants))], "{tasks:?}");
        assert_eq!(profile(), PLUS);
    });
}

// Platforms create users first and say of which groups they are afterwards. A user without a profile was refused and undone, so that
// no group could ever have it.
#[test]
fn a_user_that_comes_before_its_group_waits_for_the_profile_that_the_group_gives() {
    journey(async {
        let platform = Platform::new(312, |_| {}).await;
        let group = platform.group("Customers", &[], CUSTOMER, 100).await;
        let mut ada = person("Ada");
        ada.as_object_mut().unwrap().remove("entitlements");
        let (status, made) = platform.send("POST", "/Users", Some(&ada)).await;
        assert_eq!(status, 201, "{made}");
        let told = provisioning(&made);
        assert_eq!((&told["state"], &told["kind"]), (&json!("failed"), &json!("missing-grant")), "{made}");
        assert!(told["cause"].as_str().unwrap().contains("without a profile") && told["remedy"].is_string(), "{made}");
        assert!(platform.users("Username = 'ada@new.example'").is_empty());
        // What else a platform changes meanwhile is accepted, too.
        let path = format!("/Users/{}", id(&made));
        let operations = json!({ "Operations": [{ "op": "replace", "path": "title", "value": "Countess" }] });
        let (status, patched) = platform.send("PATCH", &path, Some(&operations)).await;
        assert_eq!((status, &provisioning(&patched)["state"]), (200, &json!("failed")), "{patched}");

        let operations =
            json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id(&made) }] }] });
        assert_eq!(platform.send("PATCH", &format!("/Groups/{group}"), Some(&operations)).await.0, 200);
        let (_, done) = platform.send("GET", &path, None).await;
        assert_eq!(provisioning(&done)["state"], "done", "{done}");
        let found = platform.users("Username = 'ada@new.example'");
        assert_eq!((found.len(), &found[0]["Profile"]["Name"]), (1, &json!(CUSTOMER)));

        // What is missing beside it is the client's to send.
        let mut nameless = person("Bob");
        nameless.as_object_mut().unwrap().remove("entitlements");
        nameless["name"] = json!({ "givenName": "Bob" });
        let (status, refused) = platform.send("POST", "/Users", Some(&nameless)).await;
        assert_eq!((status, &refused["scimType"]), (400, &json!("invalidValue")), "{refused}");
        assert_eq!(platform.send("GET", "/Users", None).await.1["totalResults"], 1, "that creation is undone");
    });
}

#[test]
fn every_form_of_deactivation_deactivates() {
    journey(async {
        let platform = Platform::new(302, |_| {}).await;
        let whole = |active: Json| {
            let mut user = person("Ada");
            user["active"] = active;
            user
        };
        let (status, made) = platform.create("Ada").await;
        assert_eq!(status, 201, "{made}");
        let path = format!("/Users/{}", id(&made));
        let is_active = || platform.users("Username LIKE '%ada@new.example'")[0]["IsActive"] == true;
        for (form, method, body) in [
            ("Okta's", "PATCH", json!({ "Operations": [{ "op": "replace", "value": { "active": false } }] })),
            ("Entra's", "PATCH", json!({ "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] })),
            ("by PUT", "PUT", whole(json!(false))),
            ("by PUT with a text", "PUT", whole(json!("False"))),
        ] {
            let (status, answer) = platform.send(method, &path, Some(&body)).await;
            assert_eq!((status, &answer["active"]), (200, &json!(false)), "{form}: {answer}");
            assert!(!is_active(), "{form}");
            // Who is out of use stays visible.
            assert_eq!(platform.send("GET", &path, None).await.1["active"], false);
            let (status, back) = platform.send("PUT", &path, Some(&whole(json!(true)))).await;
            assert_eq!(status, 200, "{form}: {back}");
            assert!(is_active(), "{form}: {back}");
        }
        // Whatever the application says to it, it is accepted, and the answer says how it stands.
        platform.kept.org.emulator.inject(
            Fault::new(Effect::ServerError { status: 503, body: ErrorBody::Json, when: When::BeforeWork }).times(1000),
        );
        let body = json!({ "Operations": [{ "op": "replace", "path": "active", "value": false }] });
        let (status, answer) = platform.send("PATCH", &path, Some(&body)).await;
        assert_eq!((status, &answer["active"]), (200, &json!(false)), "{answer}");
        assert_eq!(provisioning(&answer)["state"], "pending", "{answer}");
        platform.kept.org.emulator.clear_faults();
        let (status, _) = platform.send("DELETE", &path, None).await;
        assert_eq!(status, 204);
        assert!(!is_active());
        assert_eq!(platform.send("GET", &path, None).await.0, 404);
        assert_eq!(platform.send("DELETE", &path, None).await.0, 404);
    });
}

#[test]
fn a_deleted_user_can_come_back_and_its_name_is_free_for_somebody_else() {
    journey(async {
        let platform = Platform::new(303, |_| {}).await;
        let (_, first) = platform.create("Ada").await;
        assert_eq!(platform.send("DELETE", &format!("/Users/{}", id(&first)), None).await.0, 204);
        let (status, again) = platform.create("Ada").await;
        assert_eq!(status, 201, "{again}");
        assert_ne!(id(&first), id(&again));
        assert_eq!(
            provisioning(&first)["user"],
            provisioning(&again)["user"],
            "the same two names are the same person"
        );
        assert_eq!(platform.send("DELETE", &format!("/Users/{}", id(&again)), None).await.0, 204);
        // Somebody else of that name and another address gets a user of their own.
        let mut other = person("Ada");
        other["externalId"] = json!("E-Other");
        other["emails"] = json!([{ "value": "another.ada@new.example" }]);
        let (status, other) = platform.send("POST", "/Users", Some(&other)).await;
        assert_eq!(status, 201, "{other}");
        assert_ne!(provisioning(&first)["user"], provisioning(&other)["user"], "nobody gets the user of who left");
    });
}

#[test]
fn what_the_application_refuses_arrives_with_its_remedy() {
    journey(async {
        let platform = Platform::new(304, |_| {}).await;
        let refused = |what: &'static str, change: Json| {
            let mut user = person("Ada");
            user.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let platform = &platform;
            async move {
                let (status, answer) = platform.send("POST", "/Users", Some(&user)).await;
                (what, status, answer)
            }
        };
        let taken = platform.users("IsActive = true")[0]["Username"].as_str().unwrap().to_owned();
        for (what, status, answer) in [
            refused("a name that somebody has", json!({ "userName": taken })).await,
            refused(
                "a profile that isn't there",
                json!({ "entitlements": [{ "type": "profile", "value": "None such" }] }),
            )
            .await,
            refused("a last name that is missing", json!({ "name": { "givenName": "Ada" } })).await,
            refused("an address that is none", json!({ "emails": [{ "value": "nowhere" }] })).await,
        ] {
            let expected = if what == "a name that somebody has" { (409, "uniqueness") } else { (400, "invalidValue") };
            assert_eq!((status, answer["scimType"].as_str().unwrap_or_default()), expected, "{what}: {answer}");
            let detail = answer["detail"].as_str().unwrap();
            assert!(detail.matches(". ").count() >= 1, "{what} has no remedy: {detail}");
        }
        platform.kept.org.emulator.set_licence_seats("Customer Community", 0).unwrap();
        let (_, status, answer) = refused("a licence without seats", json!({})).await;
        assert_eq!(status, 503, "{answer}");
        // Credentials of the application are no affair of the platform's token.
        let tenant = platform.kept.tenant();
        let wrong = provisioning_runtime::Secret::new("wrong".to_owned());
        platform.kept.write(|change| change.set_secret(&tenant, "password", Some(&wrong)));
        let (_, status, answer) = refused("credentials that are wrong", json!({})).await;
        assert_eq!(status, 503, "{answer}");
        assert_eq!(platform.send("GET", "/Users", None).await.1["totalResults"], 0, "nothing of it is left");
    });
}

#[test]
fn each_of_the_four_errors_of_grants_that_do_not_fit_the_licence_arrives_with_its_remedy() {
    journey(async {
        let platform = Platform::new(309, |_| {}).await;
        let of = |profile: &str, kind: &str, value: &str| {
            let mut user = person("Misfit");
            user["entitlements"] = json!([{ "type": "profile", "value": profile }, { "type": kind, "value": value }]);
            user
        };
        let (_, roles) = platform.send("GET", "/Entitlements/role?count=1", None).await;
        let role = roles["Resources"][0]["displayName"].as_str().unwrap_or_else(|| panic!("{roles}")).to_owned();
        let check = |what: &str, words: &str, (status, answer): (u16, Json)| {
            assert_eq!((status, &answer["scimType"]), (400, &json!("invalidValue")), "{what}: {answer}");
            let detail = answer["detail"].as_str().unwrap();
            assert!(detail.contains(words) && detail.contains("Setup >"), "{what}: {detail}");
        };
        for (what, user, words) in [
            (
                "a feature licence",
                of(CUSTOMER, "feature-license", "UserPermissionsLiveAgentUser"),
                "UserPermissionsLiveAgentUser is not allowed",
            ),
            ("a role", of(CUSTOMER, "role", &role), "users of the licence Customer Community have no roles"),
            (
                "a permission set",
                of(CUSTOMER, "permission-set", "Manage Campaigns"),
                "ermission set Manage Campaigns is made for another user licence",
            ),
        ] {
            check(what, words, platform.send("POST", "/Users", Some(&user)).await);
            let (users, contacts) = ("Username = 'misfit@new.example'", "Contact WHERE Email = 'misfit@new.example'");
            assert_eq!((platform.users(users).len(), platform.kept.org.count(contacts)), (0, 0), "{what}");
            assert_eq!(
                platform.send("GET", "/Users", None).await.1["totalResults"],
                0,
                "{what}: the creation is undone"
            );
        }
        let mut user = person("Misfit");
        user["entitlements"] = json!([{ "type": "profile", "value": "Partner Community User" }]);
        let (status, made) = platform.send("POST", "/Users", Some(&user)).await;
        assert_eq!((status, &provisioning(&made)["state"]), (201, &json!("done")), "{made}");
        user["entitlements"][0]["value"] = json!(CUSTOMER);
        let path = format!("/Users/{}", id(&made));
        let words = "rofile Customer Community User belongs to another licence";
        check("a profile", words, platform.send("PUT", &path, Some(&user)).await);
        // The wish stays, and says why it isn't fulfilled.
        let (_, kept) = platform.send("GET", &path, None).await;
        let told = provisioning(&kept);
        assert_eq!((&told["state"], &told["kind"]), (&json!("failed"), &json!("incompatible-grants")), "{kept}");
        assert!(told["cause"].is_string() && told["remedy"].is_string() && told["task"].is_string(), "{kept}");
    });
}

// Okta sends `en-US` with every user. No organization has that among its locales, so nobody was created.
#[test]
fn tags_and_codes_that_platforms_send_are_what_the_organization_has_for_them() {
    journey(async {
        let platform = Platform::new(311, |_| {}).await;
        platform.kept.org.emulator.set_switches(|switches| switches.state_and_country_picklists = true);
        let mut user = person("Ada");
        user.as_object_mut().unwrap().extend(
            json!({
                "locale": "en-US", "preferredLanguage": "tlh, de-AT;q=0.9, en;q=0.5", "timezone": "america/los_angeles",
                "addresses": [{ "type": "work", "country": "US", "region": "CA", "locality": "San Francisco" }],
            })
            .as_object()
            .unwrap()
            .clone(),
        );
        let (status, made) = platform.send("POST", "/Users", Some(&user)).await;
        assert_eq!((status, &provisioning(&made)["state"]), (201, &json!("done")), "{made}");
        assert_eq!(made["locale"], "en-US", "the client sees what it has sent");
        let fields = "LocaleSidKey, LanguageLocaleKey, TimeZoneSidKey, CountryCode, StateCode";
        let of = || {
            let found =
                platform.kept.org.query(&format!("SELECT {fields} FROM User WHERE Username = 'ada@new.example'"));
            fields.split(", ").map(|name| found[0][name].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of(), ["en_US", "de", "America/Los_Angeles", "US", "CA"]);
        // Every user has these three, so one that is no longer sent, or that the organization doesn't have, stays.
        for (locale, language) in [(json!(null), json!("tlh")), (json!("en-US"), json!(null))] {
            (user["locale"], user["preferredLanguage"]) = (locale, language);
            let (status, put) = platform.send("PUT", &format!("/Users/{}", id(&made)), Some(&user)).await;
            assert_eq!((status, &provisioning(&put)["state"]), (200, &json!("done")), "{put}");
            assert_eq!(of()[..2], ["en_US", "de"]);
        }
        user["locale"] = json!("xx-YY");
        let (status, refused) = platform.send("PUT", &format!("/Users/{}", id(&made)), Some(&user)).await;
        assert_eq!((status, &refused["scimType"]), (400, &json!("invalidValue")), "{refused}");
    });
}

#[test]
fn a_password_is_set_while_that_is_on_and_is_nowhere_else() {
    journey(async {
        let platform = Platform::new(305, |_| {}).await;
        let mut ada = person("Ada");
        ada["password"] = json!("Correct-Horse-7");
        let (status, made) = platform.send("POST", "/Users", Some(&ada)).await;
        assert_eq!(status, 201, "{made}");
        assert!(!made.to_string().contains("Correct-Horse"), "{made}");
        assert!(platform.kept.org.emulator.check_password("ada@new.example", "Correct-Horse-7"));
        let trail = platform.kept.read(|view| view.audit(&provisioning_directory::AuditFilter::default()));
        assert!(!serde_json::to_string(&trail).unwrap().contains("Correct-Horse"));
        assert!(trail.iter().any(|row| row.actor == "scim:platform"));
    });
}

#[test]
fn what_takes_longer_than_the_wait_is_answered_with_how_it_stands() {
    journey(async {
        let platform = Platform::new(306, |config| config.to_app.approval = true).await;
        let (status, made) = platform.create("Ada").await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(provisioning(&made)["state"], "pending", "{made}");
        assert!(provisioning(&made)["task"].is_string(), "{made}");
        assert!(made["meta"]["location"].as_str().unwrap().ends_with(id(&made)));
    });
}

#[test]
fn creations_of_many_connections_share_calls_and_each_has_its_real_answer() {
    let users = many_of("PROVISIONING_SCIM_USERS", 120, 5_000);
    let connections = if users >= 1_000 { 200 } else { 40 };
    journey(async move {
        let platform = Arc::new(Platform::new(307, |_| {}).await);
        platform.kept.org.emulator.set_licence_seats("Customer Community", 1_000_000).unwrap();
        platform.kept.org.emulator.set_switches(|switches| switches.latency_milliseconds = 50);
        let before = platform.kept.org.emulator.journal_total();
        let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let began = Instant::now();
        let workers: Vec<_> = (0..connections)
            .map(|_| {
                let (platform, next) = (Arc::clone(&platform), Arc::clone(&next));
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    loop {
                        let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        if number >= users {
                            return times;
                        }
                        let began = Instant::now();
                        let (status, made) = platform.create(&format!("Many{number}")).await;
                        assert_eq!((status, &provisioning(&made)["state"]), (201, &json!("done")), "{made}");
                        times.push(began.elapsed());
                    }
                })
            })
            .collect();
        let mut times = Vec::new();
        for worker in workers {
            times.extend(worker.await.unwrap());
        }
        times.sort();
        let calls = usize::try_from(platform.kept.org.emulator.journal_total() - before).unwrap();
        let at = |share: usize| times[(times.len() - 1) * share / 100].as_millis();
        println!(
            "{users} creates by {connections} connections in {:.1} s: median {} ms, p99 {} ms, {calls} calls of Salesforce",
            began.elapsed().as_secs_f64(),
            at(50),
            at(99)
        );
        assert_eq!(platform.users("Username LIKE 'many%'").len(), users);
        // A small run has few batches, each with its sign-in and its look-ups.
        assert!(calls * 10 <= users * if users >= 1000 { 1 } else { 5 }, "{calls} calls for {users} users");
    });
}

#[test]
fn operations_of_a_bulk_request_share_a_push_whatever_becomes_of_each() {
    journey(async {
        let platform = Platform::new(310, |_| {}).await;
        platform.kept.org.emulator.set_licence_seats("Customer Community", 1_000).unwrap();
        let bulk = |people: Vec<Json>| {
            let operation = |(at, data): (usize, Json)| json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{at}"), "data": data });
            let operations: Vec<Json> = people.into_iter().enumerate().map(operation).collect();
            json!({ "Operations": operations })
        };
        let calls = || platform.kept.org.emulator.journal_total();
        platform.create("Warm").await;
        let mut people: Vec<Json> = (0..40).map(|number| person(&format!("Bulk{number}"))).collect();
        people[7]["emails"] = json!([{ "value": "nowhere" }]);
        people[8]["entitlements"] = json!([{ "type": "profile", "value": "None such" }]);
        let before = calls();
        let (status, answer) = platform.send("POST", "/Bulk", Some(&bulk(people))).await;
        assert_eq!(status, 200, "{answer}");
        let of: Vec<&str> =
            answer["Operations"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
        let refused: Vec<usize> = (0..of.len()).filter(|at| of[*at] != "201").collect();
        assert_eq!((of.len(), refused), (40, vec![7, 8]), "{answer}");
        assert_eq!(platform.users("Username LIKE 'bulk%'").len(), 38);
        let created = calls() - before;

        // What an admin has to allow waits, and nobody asks the application for it again and again.
        let tenant = platform.kept.tenant();
        let mut config = tenant.config.clone();
        config.to_app.push_new_users = false;
        platform.kept.write(|change| edit_tenant(change, &tenant, &config).map(drop));
        let (before, began) = (calls(), Instant::now());
        let people = (0..400).map(|number| person(&format!("Held{number}"))).collect();
        let (status, answer) = platform.send("POST", "/Bulk", Some(&bulk(people))).await;
        let of = answer["Operations"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap());
        assert_eq!((status, of.filter(|status| *status == "201").count()), (200, 400), "{answer}");
        let held = calls() - before;
        let took = began.elapsed();
        println!("{created} calls for 40 creations; {held} for 400 that are held, in {took:?}");
        assert!(created <= 30 && held <= 15, "{created} calls for 40 creations, and {held} for 400 that are held");
        // A push for each would take as long as the client waits, which is 50 s.
        assert!(took.as_secs() < 25, "{took:?}");
    });
}

#[test]
fn ids_of_other_tenants_and_clients_are_as_unknown_as_any() {
    journey(async {
        let platform = Platform::new(308, |config| config.to_app.push_new_users = false).await;
        let (_, made) = platform.create("Ada").await;
        let other = platform.kept.write(|change| -> Result<String, DirectoryError> {
            let tenant = change.add_tenant("other", &TenantConfig::default())?;
            let client = change.add_scim_client(&tenant, "platform", ScimPlatform::Other, &ScimSettings::default())?;
            Ok(change.add_scim_token(&tenant, &client, None)?.expose().to_owned())
        });
        let ask = async |tenant: &str, token: &str, id: &str| {
            let url = format!("{}/scim/v2/{tenant}/Users/{id}", platform.base);
            let answer = platform.http.get(url).bearer_auth(token).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let (status, of_another) = ask("other", &other, id(&made)).await;
        let (_, unknown) = ask("other", &other, "nobody").await;
        assert_eq!(status, 404);
        assert_eq!(of_another.replace(id(&made), "ID"), unknown.replace("nobody", "ID"));
        for (tenant, token) in [("acme", other.as_str()), ("nowhere", &platform.token), ("acme", "scim_x")] {
            assert_eq!(ask(tenant, token, id(&made)).await.0, 401, "{tenant}");
        }
        assert_eq!(ask("ACME", &platform.token, id(&made)).await.0, 200);
    });
}
