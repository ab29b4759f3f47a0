//! What an application has to assign, over pages and errors.

use super::*;
use crate::sync::Entitlements;
use provisioning_runtime::wit::{Error, Upstream};

/// Names with their ids, as they were listed, and whether the connector could list them.
type Kept = Vec<(bool, Vec<(String, String)>)>;

impl Fixture {
    /// Lists what the application has to assign.
    async fn refresh(&self) -> Result<(), SyncError> {
        self.application.world().kinds = vec!["profile"];
        refresh_entitlements(&self.directory, &self.application, &self.tenant(), &self.actor).await
    }

    /// What is kept of that, by kind.
    fn kept(&self) -> Kept {
        let (tenant, all) = (self.tenant().id, EntitlementFilter::default());
        let kept = self.directory.read(|view| -> Result<Kept, DirectoryError> {
            let of_kind = |kind: EntitlementKind| {
                let listed = view.entitlements(tenant, &kind.name, &all)?;
                Ok((kind.listed, listed.into_iter().map(|one| (one.name, one.id)).collect()))
            };
            view.entitlement_kinds(tenant)?.into_iter().map(of_kind).collect()
        });
        kept.unwrap()
    }

    /// The listing with this error in it: the attributes and the kinds are told, and then it comes.
    async fn refresh_into(&self, error: Error) -> Result<(), SyncError> {
        self.application.world().faults = [None, None, Some(JobError::from(error))].into();
        let result = self.refresh().await;
        self.application.world().faults.clear();
        result
    }

    /// Three pages.
    fn three_pages(&self) {
        self.application.world().entitlements = [
            (None, (vec![("P1", "A")], Some("1"))),
            (Some("1"), (vec![("P2", "B"), ("P3", "C")], Some("2"))),
            (Some("2"), (vec![("P4", "D")], None)),
        ]
        .into();
    }
}

fn kept(pairs: &[(&str, &str)]) -> Kept {
    vec![(true, pairs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect())]
}

#[tokio::test]
async fn all_pages_of_what_can_be_assigned_are_read() {
    let fixture = Fixture::new("");
    fixture.three_pages();
    fixture.refresh().await.unwrap();
    assert_eq!(fixture.kept(), kept(&[("A", "P1"), ("B", "P2"), ("C", "P3"), ("D", "P4")]));
    assert_eq!(fixture.application.count("list-entitlements"), 3);
    // A push that needs a name of the last page finds it there.
    fixture.add("E1", &[]);
    let (tenant, person) = (fixture.tenant(), fixture.person("E1"));
    let grants = vec![GrantName { kind: "profile".to_owned(), name: "d".to_owned() }];
    let new = NewAssignment { grants, ..NewAssignment::default() };
    fixture.write(|change| intents::assign(change, &tenant, &person, &new)).unwrap();
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    assert_eq!(fixture.application.world().users[&id].grants[0].id, "P4");
}

#[tokio::test]
async fn a_list_that_goes_in_circles_is_an_error_and_not_half_a_list() {
    for (second, third) in [("1", "never asked for"), ("2", "1")] {
        let fixture = Fixture::new("");
        fixture.refresh().await.unwrap();
        let before = fixture.kept();
        fixture.application.world().entitlements = [
            (None, (vec![("P1", "A")], Some("1"))),
            (Some("1"), (vec![("P2", "B")], Some(second))),
            (Some("2"), (vec![("P3", "C")], Some(third))),
        ]
        .into();
        let error = fixture.refresh().await.unwrap_err().to_string();
        assert_eq!(error, "the connector gave the same cursor twice in its list of the kind `profile`");
        assert_eq!(fixture.kept(), before, "what was listed before stays");
    }
}

#[tokio::test]
async fn an_error_of_the_application_is_not_taken_for_an_empty_list() {
    let of_application = |kind| {
        let upstream = Upstream {
            status: 404,
            code: String::new(),
            message: "gone".to_owned(),
            fields: Vec::new(),
            request_id: None,
        };
        Error { upstream: Some(upstream), ..refusal(kind, Retry::Never) }
    };
    let of_connector = |kind| refusal(kind, Retry::Never);
    let fixture = Fixture::new("");
    fixture.three_pages();
    fixture.refresh().await.unwrap();
    let before = fixture.kept();
    for error in [
        of_application(ErrorKind::NotFound),
        of_application(ErrorKind::InvalidValue),
        of_application(ErrorKind::Unsupported),
        of_connector(ErrorKind::PermissionDenied),
        of_connector(ErrorKind::Unreachable),
        of_connector(ErrorKind::Other("odd".to_owned())),
    ] {
        let kind = format!("{:?}", error.kind);
        assert!(fixture.refresh_into(error).await.is_err(), "{kind}");
        assert_eq!(fixture.kept(), before, "{kind}: what was listed before stays");
    }
    // The second page, too.
    let gone = JobError::from(of_application(ErrorKind::NotFound));
    fixture.application.world().faults = [None, None, None, Some(gone)].into();
    fixture.refresh().await.unwrap_err();
    assert_eq!(fixture.kept(), before, "half a list is none");
    // What the connector says of itself is something else: it has no such kind, or cannot list it.
    for (kind, listed) in
        [(ErrorKind::NotFound, true), (ErrorKind::InvalidValue, true), (ErrorKind::Unsupported, false)]
    {
        fixture.refresh_into(of_connector(kind)).await.unwrap();
        assert_eq!(fixture.kept(), [(listed, Vec::new())]);
    }
}

#[tokio::test]
async fn a_kind_that_cannot_be_listed_is_given_by_its_ids_and_one_that_is_not_there_by_nothing() {
    for (kind, resolved) in [(ErrorKind::Unsupported, true), (ErrorKind::NotFound, false)] {
        let mut application = Scripted::default();
        application.world().faults = [Some(JobError::from(refusal(kind.clone(), Retry::Never)))].into();
        let mut entitlements = Entitlements::default();
        entitlements.look_up(&mut application, vec!["role".to_owned()]).await.unwrap();
        let grant = GrantName { kind: "role".to_owned(), name: "R1".to_owned() };
        assert_eq!(entitlements.resolve("acme", "E1", &[grant]).is_ok(), resolved, "{kind:?}");
        let kinds = ["role", "profile", "role", "profile"];
        assert_eq!(entitlements.unknown(kinds.into_iter()), ["profile"], "each once, and none twice");
    }
}
