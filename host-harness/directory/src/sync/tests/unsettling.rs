//! Which edits of a tenant have its users looked at again.

use super::*;
use crate::config::{AttributeMapping, MatchRule};

/// Pending users of a tenant, in the order in which they were first seen.
fn pending(fixture: &Fixture, tenant: &str) -> Vec<String> {
    let staged = fixture.directory.read(|view| view.pending_users(view.tenant(tenant)?.id, 10)).unwrap();
    staged.into_iter().map(|one| one.staged.user.remote_id).collect()
}

/// What an edit is called, and the edit.
type Edit = (&'static str, fn(&mut TenantConfig));

#[tokio::test]
async fn an_edit_has_those_users_looked_at_again_whom_it_concerns() {
    const LINKED: &[&str] = &["U1"];
    const UNLINKED: &[&str] = &["U2"];
    let edits: [(&[&str], bool, Edit); 14] = [
        (UNLINKED, true, ("a rule", |config| config.to_idp.matching.exact = vec![MatchRule::Email])),
        (UNLINKED, true, ("names", |config| config.to_idp.matching.names = false)),
        (UNLINKED, true, ("making people", |config| config.to_idp.matching.auto_create = true)),
        (UNLINKED, true, ("new users", |config| config.to_idp.import_new_users = false)),
        (LINKED, true, ("profiles", |config| config.to_idp.mastering.profile = true)),
        (LINKED, true, ("lifecycles", |config| config.to_idp.mastering.lifecycle = true)),
        (LINKED, true, ("a lifecycle rule", |config| config.to_idp.mastering.on_frozen = LifecycleRule::Deactivate)),
        (LINKED, true, ("profile updates", |config| config.to_idp.import_profile_updates = false)),
        (
            LINKED,
            true,
            ("the mapping", |config| {
                config
                    .mapping
                    .insert("title".to_owned(), AttributeMapping { off: true, ..AttributeMapping::default() });
            }),
        ),
        (&[], false, ("the attributes", |config| config.to_idp.attributes = vec!["title".to_owned()])),
        (&[], true, ("pages", |config| config.to_idp.page_size = 7)),
        (&[], true, ("the safeguard", |config| config.to_idp.safeguard.percent = 7)),
        (&[], true, ("the schedule", |config| config.schedule.push_seconds = Some(7))),
        (&[], true, ("pushes", |config| config.to_app.push_profile_updates = false)),
    ];
    for (expected, keeps_watermark, (name, edit)) in edits {
        let fixture = Fixture::new("[to-idp.matching]\nauto-create = false");
        fixture.add_tenant("other", "[to-idp.matching]\nauto-create = false");
        fixture.add("E1", &[]);
        {
            let mut world = fixture.application.world();
            world.user("U1", "e1@x.example", &[]);
            world.user("U2", "u2@x.example", &[]);
            world.user("U3", "u3@x.example", &[]);
            world.watermark = Some("2026-02-01".to_owned());
        }
        for tenant in ["acme", "other"] {
            let tenant = fixture.directory.read(|view| view.tenant(tenant)).unwrap();
            let options = ImportOptions::default();
            import(&fixture.directory, &fixture.application, &tenant, &fixture.actor, options, &|_| {}).await.unwrap();
        }
        let tenant = fixture.tenant();
        fixture.write(|change| confirm(change, &tenant, "U3", &Decision::Ignore)).unwrap();
        assert!(pending(&fixture, "acme").is_empty(), "{name}: before");
        assert!(fixture.edit(edit).changed, "{name}");
        assert_eq!(pending(&fixture, "acme"), expected, "{name}");
        assert!(pending(&fixture, "other").is_empty(), "{name}: another tenant");
        assert_eq!(fixture.tenant().watermark.is_some(), keeps_watermark, "{name}");
        let same = fixture.edit(|_| {});
        assert_eq!(same, Followed::default(), "{name}: an edit that changes nothing");
    }
}

#[tokio::test]
async fn what_is_looked_at_again_counts_though_nothing_has_changed_there() {
    let fixture = Fixture::imported("[to-idp.matching]\nauto-create = false", 2, "2026-02-01").await;
    fixture.edit(|config| config.to_idp.matching.auto_create = true);
    let report = fixture.import_changes().await;
    assert_eq!((report.run.users, report.run.counts.created), (0, 2), "they are settled, and not read");
    assert!(pending(&fixture, "acme").is_empty());
}
