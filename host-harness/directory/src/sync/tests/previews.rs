use super::super::plans::preview;
use super::*;

#[tokio::test]
async fn a_preview_shows_the_plan_of_an_assignment_and_keeps_nothing() {
    let fixture = Fixture::new("");
    let (tenant, person) = (fixture.tenant(), fixture.add("E1", &[("familyName", "King")]));
    let grants = vec![GrantName { kind: "profile".to_owned(), name: "Portal".to_owned() }];
    let new = NewAssignment { grants, ..NewAssignment::default() };
    let shown = preview(&fixture.directory, &fixture.application, &tenant, &fixture.actor, |change| {
        intents::assign(change, &tenant, &person, &new)
    })
    .await
    .unwrap();
    assert_eq!(actions(&shown.report), [("E1", Some(Action::Created))]);
    assert!(shown.followed.changed && shown.followed.off.is_empty());
    assert!(fixture.application.world().users.is_empty(), "nothing is written");
    assert!(fixture.tasks().is_empty(), "no task is left");
    let kept = fixture.directory.read(|view| view.assignment(tenant.id, person.id)).unwrap();
    assert_eq!(kept, None);
    let rows = fixture.directory.read(|view| view.audit(&AuditFilter::default())).unwrap();
    assert!(rows.iter().all(|row| row.action != "assignment.add"), "nor a trace in the audit trail");
}

#[tokio::test]
async fn a_preview_of_an_unknown_grant_or_of_a_feature_that_is_off_says_so() {
    let fixture = Fixture::new("");
    let (tenant, person) = (fixture.tenant(), fixture.add("E1", &[("familyName", "King")]));
    let grants = vec![GrantName { kind: "profile".to_owned(), name: "Nowhere".to_owned() }];
    let new = NewAssignment { grants, ..NewAssignment::default() };
    let shown = preview(&fixture.directory, &fixture.application, &tenant, &fixture.actor, |change| {
        intents::assign(change, &tenant, &person, &new)
    })
    .await
    .unwrap();
    assert_eq!(shown.report.entries[0].result.as_ref().unwrap_err().kind, FailureKind::InvalidValue);
    fixture.edit(|config| config.to_app.push_new_users = false);
    let tenant = fixture.tenant();
    let shown = preview(&fixture.directory, &fixture.application, &tenant, &fixture.actor, |change| {
        intents::assign(change, &tenant, &person, &NewAssignment::default())
    })
    .await
    .unwrap();
    assert!(shown.report.entries.is_empty());
    assert!(shown.followed.off[0].starts_with("Push New Users is off"), "{:?}", shown.followed.off);
}

#[tokio::test]
async fn what_can_be_assigned_is_listed_once_and_kept() {
    let fixture = Fixture::new("");
    let tenant = fixture.tenant();
    fixture.application.world().kinds = vec!["profile", "role"];
    refresh_entitlements(&fixture.directory, &fixture.application, &tenant, &fixture.actor).await.unwrap();
    let look = |filter: EntitlementFilter| {
        fixture.directory.read(|view| view.entitlements(tenant.id, "profile", &filter)).unwrap()
    };
    let names = |found: Vec<ListedEntitlement>| found.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(look(EntitlementFilter::default())), ["Plus", "Portal"]);
    assert_eq!(names(look(EntitlementFilter { contains: Some("PORT".to_owned()), limit: Some(1) })), ["Portal"]);
    let kinds = fixture.directory.read(|view| view.entitlement_kinds(tenant.id)).unwrap();
    assert_eq!(kinds.iter().map(|kind| kind.name.as_str()).collect::<Vec<_>>(), ["profile", "role"]);
    let (name, named) = fixture
        .directory
        .read(|view| -> Result<_, DirectoryError> {
            let found = view.entitlements_named(tenant.id, "profile", "P1")?;
            Ok((grant_name(view, tenant.id, &found[0])?, view.entitlements_named(tenant.id, "profile", "plus")?))
        })
        .unwrap();
    assert_eq!((name.name.as_str(), named[0].id.as_str()), ("Portal", "P2"));
}
