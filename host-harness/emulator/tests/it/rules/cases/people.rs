//! What a user is: fields, names, contact, roles, licences.

use serde_json::{Value, json};

use super::*;

pub(super) fn fields() -> Vec<Case> {
    let long = "x".repeat(81);
    let read_only = |fields: &str| {
        format!(
            "Unable to create/update fields: {fields}. Please check the security settings of this field and verify that it is \
             read/write for your profile or permission set."
        )
    };
    vec![
        case(
            "missing fields",
            'H',
            portal_user(json!({"Email": null, "ProfileId": null})),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Email, ProfileId]",
            json!(["Email", "ProfileId"]),
        ),
        case(
            "an empty field is missing",
            'H',
            post("sobjects/Contact", json!({"LastName": " "})),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
            json!(["LastName"]),
        ),
        case(
            "a required field is emptied",
            'H',
            patch(VOLUME, json!({"LastName": ""})),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
            json!(["LastName"]),
        ),
        case(
            "unknown field",
            'H',
            portal_user(json!({"foo": 1})),
            "INVALID_FIELD",
            "No such column 'foo' on sobject of type User",
            Value::Null,
        ),
        case(
            "read-only field on create",
            'H',
            portal_user(json!({"UserType": "Standard"})),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &read_only("UserType"),
            json!(["UserType"]),
        ),
        case(
            "update-only field on create",
            'H',
            portal_user(json!({"IsPortalEnabled": true})),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &read_only("IsPortalEnabled"),
            json!(["IsPortalEnabled"]),
        ),
        case(
            "read-only field on update",
            'H',
            patch(VOLUME, json!({"AccountId": "{account}"})),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &read_only("AccountId"),
            json!(["AccountId"]),
        ),
        case(
            "too long",
            'H',
            portal_user(json!({"LastName": long})),
            "STRING_TOO_LONG",
            &format!("Last Name: data value too large: {long} (max length=80)"),
            json!(["LastName"]),
        ),
        case(
            "alias of nine letters",
            'H',
            portal_user(json!({"Alias": "ninechars"})),
            "STRING_TOO_LONG",
            "Alias: data value too large: ninechars (max length=8)",
            json!(["Alias"]),
        ),
        case(
            "picklist",
            'H',
            portal_user(json!({"LocaleSidKey": "xx_YY"})),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Locale: bad value for restricted picklist field: xx_YY",
            json!(["LocaleSidKey"]),
        ),
        case(
            "e-mail address",
            'H',
            portal_user(json!({"Email": "Not a real email address"})),
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: Not a real email address",
            json!(["Email"]),
        ),
        case(
            "no id",
            'H',
            portal_user(json!({"ProfileId": "BadValue"})),
            "MALFORMED_ID",
            "Profile ID: id value of incorrect type: BadValue",
            json!(["ProfileId"]),
        ),
        case(
            "id of another object",
            'H',
            portal_user(json!({"ProfileId": "{account}"})),
            "MALFORMED_ID",
            "Profile ID: id value of incorrect type: {account}",
            json!(["ProfileId"]),
        ),
        case(
            "id of nothing",
            'H',
            portal_user(json!({"ProfileId": "00e000000000001AAA"})),
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            json!([]),
        ),
    ]
}

pub(super) fn usernames() -> Vec<Case> {
    const TAKEN: &str = "Duplicate Username.<br>The username already exists in this or another Salesforce organization. \
        Usernames must be unique across all Salesforce organizations. To resolve, use a different username (it doesn't need to \
        match the user's email address). ";
    vec![
        case(
            "username without a domain",
            'H',
            portal_user(json!({"Username": "john"})),
            INTEGRITY,
            "Username must be in the form of an email address (for example, john@acme.com): Username",
            json!(["Username"]),
        ),
        case(
            "username taken here",
            'H',
            portal_user(json!({"Username": "VOLUME@new.example.com"})),
            "DUPLICATE_USERNAME",
            TAKEN,
            json!(["Username"]),
        ),
        case(
            "username taken elsewhere",
            'H',
            portal_user(json!({"Username": "{elsewhere}"})),
            "DUPLICATE_USERNAME",
            TAKEN,
            json!(["Username"]),
        ),
        case(
            "username taken on update",
            'H',
            patch(VOLUME, json!({"Username": "member@new.example.com"})),
            "DUPLICATE_USERNAME",
            TAKEN,
            json!(["Username"]),
        ),
        case(
            "nickname taken",
            'H',
            portal_user(json!({"CommunityNickname": "volume"})),
            "DUPLICATE_COMM_NICKNAME",
            "Duplicate Nickname.<br>Another user has already selected this nickname.<br>Please select another.",
            json!(["CommunityNickname"]),
        ),
        case(
            "e-mail domain",
            'H',
            internal_user(json!({})),
            INTEGRITY,
            "Invalid Email Address: Must be in domain(s) wnco.com: Email",
            json!(["Email"]),
        )
        .with(json!({"emailDomains": ["wnco.com"]})),
    ]
}

