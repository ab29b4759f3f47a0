//! Edits that concern too many people or users for one transaction.

use super::*;

/// More than are looked at between two looks at the clock.
const MANY: u32 = 1_250;

impl Fixture {
    /// People who are assigned, and what follows from it doesn't, since the feature is off.
    fn assigned_in_vain(&self) {
        self.edit(|config| config.to_app.push_new_users = false);
        let tenant = self.tenant();
        self.directory
            .write_in_turns(&self.actor, 0..MANY, |change, n| -> Result<(), DirectoryError> {
                let new = NewPerson::new(format!("E{n}"), format!("e{n}@x.example")).with("familyName", "King");
                let person = change.add_person(&new)?;
                intents::assign(change, &tenant, &person, &NewAssignment::default()).map(drop)
            })
            .unwrap();
        assert!(self.tasks().is_empty());
    }

    /// Edits the tenant at the end of a transaction's turn, and goes on no further, as if the process had ended.
    fn edit_and_die(&self, settings: impl FnOnce(&mut TenantConfig)) -> Followed {
        let tenant = self.tenant();
        let mut config = tenant.config.clone();
        settings(&mut config);
        self.write(|change| {
            while !change.has_had_its_turn() {
                std::hint::spin_loop();
            }
            intents::edit_tenant(change, &tenant, &config)
        })
        .unwrap()
    }

    /// How many users the next import will look at again.
    fn unsettled(&self) -> usize {
        let tenant = self.tenant();
        self.directory.read(|view| view.pending_users(tenant.id, 2 * MANY)).unwrap().len()
    }
}

#[tokio::test]
async fn what_an_edit_leaves_undone_is_done_by_the_next_job() {
    let fixture = Fixture::new("");
    fixture.assigned_in_vain();
    let followed = fixture.edit_and_die(|config| config.to_app.push_new_users = true);
    assert_eq!((followed.changed, followed.tasks.len(), fixture.tasks().len()), (true, 100, 100));
    let report = fixture.push().await;
    assert_eq!(report.tried(), u64::from(MANY));
    assert!(fixture.tasks().is_empty());
    assert_eq!(fixture.application.world().users.len() as u32, MANY);
}

#[tokio::test]
async fn it_is_done_at_once_where_somebody_goes_on() {
    let fixture = Fixture::new("");
    fixture.assigned_in_vain();
    let mut followed = fixture.edit_and_die(|config| config.to_app.push_new_users = true);
    followed.merge(finish_chores(&fixture.directory, &fixture.actor, &fixture.tenant()).unwrap());
    assert_eq!((followed.tasks.len() as u32, fixture.tasks().len() as u32), (MANY, MANY));
    let again = finish_chores(&fixture.directory, &fixture.actor, &fixture.tenant()).unwrap();
    assert_eq!(again, Followed::default());
}

#[tokio::test]
async fn what_is_switched_off_in_between_is_not_followed() {
    let fixture = Fixture::new("");
    fixture.assigned_in_vain();
    fixture.edit_and_die(|config| config.to_app.push_new_users = true);
    fixture.edit(|config| config.to_app.push_new_users = false);
    finish_chores(&fixture.directory, &fixture.actor, &fixture.tenant()).unwrap();
    assert_eq!(fixture.tasks().len(), 100, "those that were asked for before");
}

#[tokio::test]
async fn users_are_looked_at_again_all_of_them() {
    let fixture = Fixture::new("");
    for n in 0..MANY {
        fixture.application.world().user(&format!("U{n:05}"), &format!("u{n}@x.example"), &[("familyName", "King")]);
    }
    fixture.import().await;
    assert_eq!(fixture.unsettled(), 0);
    let linked =
        |config: &mut TenantConfig| config.to_idp.import_profile_updates = !config.to_idp.import_profile_updates;
    fixture.edit_and_die(linked);
    assert_eq!(fixture.unsettled(), 1_000, "a piece");
    finish_chores(&fixture.directory, &fixture.actor, &fixture.tenant()).unwrap();
    assert_eq!(fixture.unsettled() as u32, MANY);
    fixture.edit(linked);
    fixture.import().await;
    assert_eq!(fixture.unsettled(), 0);

    // The same of those who aren't linked: they wait to be confirmed.
    let tenant = fixture.tenant();
    fixture
        .directory
        .write_in_turns(&fixture.actor, 0..MANY, |change, n| -> Result<(), DirectoryError> {
            let person = change.person(&format!("u{n}@x.example"))?;
            let link = change.link(tenant.id, person.id)?.unwrap();
            change.remove_link(&tenant, &person, &link, "for a test")
        })
        .unwrap();
    fixture.edit_and_die(|config| config.to_idp.matching.auto_create = false);
    assert_eq!(fixture.unsettled(), 1_000, "a piece");
    finish_chores(&fixture.directory, &fixture.actor, &fixture.tenant()).unwrap();
    assert_eq!(fixture.unsettled() as u32, MANY);
}
