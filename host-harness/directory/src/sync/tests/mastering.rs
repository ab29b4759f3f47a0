use super::*;

async fn mastered(settings: &str) -> Fixture {
    let fixture = Fixture::new(settings);
    fixture.application.world().user(
        "U1",
        "ada@app.example",
        &[("email", "ada@app.example"), ("familyName", "King"), ("title", "Countess")],
    );
    fixture.import().await;
    fixture
}

const BOTH: &str = "[to-idp.mastering]\nprofile = true\nlifecycle = true";

#[tokio::test]
async fn sourced_attributes_follow_the_application_and_cannot_be_edited_here() {
    let fixture = mastered(BOTH).await;
    let key = "acme:U1";
    for name in ["title", "email", "givenName"] {
        let error = fixture.set(key, name, Some("x")).unwrap_err();
        let said = format!("the attribute {name} of {key} comes from tenant acme and cannot be changed here");
        assert!(error.to_string().starts_with(&said), "{error}");
    }
    fixture.set(key, "shoeSize", Some("37")).unwrap();
    let rename = PersonEdit { username: Some("new@x.example".to_owned()), ..PersonEdit::default() };
    assert!(matches!(
        fixture.write(|change| intents::edit_person(change, key, &rename)),
        Err(DirectoryError::Sourced { .. })
    ));
    assert!(matches!(fixture.set_status(key, PersonStatus::Suspended), Err(DirectoryError::Sourced { .. })));
    fixture.remote("U1", |user| {
        user.username = "ada.king@app.example".to_owned();
        user.attributes.retain(|name, _| name != "title");
    });
    assert_eq!(fixture.import().await.run.counts.updated, 1);
    let person = fixture.person(key);
    assert_eq!(person.username, "ada.king@app.example");
    assert!(!person.attributes.contains_key("title"), "what is emptied there is emptied here");
    assert_eq!(person.attributes["shoeSize"], "37".into());
}

#[tokio::test]
async fn sourced_attributes_are_never_pushed_back() {
    let fixture = mastered(BOTH).await;
    let key = "acme:U1";
    fixture.assign(key);
    fixture.push().await;
    // The application has moved on, and the directory does not know it yet.
    fixture.remote("U1", |user| user.attributes.retain(|name, _| name != "title"));
    let tenant = fixture.tenant();
    intents::push_everybody(&fixture.directory, &fixture.actor, &tenant).unwrap();
    assert_eq!(actions(&fixture.push().await), [(key, Some(Action::Unchanged))]);
    assert_eq!(fixture.application.world().attribute("U1", "title"), None);
}

#[tokio::test]
async fn without_mastering_an_import_leaves_the_person_alone() {
    let fixture = mastered("").await;
    fixture.remote("U1", |user| {
        user.status = Status::Inactive;
        user.attributes.clear();
    });
    let report = fixture.import().await;
    assert_eq!((report.run.counts.updated, report.run.counts.deactivated), (0, 1));
    let person = fixture.person("acme:U1");
    assert_eq!((person.status, person.attributes["title"].clone()), (PersonStatus::Active, "Countess".into()));
}

#[tokio::test]
async fn lifecycle_follows_by_rule_in_both_directions() {
    let fixture =
        mastered("[to-idp.mastering]\nlifecycle = true\non-deactivated = \"suspend\"\non-frozen = \"keep\"").await;
    let status = |status| fixture.remote("U1", |user| user.status = status);
    status(Status::Frozen);
    fixture.import().await;
    assert_eq!(fixture.person("acme:U1").status, PersonStatus::Active);
    status(Status::Inactive);
    fixture.import().await;
    assert_eq!(fixture.person("acme:U1").status, PersonStatus::Suspended);
    status(Status::Active);
    fixture.import().await;
    assert_eq!(fixture.person("acme:U1").status, PersonStatus::Active);
    fixture.application.world().users.clear();
    fixture.edit(|config| config.to_idp.mastering.on_vanished = LifecycleRule::Deactivate);
    fixture.import().await;
    assert_eq!(fixture.person("acme:U1").status, PersonStatus::Deactivated);
}

#[tokio::test]
async fn a_deactivation_there_reaches_other_tenants_and_is_not_sent_back() {
    let fixture = mastered(BOTH).await;
    fixture.add_tenant("other", "");
    let (person, other) = (fixture.person("acme:U1"), fixture.directory.read(|view| view.tenant("other")).unwrap());
    fixture.assign("acme:U1");
    fixture
        .write(|change| -> Result<(), DirectoryError> {
            intents::assign(change, &other, &person, &NewAssignment::default())?;
            change.add_link(&other, &person, "X1", LinkReason::Confirmed)
        })
        .unwrap();
    fixture.push().await;
    fixture.remote("U1", |user| user.status = Status::Inactive);
    fixture.import().await;
    let open: Vec<_> = fixture.tasks().iter().map(|task| (task.tenant.clone(), task.kind)).collect();
    assert_eq!(open, [("other".to_owned(), TaskKind::Deactivate)]);
}

