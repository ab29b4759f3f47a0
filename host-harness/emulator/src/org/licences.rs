//! The user licences of the org and what each one allows.
//!
//! Definition keys and the user type behind each licence follow Salesforce's licence documents (H/M); the key of
//! Customer Community Plus could not be confirmed (U), so a client should match by user type or name.

/// A kind of user licence.
#[derive(Debug)]
pub(crate) struct Licence {
    /// `UserLicense.Name` and `MasterLabel`.
    pub(crate) name: &'static str,
    /// `UserLicense.LicenseDefinitionKey`.
    pub(crate) key: &'static str,
    /// The user type of every profile of the licence.
    pub(crate) user_type: &'static str,
    /// The standard profile of the licence, and further profiles that the org has.
    pub(crate) profiles: &'static [&'static str],
    /// The share of seeded portal users, in percent.
    pub(crate) share: u32,
    /// Feature-licence flags (without `UserPermissions`) that users of the licence may have.
    pub(crate) features: &'static [&'static str],
}

const ALL_FEATURES: &[&str] = &[
    "MarketingUser",
    "OfflineUser",
    "SFContentUser",
    "KnowledgeUser",
    "InteractionUser",
    "SupportUser",
    "LiveAgentUser",
    "SiteforceContributorUser",
    "SiteforcePublisherUser",
    "JigsawProspectingUser",
    "WorkDotComUserFeature",
    "ChatterAnswersUser",
    "CallCenterAutoLogin",
    "MobileUser",
];

/// Every licence of the org, in the order their ids are given out.
pub(crate) static LICENCES: [Licence; 10] = [
    Licence {
        name: "Salesforce",
        key: "SFDC",
        user_type: "Standard",
        profiles: &["System Administrator", "Standard User"],
        share: 0,
        features: ALL_FEATURES,
    },
    Licence {
        name: "Chatter Free",
        key: "PID_CHATTER",
        user_type: "CsnOnly",
        profiles: &["Chatter Free User"],
        share: 0,
        features: &[],
    },
    Licence {
        name: "Customer Community",
        key: "PID_Customer_Community",
        user_type: "CspLitePortal",
        profiles: &["Customer Community User", "Self-Service Community"],
        share: 40,
        features: &["ChatterAnswersUser"],
    },
    Licence {
        name: "Customer Community Plus",
        key: "PID_Customer_Community_Plus",
        user_type: "PowerCustomerSuccess",
        profiles: &["Customer Community Plus User"],
        share: 20,
        features: &["ChatterAnswersUser", "SFContentUser"],
    },
    Licence {
        name: "Customer Portal Manager",
        key: "POWER_SSP",
        user_type: "PowerCustomerSuccess",
        profiles: &["Customer Portal Manager"],
        share: 10,
        features: &["ChatterAnswersUser", "SFContentUser"],
    },
    Licence {
        name: "Customer Portal Manager Custom",
        key: "PID_Customer_Portal_Standard",
        user_type: "PowerCustomerSuccess",
        profiles: &["Customer Portal Manager Custom"],
        share: 5,
        features: &["ChatterAnswersUser", "SFContentUser"],
    },
    Licence {
        name: "Customer Portal User",
        key: "PID_Customer_Portal_Basic",
        user_type: "CustomerSuccess",
        profiles: &["Customer Portal User"],
        share: 10,
        features: &["ChatterAnswersUser"],
    },
    Licence {
        name: "High Volume Customer Portal",
        key: "PID_Overage_High Volume Customer Portal",
        user_type: "CspLitePortal",
        profiles: &["High Volume Customer Portal User"],
        share: 10,
        features: &["ChatterAnswersUser"],
    },
    Licence {
        name: "Partner Community",
        key: "PID_Partner_Community",
        user_type: "PowerPartner",
        profiles: &["Partner Community User"],
        share: 4,
        features: &["ChatterAnswersUser", "SFContentUser", "MarketingUser"],
    },
    Licence {
        name: "Gold Partner",
        key: "PID_STRATEGIC_PRM",
        user_type: "PowerPartner",
        profiles: &["Gold Partner User"],
        share: 1,
        features: &["ChatterAnswersUser", "SFContentUser", "MarketingUser"],
    },
];

/// The licence of this name.
#[must_use]
pub(crate) fn by_name(name: &str) -> Option<&'static Licence> {
    LICENCES.iter().find(|licence| licence.name == name)
}

/// Whether this is the profile that Salesforce made with a licence, and no copy of it.
#[must_use]
pub(crate) fn is_standard_profile(name: &str) -> bool {
    LICENCES.iter().any(|licence| licence.profiles.first() == Some(&name))
}

/// The flags that take a seat, without `UserPermissions`. The automatic login to a call centre is a setting.
pub(crate) fn features_with_seats() -> impl Iterator<Item = &'static str> {
    ALL_FEATURES.iter().copied().filter(|flag| *flag != "CallCenterAutoLogin")
}

/// Whether users of this type belong to a portal and so need a contact.
#[must_use]
pub(crate) fn is_portal(user_type: &str) -> bool {
    matches!(user_type, "CspLitePortal" | "CustomerSuccess" | "PowerCustomerSuccess" | "PowerPartner")
}

/// Whether users of this type are high-volume: no roles, no groups (H).
#[must_use]
pub(crate) fn is_high_volume(user_type: &str) -> bool {
    user_type == "CspLitePortal"
}

/// The `UserRole.PortalType` that a user of this type may have a role of.
#[must_use]
pub(crate) fn portal_type(user_type: &str) -> &'static str {
    match user_type {
        "PowerPartner" => "Partner",
        "CustomerSuccess" | "PowerCustomerSuccess" => "CustomerPortal",
        _ => "None",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_make_a_whole() {
        assert_eq!(LICENCES.iter().map(|licence| licence.share).sum::<u32>(), 100);
    }
}
