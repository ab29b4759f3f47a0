//! Whether a component may work for a tenant.

use std::sync::Arc;

use super::*;
use provisioning_runtime::{Declaration, EgressPolicy, HostEntry, HostSource, SecretUse, Tenant};

fn declaration(application: &str, hosts: &[&str], paths: &[&str]) -> Arc<Declaration> {
    let host = |name: &&str| HostEntry {
        name: (*name).to_owned(),
        source: HostSource::Exact(format!("{name}.example.com")),
        when: None,
    };
    let one = |path: &&str| SecretUse {
        name: "use".to_owned(),
        hosts: vec!["login".to_owned()],
        methods: vec!["POST".to_owned()],
        path: (*path).to_owned(),
        puts: Vec::new(),
        takes: Vec::new(),
        learns: None,
    };
    Arc::new(Declaration {
        application: application.to_owned(),
        hosts: hosts.iter().map(host).collect(),
        uses: paths.iter().map(one).collect(),
    })
}

fn declared(digest: &str, declaration: &Arc<Declaration>) -> Declared {
    Declared { digest: digest.to_owned(), declaration: Arc::clone(declaration), ..Declared::default() }
}

/// A tenant that reaches a host beside this machine.
fn tenant() -> Tenant {
    let egress = EgressPolicy { allow: vec!["login.example.com".parse().unwrap()], loopback: vec![8080] };
    Tenant { name: "acme".to_owned(), egress, ..Tenant::default() }
}

fn is_approved(fixture: &Fixture, tenant: &Tenant, declared: &Declared) -> bool {
    matches!(standing(Some(&fixture.directory), tenant, declared).unwrap(), Standing::Approved(..))
}

#[test]
fn a_component_that_nobody_has_approved_stops_with_what_it_does() {
    let fixture = Fixture::new("");
    let asked = declared("d1", &declaration("Example", &["login"], &["/token"]));
    assert!(!is_approved(&fixture, &tenant(), &asked));
    let said = approval(&fixture.directory, &tenant(), &asked).unwrap_err().to_string();
    for part in ["acme", "d1", "login.example.com", "POST /token", "component approve --tenant acme"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    fixture.directory.write(&fixture.actor, |change| change.approve("d1", &asked.declaration, "seen")).unwrap();
    let (given, grounds) = approval(&fixture.directory, &tenant(), &asked).unwrap();
    assert_eq!(grounds, Grounds::Approved);
    assert_eq!((given.component_sha256.as_str(), &given.declaration), ("d1", &asked.declaration));
}

#[test]
fn what_was_approved_is_enforced_and_not_what_is_declared_now() {
    let fixture = Fixture::new("");
    let approved = declaration("Example", &["login"], &["/token"]);
    fixture.directory.write(&fixture.actor, |change| change.approve("d1", &approved, "seen")).unwrap();
    let lying = declared("d1", &declaration("Example", &["login"], &["/**"]));
    assert_eq!(approval(&fixture.directory, &tenant(), &lying).unwrap().0.declaration, approved);
}

#[test]
fn one_that_declares_no_more_is_approved_once_and_one_that_does_is_not() {
    let fixture = Fixture::new("");
    let approved = declaration("Example", &["login", "api"], &["/token", "/api/**"]);
    fixture.directory.write(&fixture.actor, |change| change.approve("d1", &approved, "seen")).unwrap();
    let fewer = declared("d2", &declaration("Example", &["login"], &["/token"]));
    assert!(is_approved(&fixture, &tenant(), &fewer));
    assert!(fixture.directory.read(|view| view.approval("d2")).unwrap().is_none(), "a look keeps nothing");
    assert_eq!(approval(&fixture.directory, &tenant(), &fewer).unwrap().1, Grounds::NoMore);
    let kept = fixture.directory.read(|view| view.approval("d2")).unwrap().unwrap();
    assert_eq!((kept.approved_by.as_str(), &kept.declaration), ("host", &*fewer.declaration));
    for (hosts, paths) in [(&["login", "other"][..], &["/token"][..]), (&["login"], &["/token", "/other"])] {
        let more = declared("d3", &declaration("Example", hosts, paths));
        assert!(!is_approved(&fixture, &tenant(), &more), "{hosts:?} {paths:?}");
    }
    let elsewhere = declared("d4", &declaration("Another", &["login"], &["/token"]));
    assert!(!is_approved(&fixture, &tenant(), &elsewhere), "of another application");
    let missing = declared("d5", &declaration("Example", &["login"], &["/token", "/other"]));
    let Standing::Missing(missing) = standing(Some(&fixture.directory), &tenant(), &missing).unwrap() else { panic!() };
    assert_eq!((missing.hosts.len(), missing.uses[0].path.as_str()), (0, "/other"), "only what is new is asked about");
}

#[test]
fn what_this_host_was_built_with_and_who_reaches_this_machine_alone_are_not_asked() {
    let fixture = Fixture::new("");
    let own = declaration("Example", &["login"], &["/token"]);
    let embedded = Declared { is_embedded: true, ..declared("d1", &own) };
    assert!(is_approved(&fixture, &tenant(), &embedded));
    let like_it = Declared { embedded: Arc::clone(&own), ..declared("d2", &own) };
    assert!(is_approved(&fixture, &tenant(), &like_it));
    let alone = Tenant { egress: EgressPolicy { allow: Vec::new(), loopback: vec![8080] }, ..tenant() };
    let unknown = declared("d3", &declaration("Other", &["login"], &["/**"]));
    assert!(is_approved(&fixture, &alone, &unknown));
    assert!(!is_approved(&fixture, &Tenant::default(), &unknown), "nor reaches anything");
    assert!(fixture.directory.read(|view| view.approval("d3")).unwrap().is_none(), "that is of this tenant alone");
}

#[test]
fn without_a_directory_the_pin_is_the_approval() {
    let asked = declared("d1", &declaration("Example", &["login"], &["/token"]));
    let pinned = Tenant { component_sha256: Some("d1".to_owned()), ..tenant() };
    let stands = |tenant: &Tenant| standing(None, tenant, &asked).unwrap();
    assert!(matches!(stands(&pinned), Standing::Approved(_, Grounds::Approved)));
    assert!(matches!(stands(&tenant()), Standing::Missing(_)));
    // In a directory, the console pins what it adds: that approves nothing.
    assert!(!is_approved(&Fixture::new(""), &pinned, &asked));
}

#[test]
fn an_approval_can_be_taken_back() {
    let fixture = Fixture::new("");
    let asked = declared("d1", &declaration("Example", &["login"], &["/token"]));
    fixture.directory.write(&fixture.actor, |change| change.approve("d1", &asked.declaration, "seen")).unwrap();
    assert_eq!(fixture.directory.read(|view| view.approvals()).unwrap().len(), 1);
    assert!(fixture.directory.write(&fixture.actor, |change| change.take_back_approval("d1")).unwrap());
    assert!(!fixture.directory.write(&fixture.actor, |change| change.take_back_approval("d1")).unwrap());
    assert!(!is_approved(&fixture, &tenant(), &asked));
}
