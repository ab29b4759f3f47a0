//! The features of the product, and what is said where one is off.

use crate::config::TenantConfig;
use provisioning_runtime::wit::Features;

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
    /// The titles of those that are on for a tenant.
    pub fn titles_on(config: &TenantConfig) -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|feature| feature.is_on(config)).map(Self::title).collect()
    }

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

    /// All of them: those that write to the application first.
    pub const ALL: [Self; 6] = [
        Self::PushNewUsers,
        Self::PushProfileUpdates,
        Self::PushUserDeactivation,
        Self::SyncPassword,
        Self::ImportNewUsers,
        Self::ImportProfileUpdates,
    ];

    /// What follows once it is switched on, as the second half of a sentence.
    pub fn starts(self) -> &'static str {
        match self {
            Self::PushNewUsers => "assigned people without a user get one with the next push",
            Self::PushProfileUpdates => "the users of all assigned people are brought up to date with the next push",
            Self::PushUserDeactivation => "users of people who are deactivated or unassigned are taken out of use",
            Self::SyncPassword => "new passwords are set in the application too",
            Self::ImportNewUsers => {
                "users that nobody stands for become people with the next import, or wait to be confirmed"
            }
            Self::ImportProfileUpdates => "changes of linked users are read again with the next import",
        }
    }

    /// What follows once it is switched off, as the second half of a sentence.
    pub fn stops(self) -> &'static str {
        match self {
            Self::PushNewUsers => "nobody gets a new user; tasks that wait stay",
            Self::PushProfileUpdates => "users stay as they are; tasks that wait stay",
            Self::PushUserDeactivation => "users stay in use whatever becomes of their people",
            Self::SyncPassword => "passwords are no longer set",
            Self::ImportNewUsers => "users that nobody stands for are left out",
            Self::ImportProfileUpdates => "changes of linked users are no longer taken over",
        }
    }

    /// Whether a connector can do it.
    pub fn is_offered(self, features: Features) -> bool {
        features.contains(match self {
            Self::ImportNewUsers => Features::IMPORT_NEW_USERS,
            Self::ImportProfileUpdates => Features::IMPORT_PROFILE_UPDATES,
            Self::PushNewUsers => Features::PUSH_NEW_USERS,
            Self::PushProfileUpdates => Features::PUSH_PROFILE_UPDATES,
            Self::PushUserDeactivation => Features::PUSH_USER_DEACTIVATION,
            Self::SyncPassword => Features::SYNC_PASSWORD,
        })
    }

    /// Switches it.
    pub fn switch(self, config: &mut TenantConfig, on: bool) {
        let switch = match self {
            Self::ImportNewUsers => &mut config.to_idp.import_new_users,
            Self::ImportProfileUpdates => &mut config.to_idp.import_profile_updates,
            Self::PushNewUsers => &mut config.to_app.push_new_users,
            Self::PushProfileUpdates => &mut config.to_app.push_profile_updates,
            Self::PushUserDeactivation => &mut config.to_app.push_user_deactivation,
            Self::SyncPassword => &mut config.to_app.sync_password,
        };
        *switch = on;
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
