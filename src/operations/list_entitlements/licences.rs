//! User licences, the user types that they give, and what those allow.

use crate::model::Result;
use crate::salesforce::composite::Answer;
use crate::salesforce::soql::Select;

/// The user type of high-volume licences, which have neither roles nor groups (H).
pub(in crate::operations) const HIGH_VOLUME: &str = "CspLitePortal";

/// The organisation's user licences, each with the type of its users.
pub(super) struct Licences(Vec<(String, String)>);

impl Licences {
    /// Profiles tell both; an organisation has some hundreds of them at most (M: the limit is 1,500 for each type).
    pub(super) fn query() -> Select {
        Select::new("Profile", &["UserLicense.Name", "UserType"])
    }

    /// Reads the answer to [`Licences::query`].
    pub(super) fn read(answer: &Answer<'_>, subject: &str) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for record in &answer.page(subject)?.records {
            let (Some(licence), Some(user_type)) = (record.text("UserLicense.Name"), record.text("UserType")) else {
                continue;
            };
            if !pairs.iter().any(|(have, of)| have == licence && of == user_type) {
                pairs.push((licence.to_owned(), user_type.to_owned()));
            }
        }
        Ok(Self(pairs))
    }

    /// The tags of the licences whose user type fits.
    pub(super) fn tags(&self, fits: impl Fn(&str) -> bool) -> Vec<String> {
        self.0.iter().filter(|(_, user_type)| fits(user_type)).map(|(licence, _)| tag(licence)).collect()
    }
}

/// The tag of a user licence.
pub(super) fn tag(licence: &str) -> String {
    format!("license:{licence}")
}

/// The `UserRole.PortalType` of the roles that users of a type can have (H); none where they can have none of a portal.
pub(in crate::operations) fn portal_type(user_type: &str) -> Option<&'static str> {
    match user_type {
        "PowerPartner" => Some("Partner"),
        "CustomerSuccess" | "PowerCustomerSuccess" => Some("CustomerPortal"),
        _ => None,
    }
}

/// Whether users of a type may have a feature licence; none where that is not known. No object of the API tells it, so
/// this is what the features' own documents say: of portals, partners market, all but high-volume users have libraries
/// (H), and the others are for internal users (L).
pub(in crate::operations) fn allows_feature(user_type: &str, field: &str) -> Option<bool> {
    const INTERNAL: &str = "Standard";
    Some(match field.strip_prefix("UserPermissions")? {
        "SFContentUser" => user_type != HIGH_VOLUME,
        "MarketingUser" => matches!(user_type, INTERNAL | "PowerPartner"),
        "OfflineUser"
        | "KnowledgeUser"
        | "InteractionUser"
        | "SupportUser"
        | "LiveAgentUser"
        | "SiteforceContributorUser"
        | "SiteforcePublisherUser"
        | "JigsawProspectingUser"
        | "WirelessUser"
        | "MobileUser"
        | "AvantgoUser"
        | "CallCenterAutoLogin" => user_type == INTERNAL,
        _ => return None,
    })
}
