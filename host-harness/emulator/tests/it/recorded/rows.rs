//! Whole rows, and what describe says of their fields.

use serde_json::{Value, json};

use crate::client::Org;

/// The fields of a recorded row of User (`NangoHQ/integration-templates`, get-record-by-external-id.test.json), besides
/// `UserPreferences…` and those that only an org with lists of states and countries has.
#[rustfmt::skip]
const USER: &[&str] = &[
    "AboutMe", "AccountId", "Address", "Alias", "BadgeText", "BannerPhotoUrl", "CallCenterId", "City", "CommunityNickname",
    "CompanyName", "ContactId", "Country", "CreatedById", "CreatedDate", "DefaultGroupNotificationFrequency",
    "DelegatedApproverId", "Department", "DigestFrequency", "Division", "Email", "EmailEncodingKey",
    "EmailPreferencesAutoBcc", "EmailPreferencesAutoBccStayInTouch", "EmailPreferencesStayInTouchReminder",
    "EmployeeNumber", "EndDay", "Extension", "Fax", "FederationIdentifier", "FirstName", "ForecastEnabled", "FullPhotoUrl",
    "GeocodeAccuracy", "Id", "IndividualId", "IsActive", "IsExtIndicatorVisible", "IsProfilePhotoActive",
    "JigsawImportLimitOverride", "LanguageLocaleKey", "LastLoginDate", "LastModifiedById", "LastModifiedDate", "LastName",
    "LastPasswordChangeDate", "LastReferencedDate", "LastViewedDate", "Latitude", "LocaleSidKey", "Longitude", "ManagerId",
    "MediumBannerPhotoUrl", "MediumPhotoUrl", "MobilePhone", "Name", "NumberOfFailedLogins",
    "OfflinePdaTrialExpirationDate", "OfflineTrialExpirationDate", "OutOfOfficeMessage", "PasswordExpirationDate", "Phone",
    "PostalCode", "ProfileId", "ReceivesAdminInfoEmails", "ReceivesInfoEmails", "SenderEmail", "SenderName", "Signature",
    "SmallBannerPhotoUrl", "SmallPhotoUrl", "StartDay", "State", "StayInTouchNote", "StayInTouchSignature",
    "StayInTouchSubject", "Street", "SuAccessExpirationDate", "SystemModstamp", "TimeZoneSidKey", "Title",
    "UserPermissionsCallCenterAutoLogin", "UserPermissionsInteractionUser", "UserPermissionsJigsawProspectingUser",
    "UserPermissionsKnowledgeUser", "UserPermissionsMarketingUser", "UserPermissionsOfflineUser",
    "UserPermissionsSFContentUser", "UserPermissionsSiteforceContributorUser", "UserPermissionsSiteforcePublisherUser",
    "UserPermissionsSupportUser", "UserPermissionsWorkDotComUserFeature", "UserRoleId", "UserType", "Username",
];

