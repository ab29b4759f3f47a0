//! Setting passwords.

use provisioning_runtime::Secret;
use provisioning_runtime::wit::{ErrorKind, Status};

use crate::support::{Org, import_all, journey};

#[test]
fn passwords_are_set_and_refusals_told_apart() {
    journey(async {
        let org = Org::start(20, 35).await;
        let mut job = org.job().await;
        let (users, _) = import_all(&mut job, 2000, false).await;
        let active: Vec<_> = users.iter().filter(|user| user.status == Status::Active).collect();
        let secret = |text: &str| Secret::new(text.to_owned());
        let passwords = [
            (active[0].id.clone(), secret("Quotes \" and \\ 17 & <more>")),
            (active[1].id.clone(), secret("letters")),
            ("005000000000000AAA".to_owned(), secret("Fine-enough-4711")),
            (active[2].id.clone(), secret("Another-fine-4711")),
        ];
        let results = job.sync_passwords(&passwords).await.unwrap();
        assert!(results[0].is_ok(), "{:?}", results[0]);
        assert!(org.emulator.check_password(&active[0].username, "Quotes \" and \\ 17 & <more>"));
        let policy = results[1].as_ref().unwrap_err();
        assert!(matches!(policy.kind, ErrorKind::PasswordRejected), "{policy:?}");
        assert!(policy.upstream.is_some() && !format!("{policy:?}").contains("letters\""), "{policy:?}");
        assert!(!org.emulator.check_password(&active[1].username, "letters"));
        assert!(
            matches!(results[2].as_ref().unwrap_err().kind, ErrorKind::NotFound | ErrorKind::StaleReference),
            "{:?}",
            results[2]
        );
        assert!(org.emulator.check_password(&active[2].username, "Another-fine-4711"));
    });
}

#[test]
fn passwords_of_any_characters_get_through_json_and_xml_as_they_are() {
    journey(async {
        let mut org = Org::start(60, 36).await;
        // Set by a JSON body; then tried at the portal, by an XML one.
        org.tenant.settings.insert("verify-passwords".to_owned(), "true".to_owned());
        let mut job = org.job().await;
        let (users, _) = import_all(&mut job, 2000, false).await;
        let active: Vec<_> = users.iter().filter(|user| user.status == Status::Active).take(40).collect();
        let letters: Vec<char> = (' '..='~').chain("äß漢\u{1f600}\u{a0}]]>&amp;%26\\u0041".chars()).collect();
        let passwords: Vec<(String, String)> = (0..active.len())
            .map(|at| {
                let middle: String = (0..24).map(|step| letters[(at * 24 + step * 7) % letters.len()]).collect();
                (active[at].id.clone(), format!("Aa{middle}1"))
            })
            .collect();
        let secrets: Vec<_> = passwords.iter().map(|(id, text)| (id.clone(), Secret::new(text.clone()))).collect();
        let results = job.sync_passwords(&secrets).await.unwrap();
        for ((user, (_, password)), result) in active.iter().zip(&passwords).zip(results) {
            assert!(result.is_ok(), "{password:?}: {result:?}");
            assert!(org.emulator.check_password(&user.username, password), "{password:?}");
        }
    });
}