pub(super) fn people() -> Vec<Case> {
    const NO_CONTACT: &str = "Cannot create a portal user without contact";
    const OWNER: &str = "portal account owner must have a role";
    let orphan = || {
        post("sobjects/Contact", json!({"LastName": "Orphan", "AccountId": "{Account WHERE Owner.UserRoleId = null}"}))
    };
    let of_orphan = |profile: &str| new_user(profile, json!({"ContactId": "{Contact WHERE LastName = 'Orphan'}"}));
    vec![
        case(
            "portal profile without a contact",
            'H',
            portal_user(json!({"ContactId": null})),
            "INVALID_CROSS_REFERENCE_KEY",
            NO_CONTACT,
            json!(["ContactId"]),
        ),
        case(
            "contact taken from a portal user",
            'H',
            patch(VOLUME, json!({"ContactId": null})),
            "INVALID_CROSS_REFERENCE_KEY",
            NO_CONTACT,
            json!(["ContactId"]),
        ),
        case(
            "contact with an internal profile",
            'M',
            new_user("Standard User", json!({})),
            INTEGRITY,
            "only portal users can be associated to a contact",
            json!([]),
        ),
        case(
            "contact with a user",
            'H',
            portal_user(json!({"ContactId": "{ContactId of User WHERE Username = 'volume@new.example.com'}"})),
            "PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT",
            "portal user already exists for contact",
            json!([]),
        ),
        case(
            "contact with an inactive user",
            'H',
            portal_user(json!({"ContactId": "{ContactId of User WHERE Username = 'volume@new.example.com'}"})),
            "PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT",
            "portal user already exists for contact",
            json!([]),
        )
        .after([patch(VOLUME, json!({"IsActive": false}))]),
        case(
            "contact without an account",
            'U',
            portal_user(json!({"ContactId": "{Contact WHERE AccountId = null}"})),
            INTEGRITY,
            "The contact must have a value in the AccountId field",
            json!(["ContactId"]),
        ),
        case("owner without a role", 'H', of_orphan("Customer Portal User"), "UNKNOWN_EXCEPTION", OWNER, json!([]))
            .after([orphan()]),
        case(
            "owner without a role, as a server error",
            'U',
            of_orphan("Customer Portal User"),
            "UNKNOWN_EXCEPTION",
            OWNER,
            json!([]),
        )
        .status(500)
        .after([orphan()])
        .with(json!({"unknownExceptionStatus": 500})),
        case(
            "owner without a role, for a high-volume user",
            'U',
            of_orphan("Customer Community User"),
            "UNKNOWN_EXCEPTION",
            OWNER,
            json!([]),
        )
        .after([orphan()]),
        case(
            "account given to an owner without a role",
            'H',
            patch(
                "sobjects/Account/{account}",
                json!({"OwnerId": "{User WHERE UserRoleId = null AND UserType = 'Standard' AND IsActive = true}"}),
            ),
            "UNKNOWN_EXCEPTION",
            OWNER,
            json!([]),
        ),
        case(
            "owner of portal accounts loses the role",
            'U',
            patch(ADMIN, json!({"UserRoleId": null})),
            "USER_OWNS_PORTAL_ACCOUNT_EXCEPTION",
            "The user owns portal accounts and must have a role.",
            json!(["UserRoleId"]),
        ),
        case(
            "more portal users than an account can lose at once",
            'U',
            patch("sobjects/Account/{account}", json!({"IsCustomerPortal": false})),
            INTEGRITY,
            "You can disable up to 100 portal users of an account at once.",
            json!(["IsCustomerPortal"]),
        )
        .users(320),
    ]
}

pub(super) fn roles() -> Vec<Case> {
    const TYPE: &str = "role type must match user type";
    let internal = json!({"UserRoleId": "{UserRole WHERE Name = 'CEO'}"});
    let own = "{UserRole WHERE PortalType = 'CustomerPortal'}";
    let foreign = "{UserRole WHERE PortalType = 'CustomerPortal' AND PortalRole = 'Worker' AND PortalAccount.External_Id__c != 'ACC-000001'}";
    vec![
        case(
            "internal role for a portal user",
            'H',
            new_user("Customer Portal User", internal.clone()),
            INTEGRITY,
            TYPE,
            json!([]),
        ),
        case("internal role on update", 'H', patch(MEMBER, internal.clone()), INTEGRITY, TYPE, json!([])),
        case(
            "portal role for an internal user",
            'H',
            internal_user(json!({"UserRoleId": own})),
            INTEGRITY,
            TYPE,
            json!([]),
        ),
        case(
            "portal role of another account",
            'H',
            patch(MEMBER, json!({"UserRoleId": foreign})),
            INTEGRITY,
            TYPE,
            json!([]),
        ),
        case("role for a high-volume user", 'U', portal_user(internal), INTEGRITY, TYPE, json!([])),
        case(
            "portal role changed",
            'H',
            patch("sobjects/UserRole/{UserRole WHERE PortalType = 'CustomerPortal'}", json!({"Name": "Mine"})),
            INTEGRITY,
            "You can't update any field for a portal role",
            json!([]),
        ),
        case(
            "role made below a portal role",
            'H',
            post(
                "sobjects/UserRole",
                json!({"Name": "Mine", "ParentRoleId": "{UserRole WHERE PortalType = 'CustomerPortal'}"}),
            ),
            INTEGRITY,
            "Cannot specify system-maintained portal role field: [Name]",
            json!(["Name"]),
        ),
        case(
            "too many roles",
            'U',
            post("sobjects/UserRole", json!({"Name": "One more"})),
            "LIMIT_EXCEEDED",
            "You have reached the maximum number of roles.",
            json!([]),
        )
        .with(json!({"roleLimit": 4})),
    ]
}

