//! Removing people: what holds it up, and what doesn't.

use super::*;

impl Fixture {
    fn remove(&self, key: &str, unassigned: bool) -> Result<Removal, DirectoryError> {
        self.write(|change| remove_person(change, key, unassigned))
    }

    fn unassign(&self, key: &str) -> Followed {
        let (tenant, person) = (self.tenant(), self.person(key));
        self.write(|change| intents::unassign(change, &tenant, &person)).unwrap()
    }
}

#[tokio::test]
async fn an_assigned_person_goes_once_its_users_are_out_of_use() {
    let fixture = Fixture::new("");
    fixture.add("E1", &[]);
    fixture.assign("E1");
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    let refused = fixture.remove("E1", false).unwrap_err().to_string();
    assert!(refused.starts_with("the person E1 is assigned to acme; take that away with"), "{refused}");
    let Removal::Waits(followed) = fixture.remove("E1", true).unwrap() else { panic!("its user is still in use") };
    let task = &fixture.tasks()[0];
    assert_eq!((task.kind, followed.tasks), (TaskKind::Deactivate, [task.id].into()));
    fixture.push().await;
    let gone = fixture.remove("E1", false).unwrap();
    assert_eq!(gone, Removal::Removed { users: vec![("acme".to_owned(), id.clone())] });
    assert_eq!(fixture.application.world().users[&id].status, Status::Inactive);
    assert!(matches!(fixture.remove("E1", false), Err(DirectoryError::NotFound { .. })));
}

#[tokio::test]
async fn what_is_open_for_others_or_of_another_kind_holds_up_nobodys_removal() {
    let fixture = Fixture::new("");
    for key in ["E1", "E2"] {
        fixture.add(key, &[]);
        fixture.assign(key);
    }
    fixture.push().await;
    let (tenant, person) = (fixture.tenant(), fixture.person("E1"));
    fixture.unassign("E1");
    fixture.push().await;
    let task = NewTask { tenant: &tenant, person: Some(&person), kind: TaskKind::Push, password: None };
    fixture.write(|change| change.ask(task)).unwrap();
    fixture.unassign("E2");
    let open: Vec<_> = fixture.tasks().into_iter().map(|task| (task.person.unwrap(), task.kind)).collect();
    assert_eq!(open, [("E1".to_owned(), TaskKind::Push), ("E2".to_owned(), TaskKind::Deactivate)]);
    assert!(matches!(fixture.remove("E1", false).unwrap(), Removal::Removed { .. }));
    let Removal::Waits(followed) = fixture.remove("E2", false).unwrap() else { panic!("its user is still in use") };
    let left: Vec<TaskId> = fixture.tasks().iter().map(|task| task.id).collect();
    assert_eq!(followed.tasks.into_iter().collect::<Vec<_>>(), left, "the task of E1 is gone with it");
}

#[tokio::test]
async fn only_the_source_of_a_lifecycle_holds_a_person() {
    for (settings, held) in
        [("profile = true\nlifecycle = true", true), ("lifecycle = true", true), ("profile = true", false), ("", false)]
    {
        let fixture = Fixture::imported(&format!("[to-idp.mastering]\n{settings}"), 1, "2026-02-01").await;
        match fixture.remove("acme:U0000", false) {
            Err(error) if held => {
                let said = "acme is the source of the lifecycle of the person acme:U0000; remove it there";
                assert!(error.to_string().starts_with(said), "{error}");
                assert_eq!(fixture.link("acme:U0000").as_deref(), Some("U0000"));
            }
            Ok(Removal::Removed { users }) if !held => {
                assert_eq!(users, [("acme".to_owned(), "U0000".to_owned())], "{settings}");
            }
            other => panic!("{settings}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn no_import_makes_a_person_of_a_user_whose_person_was_removed() {
    let fixture = Fixture::new("");
    let (tenant, person) = (fixture.tenant(), fixture.add("E1", &[]));
    fixture.assign("E1");
    fixture.push().await;
    let id = fixture.link("E1").unwrap();
    fixture.write(|change| intents::unassign(change, &tenant, &person)).unwrap();
    fixture.push().await;
    assert!(matches!(fixture.write(|change| remove_person(change, "E1", false)).unwrap(), Removal::Removed { .. }));
    fixture.import().await;
    // Somebody puts it into use again over there.
    fixture.remote(&id, |user| user.status = Status::Active);
    fixture.import().await;
    assert_eq!(fixture.directory.read(|view| view.count_people()).unwrap(), 0);
    let queue = fixture.queue();
    assert_eq!((queue[0].user.remote_id.as_str(), queue[0].reason), (id.as_str(), QueueReason::Nobody));
}
