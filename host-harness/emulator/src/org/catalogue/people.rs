//! The people of the org: accounts, contacts, users and their login state.
//!
//! Field lists follow the object reference (H) for what provisioning touches; lengths are the documented ones.

use super::{Field, FieldType, Object};

const PORTAL_ROLES: &[&str] = &["Executive", "Manager", "Worker", "PersonAccount"];
const LOCALES: &[&str] = &["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "ja_JP", "nl_NL"];
const LANGUAGES: &[&str] = &["en_US", "de", "fr", "es", "ja", "nl_NL"];
const TIME_ZONES: &[&str] = &[
    "GMT",
    "America/Los_Angeles",
    "America/New_York",
    "America/Chicago",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Amsterdam",
    "Asia/Tokyo",
];
const ENCODINGS: &[&str] = &["UTF-8", "ISO-8859-1", "Shift_JIS", "ISO-2022-JP", "EUC-JP"];
const USER_TYPES: &[&str] =
    &["Standard", "PowerPartner", "CspLitePortal", "CustomerSuccess", "PowerCustomerSuccess", "CsnOnly", "Guest"];
/// The labels of user types and portal roles are those of the object reference (H).
pub(super) const USER_TYPE_LABELS: &[(&str, &str)] = &[
    ("PowerPartner", "Partner"),
    ("CspLitePortal", "High Volume Portal"),
    ("CustomerSuccess", "Customer Portal User"),
    ("PowerCustomerSuccess", "Customer Portal Manager"),
    ("CsnOnly", "Chatter Free"),
];
const PORTAL_ROLE_LABELS: &[(&str, &str)] = &[("Worker", "User"), ("PersonAccount", "Person Account")];
const GRADES: &[&str] = &["Associate", "Professional", "Principal", "Executive"];
const DIGEST: &[&str] = &["D", "W", "N"];
const GROUP_DIGEST: &[&str] = &["P", "D", "W", "N"];

pub(super) static ACCOUNT: Object = Object {
    name: "Account",
    label: "Account",
    label_plural: "Accounts",
    key_prefix: "001",
    createable: true,
    updateable: true,
    deletable: true,
    recycled: true,
    setup: false,
    fields: &[
        Field::id("Account ID"),
        Field::boolean("IsDeleted", "Deleted").read_only(),
        Field::text("Name", "Account Name", 255).required(),
        Field::picklist("Type", "Account Type", 255, &["Customer", "Partner", "Prospect", "Other"]),
        Field::reference("ParentId", "Parent Account ID", "Parent", &["Account"]).children("ChildAccounts"),
        Field::text("AccountNumber", "Account Number", 40),
        Field::phone("Phone", "Account Phone"),
        Field::new("Website", "Website", FieldType::Url, 255),
        Field::picklist(
            "Industry",
            "Industry",
            255,
            &["Banking", "Energy", "Healthcare", "Manufacturing", "Retail", "Technology"],
        ),
        Field::text("BillingCity", "Billing City", 40),
        Field::text("BillingCountry", "Billing Country", 80),
        Field::boolean("IsPersonAccount", "Is Person Account").read_only(),
        Field::boolean("IsCustomerPortal", "Customer Portal Account").update_only(),
        Field::boolean("IsPartner", "Partner Account").update_only(),
        Field::text("External_Id__c", "External Id", 100).external(),
        Field::reference("OwnerId", "Owner ID", "Owner", &["User"]).required().with_default(),
        Field::datetime("CreatedDate", "Created Date").required().read_only().with_default(),
        Field::reference("CreatedById", "Created By ID", "CreatedBy", &["User"]).required().read_only().with_default(),
        Field::datetime("LastModifiedDate", "Last Modified Date").required().read_only().with_default(),
        Field::reference("LastModifiedById", "Last Modified By ID", "LastModifiedBy", &["User"])
            .required()
            .read_only()
            .with_default(),
        Field::datetime("SystemModstamp", "System Modstamp").required().read_only().with_default(),
    ],
};

pub(super) static CONTACT: Object = Object {
    name: "Contact",
    label: "Contact",
    label_plural: "Contacts",
    key_prefix: "003",
    createable: true,
    updateable: true,
    deletable: true,
    recycled: true,
    setup: false,
    fields: &[
        Field::id("Contact ID"),
        Field::boolean("IsDeleted", "Deleted").read_only(),
        Field::reference("AccountId", "Account ID", "Account", &["Account"]).children("Contacts"),
        Field::picklist("Salutation", "Salutation", 40, &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]),
        Field::text("FirstName", "First Name", 40),
        Field::text("LastName", "Last Name", 80).required(),
        Field::text("Name", "Full Name", 121).formula("trim(coalesce(FirstName || ' ', '') || LastName)"),
        Field::email("Email", "Email").lookup(),
        Field::text("Title", "Title", 128),
        Field::text("Department", "Department", 80),
        Field::phone("Phone", "Business Phone"),
        Field::phone("MobilePhone", "Mobile Phone"),
        Field::phone("Fax", "Business Fax"),
        Field::new("MailingStreet", "Mailing Street", FieldType::TextArea, 255),
        Field::text("MailingCity", "Mailing City", 40),
        Field::text("MailingState", "Mailing State/Province", 80),
        Field::text("MailingPostalCode", "Mailing Zip/Postal Code", 20),
        Field::text("MailingCountry", "Mailing Country", 80),
        Field::reference("ReportsToId", "Reports To ID", "ReportsTo", &["Contact"]),
        Field::new("Description", "Contact Description", FieldType::TextArea, 32_000),
        Field::text("External_Id__c", "External Id", 100).external(),
        Field::text("IdP_Key__c", "IdP Key", 64).external().unique(),
        Field::boolean("Newsletter__c", "Newsletter"),
        Field::reference("OwnerId", "Owner ID", "Owner", &["User"]).required().with_default(),
        Field::datetime("CreatedDate", "Created Date").required().read_only().with_default(),
        Field::reference("CreatedById", "Created By ID", "CreatedBy", &["User"]).required().read_only().with_default(),
        Field::datetime("LastModifiedDate", "Last Modified Date").required().read_only().with_default(),
        Field::reference("LastModifiedById", "Last Modified By ID", "LastModifiedBy", &["User"])
            .required()
            .read_only()
            .with_default(),
        Field::datetime("SystemModstamp", "System Modstamp").required().read_only().with_default(),
    ],
};