pub(super) fn licences() -> Vec<Case> {
    const COMPATIBLE: &str = "You can only assign profiles that are compatible with the user's license. For a list of compatible \
        licenses and profiles, see the Salesforce Help.";
    const STANDARD: &str = "To create or update users for this profile, go to Setup > Digital Experiences > Settings and select \
        Allow using standard external profiles for self-registration, user creation, and login.";
    let plus = |changes: Value| new_user("Customer Community Plus User", changes);
    let no_standard = json!({"standardExternalProfiles": false});
    vec![
        case("user licence exhausted", 'M', portal_user(json!({})), "LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded - Customer Community", json!([])).after([Step::Seats("Customer Community", 0)]),
        case("user licence exhausted on reactivation", 'M', patch(VOLUME, json!({"IsActive": true})), "LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded - Customer Community", json!([])).after([patch(VOLUME, json!({"IsActive": false})), Step::Seats("Customer Community", 0)]),
        case("user licence exhausted on upgrade", 'M', profile_change(VOLUME, "Customer Community Plus User"), "LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded - Customer Community Plus", json!([])).after([Step::Seats("Customer Community Plus", 0)]),
        case("feature licence not of the user licence", 'H', portal_user(json!({"UserPermissionsMarketingUser": true})), INTEGRITY, "Marketing User is not allowed for this License Type.", json!([])),
        case("Live Agent for a portal user", 'H', patch(MEMBER, json!({"UserPermissionsLiveAgentUser": true})), INTEGRITY, "Live Agent User is not allowed for this License Type.", json!([])),
        case("content user for a high-volume user", 'H', patch(VOLUME, json!({"UserPermissionsSFContentUser": true})), INTEGRITY, "Salesforce CRM Content User is not allowed for this License Type.", json!([])),
        case("feature licence exhausted", 'H', plus(json!({"UserPermissionsSFContentUser": true})), "LICENSE_LIMIT_EXCEEDED", "License limit exceeded", json!([])).after([Step::Seats("SFContentUser", 0)]),
        case("feature licence exhausted on update", 'H', patch(VOLUME, json!({"UserPermissionsChatterAnswersUser": true})), "LICENSE_LIMIT_EXCEEDED", "License limit exceeded", json!([])).after([Step::Seats("ChatterAnswersUser", 0)]),
        case("permission set licence exhausted", 'H', post("sobjects/PermissionSetLicenseAssign", json!({"AssigneeId": "{User WHERE Username = 'member@new.example.com'}", "PermissionSetLicenseId": "{PermissionSetLicense WHERE DeveloperName = 'SalesConsoleUser'}"})), "LICENSE_LIMIT_EXCEEDED", "License limit exceeded", json!([])).after([Step::Seats("SalesConsoleUser", 0)]),
        case("profile of an internal licence", 'H', profile_change(VOLUME, "Standard User"), INTEGRITY, COMPATIBLE, json!(["ProfileId"])),
        case("profile of another external family", 'H', profile_change(VOLUME, "Customer Portal User"), INTEGRITY, COMPATIBLE, json!(["ProfileId"])),
        case("licence downgrade", 'H', profile_change(VOLUME, "Customer Community User"), INTEGRITY, COMPATIBLE, json!(["ProfileId"])).after([profile_change(VOLUME, "Customer Community Plus User")]),
        case("profile change refused by permission", 'H', profile_change(ADMIN, "Chatter Free User"), INTEGRITY, "User's Profile can't be set to 'Chatter Free User' because it's derived from a license that doesn't require the following permission(s): ChatterInternalUser. Select a different profile.", json!([]))
            .with(json!({"profileRefusalNamesPermission": true}))
            .after([internal_user(json!({"ProfileId": "{Profile WHERE Name = 'System Administrator'}"}))]),
        case("standard external profile on create", 'H', portal_user(json!({})), INTEGRITY, STANDARD, json!([])).with(no_standard.clone()),
        case("standard external profile on update", 'H', patch(VOLUME, json!({"Title": "x"})), INTEGRITY, STANDARD, json!([])).with(no_standard),
        case("administrator made by another", 'H', profile_change("sobjects/User/{User WHERE Username = 'plain@new.example.com'}", "System Administrator"), INTEGRITY, "Cannot grant or remove a profile with modify all data, without having the modify all data permission yourself.", json!([])).with(json!({"securityTokenRequired": false})).after([
            internal_user(json!({"Username": "plain@new.example.com"})),
            Step::ActAs("plain@new.example.com"),
        ]),
    ]
}
