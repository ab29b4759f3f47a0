use proptest::prelude::*;

use super::*;
use crate::config::TenantConfig;
use crate::directory::{
    Actor, Attributes, LinkReason, NewImport, NewPerson, RemoteStatus, RemoteUser, WriteTransaction,
};

fn attributes(email: Option<u8>, federation: Option<u8>, name: Option<u8>) -> Attributes {
    let mut attributes = Attributes::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            attributes.insert(key.to_owned(), value.as_str().into());
        }
    };
    put("email", email.map(|n| format!("Mail{n}@x.example")));
    put("federationId", federation.map(|n| format!("F{n}")));
    put("givenName", name.map(|_| "Ada".to_owned()));
    put("familyName", name.map(|n| format!("King{n}")));
    attributes
}

type Traits = (Option<u8>, Option<u8>, Option<u8>);

fn traits() -> impl Strategy<Value = Traits> {
    let small = || proptest::option::of(0u8..4);
    (small(), small(), small())
}

/// People and users with few values, so that they collide; some people are linked already.
fn play(
    people: &[Traits],
    users: &[Traits],
    linked: &[bool],
    check: impl Fn(&ReadTransaction<'_>, TenantId, &Matching),
) {
    let folder = tempfile::tempdir().unwrap();
    let directory = crate::directory::testing::open(folder.path());
    directory
        .write(&Actor::new("test"), |change: &WriteTransaction<'_>| -> Result<(), DirectoryError> {
            let tenant = change.add_tenant("acme", &TenantConfig::default())?;
            let run = change.start_import(tenant.id, NewImport { since: None })?;
            for (n, (email, federation, name)) in people.iter().enumerate() {
                let mut new = NewPerson::new(format!("E{n}"), format!("e{n}@x.example"));
                new.attributes = attributes(*email, *federation, *name);
                let person = change.add_person(&new)?;
                if linked.get(n).copied().unwrap_or_default() {
                    change.add_link(&tenant, &person, &format!("L{n}"), LinkReason::Confirmed)?;
                }
            }
            for (n, (email, federation, name)) in users.iter().enumerate() {
                let user = RemoteUser {
                    remote_id: format!("U{n}"),
                    username: format!("u{n}@app.example"),
                    status: RemoteStatus::Active,
                    modified: String::new(),
                    attributes: attributes(*email, *federation, *name),
                    grants: Vec::new(),
                };
                change.stage_user(tenant.id, run.id, &user, &MatchKeys::of(&user.username, &user.attributes))?;
            }
            check(change, tenant.id, &Matching::default());
            Ok(())
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_exact_match_is_the_only_one_there_could_be(
        people in prop::collection::vec(traits(), 0..6),
        users in prop::collection::vec(traits(), 1..5),
        linked in prop::collection::vec(any::<bool>(), 6),
    ) {
        play(&people, &users, &linked, |view, tenant, matching| {
            for (n, traits) in users.iter().enumerate() {
                let keys = MatchKeys::of(&format!("u{n}@app.example"), &attributes(traits.0, traits.1, traits.2));
                let (email, federation) = (traits.0, traits.1);
                let result = find(view, tenant, matching, &format!("U{n}"), &keys).unwrap();
                let shares = |person: &Traits| {
                    (email.is_some() && person.0 == email) || (federation.is_some() && person.1 == federation)
                };
                let sharing: Vec<usize> = (0..people.len()).filter(|at| shares(&people[*at])).collect();
                match result {
                    Match::Exact(person, _) => {
                        let at = person_number(view, person);
                        assert!(sharing.contains(&at));
                        assert!(!linked[at], "a linked person is nobody else's");
                        let contradicts = federation.is_some() && people[at].1.is_some() && federation != people[at].1;
                        assert!(!contradicts, "a user with another federation id is not taken for the person");
                        // No value that the user has points at somebody without pointing at this person too.
                        for (value, of) in [(email, 0), (federation, 1)] {
                            let of = |person: &Traits| if of == 0 { person.0 } else { person.1 };
                            let holders: Vec<usize> =
                                (0..people.len()).filter(|at| value.is_some() && of(&people[*at]) == value).collect();
                            assert!(holders.is_empty() || holders.contains(&at));
                        }
                    }
                    Match::Taken(person, _) => assert!(linked[person_number(view, person)]),
                    Match::Ambiguous(candidates) => assert!(!candidates.is_empty()),
                    Match::Similar(candidates) => {
                        assert!(candidates.iter().all(|(person, _)| !linked[person_number(view, *person)]));
                    }
                    Match::Nobody => assert!(
                        sharing.iter().all(|at| linked[*at]),
                        "only people who are linked already are passed over"
                    ),
                }
            }
        });
    }

    #[test]
    fn names_never_decide(people in prop::collection::vec(traits(), 0..6), name in 0u8..4) {
        let users = [(None, None, Some(name))];
        play(&people, &users, &[], |view, tenant, matching| {
            let keys = MatchKeys::of("u0@app.example", &attributes(None, None, Some(name)));
            let result = find(view, tenant, matching, "U0", &keys).unwrap();
            let same = people.iter().filter(|person| person.2 == Some(name)).count();
            match result {
                Match::Nobody => assert_eq!(same, 0),
                Match::Similar(candidates) => assert_eq!(candidates.len(), same),
                other => panic!("{other:?}"),
            }
            let off = Matching { names: false, ..Matching::default() };
            assert_eq!(find(view, tenant, &off, "U0", &keys).unwrap(), Match::Nobody);
        });
    }
}

fn person_number(view: &ReadTransaction<'_>, person: PersonId) -> usize {
    view.person_by_id(person).unwrap().key[1..].parse().unwrap()
}
