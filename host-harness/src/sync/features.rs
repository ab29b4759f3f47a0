//! The features of the product, and what is said where one is off.

use crate::config::TenantConfig;

/// A feature that an admin switches per tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Users that nobody stands for become people.
    ImportNewUsers,
    /// Changes of linked users are read.
    ImportProfileUpdates,
    /// Assigned people get users.
    PushNewUsers,
    /// Users follow their people.
    PushProfileUpdates,
    /// Users are taken out of use with their people.
    PushUserDeactivation,
    /// Users get their people's passwords.
    SyncPassword,
}

impl Feature {
    /// The product's name of it.
    pub fn title(self) -> &'static str {
        match self {
            Self::ImportNewUsers => "Import New Users",
            Self::ImportProfileUpdates => "Import Profile Updates",
            Self::PushNewUsers => "Push New Users",
            Self::PushProfileUpdates => "Push Profile Updates",
            Self::PushUserDeactivation => "Push User Deactivation",
            Self::SyncPassword => "Sync Password",
        }
    }

    /// Where it stands in a tenant's settings.
    pub fn setting(self) -> &'static str {
        match self {
            Self::ImportNewUsers => "to-idp.import-new-users",
            Self::ImportProfileUpdates => "to-idp.import-profile-updates",
            Self::PushNewUsers => "to-app.push-new-users",
            Self::PushProfileUpdates => "to-app.push-profile-updates",
            Self::PushUserDeactivation => "to-app.push-user-deactivation",
            Self::SyncPassword => "to-app.sync-password",
        }
    }

    /// Whether the tenant has it on.
    pub fn is_on(self, config: &TenantConfig) -> bool {
        match self {
            Self::ImportNewUsers => config.to_idp.import_new_users,
            Self::ImportProfileUpdates => config.to_idp.import_profile_updates,
            Self::PushNewUsers => config.to_app.push_new_users,
            Self::PushProfileUpdates => config.to_app.push_profile_updates,
            Self::PushUserDeactivation => config.to_app.push_user_deactivation,
            Self::SyncPassword => config.to_app.sync_password,
        }
    }

    /// A sentence that says that it is off, what that means, and how to switch it on.
    pub fn off(self, tenant: &str, consequence: &str) -> String {
        format!(
            "{} is off for tenant {tenant}, so {consequence}; switch it on with `tenant edit {tenant} --set {}=true`",
            self.title(),
            self.setting()
        )
    }
}
