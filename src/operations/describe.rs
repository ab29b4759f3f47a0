//! What the connector is and needs.

use crate::model::{Descriptor, Features, GrantKind};
use crate::settings;

/// The grant kind of a user's profile, which brings its licence.
pub(super) const PROFILE: &str = "profile";
/// The grant kind of a user's role.
pub(super) const ROLE: &str = "role";

/// What the connector is and needs. Sends no request.
pub fn describe() -> Descriptor {
    Descriptor {
        name: "Salesforce Customer Portal",
        version: env!("CARGO_PKG_VERSION"),
        features: Features {
            import_new_users: true,
            import_profile_updates: true,
            incremental_import: false,
            push_new_users: true,
            push_profile_updates: true,
            push_user_deactivation: true,
            reactivate_users: true,
            sync_password: true,
            profile_sourcing: true,
            plan: true,
        },
        settings: settings::definitions(),
        grants: vec![
            GrantKind { name: PROFILE, label: "Profile", many: false },
            GrantKind { name: ROLE, label: "Role", many: false },
        ],
    }
}