#[tokio::test]
async fn a_whole_row_of_a_user_has_the_fields_of_a_recorded_one() {
    let org = Org::start().await;
    let id = org.id("User WHERE UserType = 'CspLitePortal'");
    let row = org.get(&format!("sobjects/User/{id}")).await.body;
    let missing: Vec<_> = USER.iter().filter(|name| row.get(**name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let preferences = row.as_object().unwrap().keys().filter(|name| name.starts_with("UserPreferences")).count();
    assert_eq!(preferences, 87);
    for (name, value) in [
        ("BadgeText", json!("")),
        ("OutOfOfficeMessage", json!("")),
        ("StartDay", json!("6")),
        ("EndDay", json!("23")),
        ("NumberOfFailedLogins", Value::Null),
        ("DigestFrequency", json!("N")),
        ("DefaultGroupNotificationFrequency", json!("N")),
        ("EmailPreferencesAutoBcc", json!(true)),
        ("UserPreferencesActivityRemindersPopup", json!(true)),
        ("UserPreferencesReminderSoundOff", json!(false)),
        ("BannerPhotoUrl", json!("/profilephoto/005/B")),
        ("Address", Value::Null),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    let label = |describe: &Value, wanted: &str| {
        let fields = describe["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == wanted).unwrap()["label"].clone()
    };
    let describe = org.get("sobjects/User/describe").await.body;
    assert_eq!(label(&describe, "UserPreferencesReminderSoundOff"), "ReminderSoundOff");
}

#[tokio::test]
async fn preferences_are_written_and_found() {
    let org = Org::start().await;
    let id = org.id("User WHERE UserType = 'CspLitePortal'");
    let path = format!("sobjects/User/{id}");
    let (sound, popup) = ("UserPreferencesReminderSoundOff", "UserPreferencesActivityRemindersPopup");
    for (changes, expected) in [
        (json!({sound: true}), [true, true]),
        (json!({popup: false, "Title": "x"}), [true, false]),
        (json!({sound: false}), [false, false]),
    ] {
        assert_eq!(org.patch(&path, &changes).await.status, 204, "{changes}");
        let row = org.get(&path).await.body;
        assert_eq!([&row[sound], &row[popup]], [&json!(expected[0]), &json!(expected[1])], "{changes}");
    }
    assert_eq!(org.id(&format!("User WHERE {popup} = false")), id);
    let mut body = org.user_body("prefers", "Customer Community User").await;
    body[sound] = json!(true);
    assert_eq!(org.post("sobjects/User", &body).await.status, 201);
    assert_eq!(org.look("LastName", &format!("User WHERE {sound} = true")), "prefers");
}

#[tokio::test]
async fn an_address_is_one_object_beside_its_parts() {
    let org = Org::start().await;
    let id = org.contact("Housed").await;
    let path = format!("sobjects/Contact/{id}");
    assert_eq!(org.get(&path).await.body["MailingAddress"], Value::Null);
    let change = json!({"MailingCity": "Austin", "MailingStreet": "1 \"Quoted\" St", "MailingLatitude": 30.25});
    assert_eq!(org.patch(&path, &change).await.status, 204);
    let address = json!({"city": "Austin", "country": null, "geocodeAccuracy": null, "latitude": 30.25, "longitude": null,
        "postalCode": null, "state": null, "street": "1 \"Quoted\" St"});
    assert_eq!(org.get(&path).await.body["MailingAddress"], address);
    let soql = format!("SELECT MailingAddress FROM Contact WHERE Id = '{id}'");
    assert_eq!(org.soql(&soql).await.body["records"][0]["MailingAddress"], address);
    let refused = org.patch(&path, &json!({"MailingAddress": {"city": "Berlin"}})).await;
    assert_eq!(refused.error().0, "INVALID_FIELD_FOR_INSERT_UPDATE");
    let filtered = org.soql("SELECT Id FROM Contact WHERE MailingAddress = null").await.error();
    assert_eq!(filtered.0, "INVALID_FIELD");
    assert!(filtered.1.ends_with("Address fields can only be filtered using Distance expressions"), "{}", filtered.1);
    let bulk = json!({"operation": "query", "query": "SELECT Id, MailingAddress FROM Contact"});
    assert_eq!(org.post("jobs/query", &bulk).await.error().1, "Selecting compound data not supported in Bulk Query");
}

#[tokio::test]
async fn describe_ties_the_parts_of_names_and_addresses_together() {
    let org = Org::start().await;
    for (object, field, compound, extra) in [
        ("Contact", "MailingCity", json!("MailingAddress"), Value::Null),
        ("Contact", "MailingStreet", json!("MailingAddress"), json!("plaintextarea")),
        ("Contact", "LastName", json!("Name"), Value::Null),
        ("Contact", "Name", Value::Null, json!("personname")),
        ("Account", "BillingPostalCode", json!("BillingAddress"), Value::Null),
        ("Account", "Name", Value::Null, json!("switchablepersonname")),
        ("User", "State", json!("Address"), Value::Null),
        ("User", "EmployeeNumber", Value::Null, Value::Null),
    ] {
        let describe = org.get(&format!("sobjects/{object}/describe")).await.body;
        let fields = describe["fields"].as_array().unwrap();
        let found = fields.iter().find(|found| found["name"] == field).unwrap();
        assert_eq!((&found["compoundFieldName"], &found["extraTypeInfo"]), (&compound, &extra), "{object}.{field}");
    }
}