pub(super) static USER: Object = Object {
    name: "User",
    label: "User",
    label_plural: "Users",
    key_prefix: "005",
    createable: true,
    updateable: true,
    deletable: false,
    recycled: false,
    setup: true,
    fields: &[
        Field::id("User ID"),
        Field::text("Username", "Username", 80).required().lookup(),
        Field::text("FirstName", "First Name", 40),
        Field::text("LastName", "Last Name", 80).required(),
        Field::text("Name", "Full Name", 121).formula("trim(coalesce(FirstName || ' ', '') || LastName)"),
        Field::text("CompanyName", "Company Name", 80),
        Field::text("Division", "Division", 80),
        Field::text("Department", "Department", 80),
        Field::text("Title", "Title", 80),
        Field::new("Street", "Street", FieldType::TextArea, 255),
        Field::text("City", "City", 40),
        Field::text("State", "State/Province", 80),
        Field::text("PostalCode", "Zip/Postal Code", 20),
        Field::text("Country", "Country", 80),
        Field::email("Email", "Email").required().lookup(),
        Field::phone("Phone", "Phone"),
        Field::phone("Fax", "Fax"),
        Field::phone("MobilePhone", "Mobile"),
        Field::phone("Extension", "Extension"),
        Field::text("Alias", "Alias", 8).required(),
        Field::text("CommunityNickname", "Nickname", 40).required().with_default(),
        Field::boolean("IsActive", "Active").default_to("1"),
        Field::picklist("TimeZoneSidKey", "Time Zone", 40, TIME_ZONES).required().strict(),
        Field::reference("UserRoleId", "Role ID", "UserRole", &["UserRole"]).children("Users"),
        Field::picklist("LocaleSidKey", "Locale", 40, LOCALES).required().strict(),
        Field::picklist("EmailEncodingKey", "Email Encoding", 40, ENCODINGS).required().strict(),
        Field::picklist("LanguageLocaleKey", "Language", 40, LANGUAGES).required().strict(),
        Field::reference("ProfileId", "Profile ID", "Profile", &["Profile"]).required().children("Users"),
        Field::picklist("UserType", "User Type", 40, USER_TYPES).labels(USER_TYPE_LABELS).strict().read_only(),
        Field::text("EmployeeNumber", "Employee Number", 20),
        Field::reference("DelegatedApproverId", "Delegated Approver ID", "DelegatedApprover", &["User"]),
        Field::reference("ManagerId", "Manager ID", "Manager", &["User"]).children("DirectReports"),
        Field::datetime("LastLoginDate", "Last Login").read_only(),
        Field::datetime("LastPasswordChangeDate", "Last Password Change or Reset").read_only(),
        Field::picklist("DigestFrequency", "Chatter Email Highlights Frequency", 40, DIGEST)
            .required()
            .strict()
            .default_to("'D'"),
        Field::picklist(
            "DefaultGroupNotificationFrequency",
            "Default Notification Frequency when Joining Groups",
            40,
            GROUP_DIGEST,
        )
        .required()
        .strict()
        .default_to("'N'"),
        Field::reference("ContactId", "Contact ID", "Contact", &["Contact"]).children("Users"),
        Field::reference("AccountId", "Account ID", "Account", &["Account"]).read_only().children("Users"),
        Field::picklist("PortalRole", "Portal Role Level", 40, PORTAL_ROLES).labels(PORTAL_ROLE_LABELS).strict(),
        Field::boolean("IsPortalEnabled", "Portal Enabled").update_only(),
        Field::boolean("IsPortalSelfRegistered", "Self-Registered via Customer Portal").create_only(),
        Field::text("FederationIdentifier", "SAML Federation ID", 512).lookup(),
        Field::new("AboutMe", "About Me", FieldType::TextArea, 1000),
        Field::boolean("UserPermissionsMarketingUser", "Marketing User"),
        Field::boolean("UserPermissionsOfflineUser", "Offline User"),
        Field::boolean("UserPermissionsSFContentUser", "Salesforce CRM Content User"),
        Field::boolean("UserPermissionsKnowledgeUser", "Knowledge User"),
        Field::boolean("UserPermissionsInteractionUser", "Flow User"),
        Field::boolean("UserPermissionsSupportUser", "Service Cloud User"),
        Field::boolean("UserPermissionsLiveAgentUser", "Live Agent User"),
        Field::boolean("UserPermissionsSiteforceContributorUser", "Site.com Contributor User"),
        Field::boolean("UserPermissionsSiteforcePublisherUser", "Site.com Publisher User"),
        Field::boolean("UserPermissionsJigsawProspectingUser", "Data.com User"),
        Field::boolean("UserPermissionsWorkDotComUserFeature", "WDC User"),
        Field::boolean("UserPermissionsChatterAnswersUser", "Chatter Answers User"),
        Field::boolean("UserPermissionsCallCenterAutoLogin", "Auto-login To Call Center"),
        Field::boolean("UserPermissionsMobileUser", "Apex Mobile User"),
        Field::text("IdP_Key__c", "IdP Key", 64).external().unique(),
        Field::picklist("Employee_Grade__c", "Employee Grade", 255, GRADES).strict(),
        Field::text("Cost_Center__c", "Cost Center", 20),
        Field::boolean("ReceivesInfoEmails", "Info Emails"),
        Field::boolean("ReceivesAdminInfoEmails", "Admin Info Emails"),
        Field::datetime("CreatedDate", "Created Date").required().read_only().with_default(),
        Field::reference("CreatedById", "Created By ID", "CreatedBy", &["User"]).required().read_only().with_default(),
        Field::datetime("LastModifiedDate", "Last Modified Date").required().read_only().with_default(),
        Field::reference("LastModifiedById", "Last Modified By ID", "LastModifiedBy", &["User"])
            .required()
            .read_only()
            .with_default(),
        Field::datetime("SystemModstamp", "System Modstamp").required().read_only().with_default(),
    ],
};

pub(super) static USER_LOGIN: Object = Object {
    name: "UserLogin",
    label: "User Login",
    label_plural: "User Login",
    key_prefix: "0Yw",
    createable: false,
    updateable: true,
    deletable: false,
    recycled: false,
    setup: true,
    fields: &[
        Field::id("User Login ID"),
        Field::reference("UserId", "User ID", "User", &["User"]).required().read_only(),
        Field::boolean("IsFrozen", "Frozen").update_only(),
        Field::boolean("IsPasswordLocked", "Password Locked").update_only(),
        Field::datetime("LastModifiedDate", "Last Modified Date").required().read_only().with_default(),
        Field::reference("LastModifiedById", "Last Modified By ID", "LastModifiedBy", &["User"])
            .required()
            .read_only()
            .with_default(),
    ],
};
