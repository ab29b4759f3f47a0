//! What the org does around users: access, life cycle, records, passwords, limits.

use salesforce_emulator::{Effect, Fault};
use serde_json::{Value, json};

use super::*;

pub(super) fn access() -> Vec<Case> {
    let unclear = |name, fields| {
        case(
            name,
            'U',
            assign_by(fields),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [PermissionSetId]",
            json!(["PermissionSetId"]),
        )
    };
    let service = "{PermissionSetGroup WHERE DeveloperName = 'Portal_Service'}";
    vec![
        case("permission set of another licence", 'H', assign("Manage_Campaigns"), INTEGRITY, "The user license doesn't allow the permission: Manage Campaigns", json!([])),
        case("permission set given twice", 'H', assign("Portal_Case_Access"), "DUPLICATE_VALUE", "Duplicate PermissionSetAssignment.  Assignee: {15 User WHERE Username = 'volume@new.example.com'}; Permission Set: {15 PermissionSet WHERE Name = 'Portal_Case_Access'}", json!(["AssigneeId", "PermissionSetId"])).after([assign("Portal_Case_Access")]),
        case("permission set that is not there", 'H', post("sobjects/PermissionSetAssignment", json!({"AssigneeId": "{User WHERE Username = '<admin>'}", "PermissionSetId": "0PS000000000001"})), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", json!([])),
        case("permission set group with a set of another licence", 'L', assign_group("Partner_Sales"), INTEGRITY, "The user license doesn't allow the permission: Partner Deal Registration", json!([])),
        case("permission set group given twice", 'L', assign_group("Portal_Service"), "DUPLICATE_VALUE", "Duplicate PermissionSetAssignment.  Assignee: {15 User WHERE Username = 'volume@new.example.com'}; Permission Set: {15 PermissionSet WHERE Name = 'Portal_Service'}", json!(["AssigneeId", "PermissionSetId"])).after([assign_group("Portal_Service")]),
        case("permission set group that is not there", 'H', assign_by(json!({"PermissionSetGroupId": "0PG000000000001"})), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", json!([])),
        case("permission set group that is not up to date", 'U', assign_group("Portal_Rework"), INTEGRITY, "You can assign users only to permission set groups that have a status of Updated.", json!(["PermissionSetGroupId"])),
        unclear("assignment of nothing", json!({})),
        unclear("assignment of a set and a group", json!({"PermissionSetId": "{PermissionSet WHERE Name = 'Portal_Case_Access'}", "PermissionSetGroupId": service})),
        unclear("assignment of a group's own set", json!({"PermissionSetId": "{PermissionSet WHERE Name = 'Portal_Service'}"})),
        case("assignment changed", 'H', patch("sobjects/PermissionSetAssignment/{PermissionSetAssignment WHERE IsActive = true}", json!({"AssigneeId": "{User WHERE Username = '<admin>'}"})), "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: AssigneeId. Please check the security settings of this field and verify that it is read/write for your profile or permission set.", json!(["AssigneeId"])),
        case("high-volume user in a group", 'U', group_member("volume"), "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", json!(["UserOrGroupId"])),
        case("group membership under way", 'M', patch(MEMBER, json!({"Title": "x"})), "UNKNOWN_EXCEPTION", "group membership operation already in progress", json!([])).after([Step::Inject(Fault::new(Effect::GroupMembershipInProgress { records: Vec::new() }))]),
        case("user deleted", 'M', Step::Call("DELETE", VOLUME.to_owned(), Value::Null), "INVALID_TYPE_FOR_OPERATION", "entity type User does not support delete", json!([])),
    ]
}

pub(super) fn lifecycle() -> Vec<Case> {
    let login = |user: &str| format!("sobjects/UserLogin/{{UserLogin WHERE User.Username = '{user}'}}");
    let enable = "A disabled portal user can't be enabled again";
    vec![
        case(
            "own deactivation",
            'H',
            patch(ADMIN, json!({"IsActive": false})),
            INTEGRITY,
            "Cannot de-activate self: Active",
            json!(["IsActive"]),
        ),
        case(
            "last administrator demoted",
            'U',
            profile_change(ADMIN, "Standard User"),
            "CANNOT_DISABLE_LAST_ADMIN",
            "You can't disable the last active administrator.",
            json!([]),
        ),
        case(
            "default lead creator deactivated",
            'U',
            patch(VOLUME, json!({"IsActive": false})),
            INTEGRITY,
            "You cannot disable the Web to Lead Default Creator.",
            json!(["IsActive"]),
        )
        .with(json!({"cannotDeactivate": ["volume@new.example.com"]})),
        case(
            "disabled and deactivated at once",
            'U',
            patch(VOLUME, json!({"IsPortalEnabled": false, "IsActive": false})),
            INTEGRITY,
            "You cannot change IsActive and IsPortalEnabled in the same update",
            json!(["IsActive", "IsPortalEnabled"]),
        ),
        case(
            "disabled user enabled",
            'U',
            patch(VOLUME, json!({"IsPortalEnabled": true})),
            INTEGRITY,
            enable,
            json!(["IsPortalEnabled"]),
        )
        .after([disabled()]),
        case(
            "disabled user activated",
            'U',
            patch(VOLUME, json!({"IsActive": true})),
            INTEGRITY,
            enable,
            json!(["IsPortalEnabled"]),
        )
        .after([disabled()]),
        case(
            "disabled user given a contact",
            'U',
            patch(VOLUME, json!({"ContactId": "{Contact WHERE LastName = 'Spare'}"})),
            INTEGRITY,
            enable,
            json!(["IsPortalEnabled"]),
        )
        .after([disabled()]),
        case(
            "own freezing",
            'U',
            patch(&login("<admin>"), json!({"IsFrozen": true})),
            "CANNOT_FREEZE_SELF",
            "You can't freeze yourself.",
            json!(["IsFrozen"]),
        ),
        case(
            "password locked by hand",
            'U',
            patch(&login("volume@new.example.com"), json!({"IsPasswordLocked": true})),
            "CANNOT_PASSWORD_LOCKOUT",
            "You can only unlock a user's password; you can't lock it.",
            json!(["IsPasswordLocked"]),
        ),
        case(
            "portal user's contact deleted",
            'M',
            Step::Call(
                "DELETE",
                "sobjects/Contact/{ContactId of User WHERE Username = 'volume@new.example.com'}".to_owned(),
                Value::Null,
            ),
            "DELETE_FAILED",
            "Your attempt to delete volume could not be completed because it is associated with the following portal users.: volume@new.example.com\n",
            json!([]),
        ),
    ]
}

pub(super) fn records() -> Vec<Case> {
    let twin = || post("sobjects/Contact", json!({"LastName": "Spare", "AccountId": "{account}"}));
    let duplicate = "You're creating a duplicate record. We recommend you use an existing record instead.";
    let rule = |at_field: bool| json!({"validationRules": [{"object": "Contact", "field": "Phone", "refuses": "555*", "message": "No made-up numbers, please.", "atField": at_field}]});
    let title = |path: &str| json!({"attributes": {"type": "Contact"}, "id": path, "Title": "x"});
    let spare = "{Contact WHERE LastName = 'Spare'}";
    let lock = |records: Vec<usize>| Step::Inject(Fault::new(Effect::RowLock { records }).method("PATCH"));
    let mixed = |first: Value, second: Value| post("composite/sobjects", json!({"records": [first, second]}));
    let contact = || json!({"attributes": {"type": "Contact"}, "LastName": "Mixed"});
    let user = || json!({"attributes": {"type": "User"}, "LastName": "Mixed"});
    let not_permitted =
        "DML operation on setup object is not permitted after you have updated a non-setup object (or vice versa): ";
    vec![
        case("duplicate contact, alert", 'H', twin(), "DUPLICATES_DETECTED", duplicate, Value::Null).with(json!({"contactDuplicates": "alert"})),
        case("duplicate contact, block", 'H', twin(), "DUPLICATES_DETECTED", duplicate, Value::Null).with(json!({"contactDuplicates": "block"})),
        case("validation rule", 'H', post("sobjects/Contact", json!({"LastName": "Valid", "Phone": "555-1234"})), "FIELD_CUSTOM_VALIDATION_EXCEPTION", "No made-up numbers, please.", json!([])).with(rule(false)),
        case("validation rule at its field", 'H', patch(&format!("sobjects/Contact/{spare}"), json!({"Phone": "555-1234"})), "FIELD_CUSTOM_VALIDATION_EXCEPTION", "No made-up numbers, please.", json!(["Phone"])).with(rule(true)),
        case("row locked", 'H', patch(VOLUME, json!({"Title": "x"})), "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: {User WHERE Username = 'volume@new.example.com'}", json!([])).after([lock(Vec::new())]),
        case("row locked in a collection", 'H', patch("composite/sobjects", json!({"records": [title("{Contact WHERE AccountId = null}"), title(spare)]})), "UNABLE_TO_LOCK_ROW", &format!("unable to obtain exclusive access to this record or 1 records: {spare}"), json!([])).after([lock(vec![1])]).record(1),
        case("mixed DML, contact first", 'H', mixed(contact(), user()), "MIXED_DML_OPERATION", &format!("{not_permitted}User, original object: Contact"), json!([])),
        case("mixed DML, user first", 'H', mixed(user(), contact()), "MIXED_DML_OPERATION", &format!("{not_permitted}Contact, original object: User"), json!([])),
        case("contact of a person account", 'U', post("sobjects/Contact", json!({"LastName": "Kin", "AccountId": "{Account WHERE IsPersonAccount = true}"})), "INVALID_PERSON_ACCOUNT_OPERATION", "cannot reference person account", json!(["AccountId"])),
        case("contact moved to a person account", 'U', patch(&format!("sobjects/Contact/{spare}"), json!({"AccountId": "{Account WHERE IsPersonAccount = true}"})), "INVALID_PERSON_ACCOUNT_OPERATION", "cannot reference person account", json!(["AccountId"])),
        case("owner who is inactive", 'H', patch("sobjects/Account/{account}", json!({"OwnerId": "{User WHERE Username = 'member@new.example.com'}"})), "INACTIVE_OWNER_OR_USER", "operation performed with inactive user", json!(["OwnerId"])).after([patch(MEMBER, json!({"IsActive": false}))]),
    ]
}

pub(super) fn passwords() -> Vec<Case> {
    let policy = |name, given: &str, message: &str| {
        case(name, 'M', password(given), "INVALID_NEW_PASSWORD", message, Value::Null)
    };
    let used = || [password("firstOne1"), password("secondOne2"), password("thirdOne3")];
    vec![
        policy("short password", "short1", "Your password must be at least 8 characters long."),
        case(
            "password of letters",
            'H',
            password("onlyletters"),
            "INVALID_NEW_PASSWORD",
            "Your password must have a mix of letters and numbers.",
            Value::Null,
        ),
        policy(
            "password with the username",
            "1Volume@new.example.com",
            "Your password cannot equal or contain your user name.",
        ),
        case(
            "repeated password",
            'U',
            password("firstOne1"),
            "INVALID_NEW_PASSWORD",
            "invalid repeated password",
            Value::Null,
        )
        .after(used()),
        case(
            "own password",
            'M',
            post(&format!("{ADMIN}/password"), json!({"NewPassword": "another1One"})),
            "INSUFFICIENT_ACCESS",
            "Cannot set password for self",
            Value::Null,
        )
        .status(403),
        case(
            "expired administrator's password",
            'M',
            get("limits"),
            "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
            "The users password has expired, you must call SetPassword before attempting any other API operations",
            Value::Null,
        )
        .status(403)
        .after([Step::ExpireAdminPassword]),
    ]
}

pub(super) fn limits() -> Vec<Case> {
    const WRONG: &str = "Invalid username, password, security token; or user locked out.";
    let login = |name, password, code, message: &str| {
        case(name, 'H', Step::Login(password), code, message, Value::Null).status(500)
    };
    vec![
        case(
            "day's requests used up",
            'H',
            get("limits"),
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
            Value::Null,
        )
        .status(403)
        .after([Step::ApiRequests(1)]),
        case(
            "requests at one time",
            'M',
            get("limits"),
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            Value::Null,
        )
        .status(403)
        .with(json!({"concurrentApiRequests": 0})),
        case("session grown old", 'H', get("limits"), "INVALID_SESSION_ID", "Session expired or invalid", Value::Null)
            .status(401)
            .after([Step::Clock(7_201)]),
        case(
            "API switched off",
            'H',
            get("limits"),
            "API_DISABLED_FOR_ORG",
            "The REST API is not enabled for this Organization.",
            Value::Null,
        )
        .status(403)
        .with(json!({"apiEnabled": false})),
        login("wrong password", "wrong", "INVALID_LOGIN", WRONG),
        login(
            "password without the token",
            "{without token}",
            "LOGIN_MUST_USE_SECURITY_TOKEN",
            "Invalid username, password, security token; or user locked out. Are you at a new location? When accessing Salesforce--either via a desktop client or the API--from outside of your company’s trusted networks, you must add a security token to your password to log in. To get your new security token, log in to Salesforce. From your personal settings, enter Reset My Security Token in the Quick Find box, then select Reset My Security Token.",
        ),
        login(
            "SOAP login switched off",
            "{right}",
            "INVALID_OPERATION",
            "SOAP API login() is disabled by default in this org.",
        )
        .with(json!({"soapLogin": false})),
        case(
            "login from elsewhere",
            'M',
            Step::Login("{right}"),
            "LOGIN_DURING_RESTRICTED_DOMAIN",
            "cannot log in from current domain",
            Value::Null,
        )
        .status(500)
        .with(json!({"loginAddressRestricted": true})),
        case(
            "login at night",
            'M',
            Step::Login("{right}"),
            "LOGIN_DURING_RESTRICTED_TIME",
            "cannot log in at current time",
            Value::Null,
        )
        .status(500)
        .with(json!({"loginHoursRestricted": true})),
        login(
            "API switched off at login",
            "{right}",
            "API_DISABLED_FOR_ORG",
            "API is not enabled for this Organization or Partner",
        )
        .with(json!({"apiEnabled": false})),
    ]
}