/// What `tasks` lists: kinds and kinds of causes.
fn open(fixture: &Fixture) -> Vec<(TaskKind, Option<FailureKind>)> {
    fixture.tasks().iter().map(|task| (task.kind, task.error_kind.clone())).collect()
}

#[tokio::test]
async fn what_is_open_for_somebody_ends_once_the_person_follows_the_application() {
    let fixture = mastered("[to-idp.mastering]\nlifecycle = true").await;
    let key = "acme:U1";
    fixture.assign(key);
    fixture.push().await;
    fixture.application.world().asks_ledger = true;
    fixture.remote("U1", |user| user.status = Status::Inactive);
    fixture.set(key, "title", Some("Analyst")).unwrap();
    fixture.push().await;
    assert_eq!(open(&fixture), [(TaskKind::Reactivate, Some(FailureKind::OutOfUse))]);
    fixture.import().await;
    assert_eq!(fixture.person(key).status, PersonStatus::Deactivated);
    assert_eq!(open(&fixture), []);
}

#[tokio::test]
async fn a_user_that_was_put_into_use_there_is_no_longer_asked_about() {
    let fixture = mastered("[to-idp.mastering]\nlifecycle = true\non-frozen = \"keep\"").await;
    fixture.assign("acme:U1");
    fixture.push().await;
    fixture.remote("U1", |user| user.status = Status::Frozen);
    fixture.import().await;
    assert_eq!(open(&fixture), [(TaskKind::Reactivate, Some(FailureKind::OutOfUse))]);
    fixture.remote("U1", |user| user.status = Status::Active);
    fixture.import().await;
    assert_eq!(open(&fixture), []);
}

#[tokio::test]
async fn among_several_sources_the_lowest_priority_counts() {
    let fixture = mastered("[to-idp.mastering]\nprofile = true\npriority = 10").await;
    fixture.add_tenant("first", "[to-idp.mastering]\nprofile = true\npriority = 1");
    let first = fixture.directory.read(|view| view.tenant("first")).unwrap();
    let person = fixture.person("acme:U1");
    let schema = AttributeSchema {
        name: "title".to_owned(),
        writable: true,
        kind: "string".to_owned(),
        ..AttributeSchema::default()
    };
    fixture
        .write(|change| -> Result<(), DirectoryError> {
            change.add_link(&first, &person, "F1", LinkReason::Confirmed)?;
            change.set_attribute_schema(first.id, std::slice::from_ref(&schema))
        })
        .unwrap();
    fixture.remote("U1", |user| user.attributes.clear());
    fixture.import().await;
    let person = fixture.person("acme:U1");
    assert_eq!(person.attributes.get("title"), Some(&"Countess".into()), "its first source has it");
    assert_eq!(person.attributes.get("familyName"), None, "only this one has it");
    let error = fixture.set("acme:U1", "title", Some("x")).unwrap_err().to_string();
    assert!(error.contains("comes from tenant first"), "{error}");
}

#[tokio::test]
async fn a_switch_of_mastering_is_explained_and_then_takes_effect() {
    let fixture = mastered("").await;
    fixture.set("acme:U1", "title", Some("Here")).unwrap();
    let tenant = fixture.tenant();
    let mut config = tenant.config.clone();
    config.to_idp.mastering.profile = true;
    let sentences = fixture.directory.read(|view| explain(view, &tenant, &config)).unwrap().join(" ");
    for words in ["becomes the source of the profile of 1 linked person", "overwrite", "cannot be edited here"] {
        assert!(sentences.contains(words), "{sentences}");
    }
    fixture.write(|change| intents::edit_tenant(change, &tenant, &config)).unwrap();
    // Nothing has changed in the application, and the person follows all the same.
    fixture.import().await;
    assert_eq!(fixture.person("acme:U1").attributes["title"], "Countess".into());
    let tenant = fixture.tenant();
    config.to_idp.mastering.profile = false;
    let sentences = fixture.directory.read(|view| explain(view, &tenant, &config)).unwrap().join(" ");
    assert!(sentences.contains("no longer the source") && sentences.contains("can be edited here"), "{sentences}");
    fixture.write(|change| intents::edit_tenant(change, &tenant, &config)).unwrap();
    fixture.set("acme:U1", "title", Some("Here again")).unwrap();
}
