//! What the connector is and needs.

use crate::model::{Descriptor, Features, GrantKind};
use crate::settings;

/// The grant kind of a user's profile, which brings its licence.
pub(super) const PROFILE: &str = "profile";
/// The grant kind of a user's role.
pub(super) const ROLE: &str = "role";
/// The grant kind of a permission set that is assigned on its own.
pub(super) const PERMISSION_SET: &str = "permission-set";
/// The grant kind of a permission set group.
pub(super) const PERMISSION_SET_GROUP: &str = "permission-set-group";
/// The grant kind of a feature licence; its ids are the names of the user's fields, such as `UserPermissionsMarketingUser`.
pub(super) const FEATURE_LICENSE: &str = "feature-license";
/// The grant kind of a public group.
pub(super) const PUBLIC_GROUP: &str = "public-group";

/// What the connector is and needs. Sends no request.
pub fn describe() -> Descriptor {
    Descriptor {
        name: "Salesforce Customer Portal",
        version: env!("CARGO_PKG_VERSION"),
        features: Features {
            import_new_users: true,
            import_profile_updates: true,
            incremental_import: true,
            push_new_users: true,
            push_profile_updates: true,
            push_user_deactivation: true,
            reactivate_users: true,
            sync_password: true,
            profile_sourcing: true,
            plan: true,
        },
        settings: settings::DEFINITIONS,
        grants: &[
            GrantKind { name: PROFILE, label: "Profile", many: false },
            GrantKind { name: ROLE, label: "Role", many: false },
            GrantKind { name: PERMISSION_SET, label: "Permission set", many: true },
            GrantKind { name: PERMISSION_SET_GROUP, label: "Permission set group", many: true },
            GrantKind { name: FEATURE_LICENSE, label: "Feature license", many: true },
            GrantKind { name: PUBLIC_GROUP, label: "Public group", many: true },
        ],
        hosts: settings::HOSTS,
        uses: settings::USES,
    }
}
