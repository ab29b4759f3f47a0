//! Test credentials, signing in, and sessions that end.

use provisioning_runtime::Secret;
use provisioning_runtime::wit::{ErrorKind, Probe, Verdict};

use crate::support::{Org, import_all, journey, lead_to, refused};

fn verdict(probes: &[Probe], name: &str) -> (Verdict, String) {
    let probe = probes.iter().find(|probe| probe.name == name).unwrap_or_else(|| panic!("no probe {name}"));
    (probe.verdict, format!("{} {}", probe.detail, probe.remedy.as_deref().unwrap_or_default()))
}

#[test]
fn sound_settings_pass_every_probe_and_write_nothing() {
    journey(async {
        let org = Org::start(5, 1).await;
        let probes = org.job().await.test_credentials().await.unwrap();
        for name in ["settings-valid", "signed-in", "organization-id-matches", "account-exists"] {
            assert_eq!(verdict(&probes, name).0, Verdict::Passed, "{}", verdict(&probes, name).1);
        }
        assert_eq!(org.writes(), Vec::<String>::new());
    });
}

#[test]
fn password_and_token_may_come_as_one_secret() {
    journey(async {
        let mut org = Org::start(5, 2).await;
        let secrets = org.emulator.credentials();
        org.tenant.secrets.remove("security-token");
        let both = format!("{}{}", secrets.password, secrets.security_token);
        org.tenant.secrets.insert("password".to_owned(), Secret::new(both));
        org.job().await.open().await.unwrap();
    });
}

#[test]
fn a_wrong_password_is_told_with_its_remedy() {
    journey(async {
        let mut org = Org::start(5, 3).await;
        org.tenant.secrets.insert("password".to_owned(), Secret::new("wrong-password-1".to_owned()));
        let error = refused(org.job().await.open().await.unwrap_err());
        assert!(matches!(error.kind, ErrorKind::InvalidCredentials), "{error:?}");
        let request = org.emulator.journal().pop().unwrap().request_id;
        let upstream = error.upstream.as_ref().map(|one| (one.code.as_str(), one.request_id.as_deref()));
        assert_eq!(upstream, Some(("INVALID_LOGIN", Some(request.as_str()))));
        assert!(error.remedy.is_some());
        let probes = org.job().await.test_credentials().await.unwrap();
        assert_eq!(verdict(&probes, "settings-valid").0, Verdict::Passed);
        assert_eq!(verdict(&probes, "signed-in").0, Verdict::Failed);
        assert_eq!(verdict(&probes, "account-exists").0, Verdict::Skipped);
    });
}

#[test]
fn bad_settings_are_all_named_and_nothing_is_sent() {
    journey(async {
        let mut org = Org::start(5, 4).await;
        org.tenant.settings.remove("username");
        org.tenant.settings.insert("organization-id".to_owned(), "00Dnonsense".to_owned());
        org.tenant.settings.insert("account-id".to_owned(), "003000000000001AAA".to_owned());
        let error = refused(org.job().await.open().await.unwrap_err());
        assert!(matches!(error.kind, ErrorKind::InvalidSettings), "{error:?}");
        for setting in ["username", "organization-id", "account-id"] {
            assert!(error.message.contains(setting), "{setting}: {}", error.message);
        }
        assert!(org.emulator.journal().is_empty());
    });
}

#[test]
fn another_organisation_and_a_missing_account_fail_their_probes() {
    journey(async {
        let mut org = Org::start(5, 5).await;
        let other = Org::start(5, 6).await;
        let elsewhere = other.emulator.credentials();
        org.tenant.settings.insert("organization-id".to_owned(), elsewhere.organization_id.clone());
        let contact = org.query("SELECT Id FROM Account ORDER BY Id LIMIT 1")[0]["Id"].as_str().unwrap().to_owned();
        assert_ne!(contact, "");
        org.tenant.settings.insert("account-id".to_owned(), "001000000000000AAA".to_owned());
        let probes = org.job().await.test_credentials().await.unwrap();
        assert_eq!(verdict(&probes, "signed-in").0, Verdict::Passed);
        assert_eq!(verdict(&probes, "organization-id-matches").0, Verdict::Failed);
        assert_eq!(verdict(&probes, "account-exists").0, Verdict::Failed);
    });
}

#[test]
fn an_unreachable_host_is_named() {
    journey(async {
        let mut org = Org::start(1, 7).await;
        // A port that was free a moment ago and listens no more.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        lead_to(&mut org.tenant, &format!("http://{address}"));
        let error = refused(org.job().await.open().await.unwrap_err());
        assert!(matches!(error.kind, ErrorKind::Unreachable), "{error:?}");
        assert!(error.message.contains(&address), "{}", error.message);
    });
}

#[test]
fn an_expired_session_signs_in_once_more_and_carries_on() {
    journey(async {
        let org = Org::start(120, 8).await;
        let mut job = org.job().await;
        let (before, _) = import_all(&mut job, 50, false).await;
        org.emulator.expire_sessions();
        org.emulator.clear_journal();
        let (after, _) = import_all(&mut job, 50, false).await;
        assert_eq!(before.len(), after.len());
        let journal = org.emulator.journal();
        let logins = journal.iter().filter(|entry| entry.path.contains("/services/Soap/")).count();
        let refusals = journal.iter().filter(|entry| entry.status == 401).count();
        assert_eq!((logins, refusals), (1, 1));
    });
}

#[test]
fn an_expired_admin_password_is_told_apart() {
    journey(async {
        let org = Org::start(5, 9).await;
        org.emulator.expire_admin_password().unwrap();
        let error = refused(org.job().await.open().await.unwrap_err());
        assert!(matches!(error.kind, ErrorKind::InvalidCredentials), "{error:?}");
        assert!(error.message.contains("expired"), "{}", error.message);
    });
}

#[test]
fn a_connected_app_signs_in_without_any_password() {
    journey(async {
        let mut org = Org::start(5, 10).await;
        let connection = org.emulator.credentials();
        org.tenant.settings.insert("sign-in".to_owned(), "client-credentials".to_owned());
        org.tenant.settings.insert("client-id".to_owned(), connection.client_id);
        org.tenant.secrets.clear();
        org.tenant.secrets.insert("client-secret".to_owned(), Secret::new(connection.client_secret));
        let probes = org.job().await.test_credentials().await.unwrap();
        assert!(probes.len() >= 12);
        for probe in &probes {
            assert_eq!(probe.verdict, Verdict::Passed, "{} {}", probe.name, probe.detail);
        }
        let (users, _) = import_all(&mut org.job().await, 50, true).await;
        assert!(!users.is_empty());
    });
}
