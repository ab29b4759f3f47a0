//! What only some organizations have turned on: lists of states and countries, several currencies, record types.

use salesforce_emulator::Switches;
use serde_json::{Value, json};

use crate::bulk::ingest;
use crate::client::{Answer, Org};

fn lists() -> Switches {
    Switches { state_and_country_picklists: true, ..Switches::default() }
}

fn field(describe: &Value, name: &str) -> Value {
    let fields = describe["fields"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == name).cloned().unwrap_or(Value::Null)
}

fn refusal(answer: &Answer) -> (u16, String, String, Value) {
    let (code, message, fields) = answer.error();
    (answer.status, code, message, fields)
}

#[tokio::test]
async fn a_plain_organization_has_none_of_their_fields_and_objects() {
    let org = Org::start().await;
    let contact = org.contact("Plain").await;
    let row = org.get(&format!("sobjects/Contact/{contact}")).await.body;
    for name in ["MailingStateCode", "MailingCountryCode", "CurrencyIsoCode", "RecordTypeId"] {
        assert_eq!(row.get(name), None, "{name}");
        assert_eq!(field(&org.get("sobjects/Contact/describe").await.body, name), Value::Null, "{name}");
        assert_eq!(org.soql(&format!("SELECT {name} FROM Contact")).await.error().0, "INVALID_FIELD", "{name}");
        let refused = org.patch(&format!("sobjects/Contact/{contact}"), &json!({name: "x"})).await;
        assert_eq!(refused.error().1, format!("No such column '{name}' on sobject of type Contact"));
    }
    let (_, job) =
        ingest(&org, &json!({"operation": "insert", "object": "Contact"}), "LastName,MailingCountryCode\nA,DE\n").await;
    assert_eq!(job["errorMessage"], "InvalidBatch : Field name not found : MailingCountryCode");
    assert_eq!(org.soql("SELECT RecordType.Name FROM Contact").await.error().0, "INVALID_FIELD");
    assert_eq!(org.soql("SELECT Id FROM RecordType").await.body["totalSize"], 0);
    assert_eq!(org.soql("SELECT Id FROM CurrencyType").await.error().0, "INVALID_TYPE");
    assert_eq!(org.get("sobjects/CurrencyType/describe").await.status, 404);
    let fields = org.soql("SELECT FIELDS(STANDARD) FROM User LIMIT 1").await.body;
    assert_eq!(fields["records"][0].get("DefaultCurrencyIsoCode"), None);
    let moved = json!({"MailingCountry": "Deutschland", "MailingState": "Berlin"});
    assert_eq!(org.patch(&format!("sobjects/Contact/{contact}"), &moved).await.status, 204);
    let row = org.get(&format!("sobjects/Contact/{contact}?fields=MailingAddress")).await.body;
    assert_eq!(row["MailingAddress"]["country"], "Deutschland");
    assert_eq!(row["MailingAddress"].get("countryCode"), None);
    let found = org.soql("SELECT MailingAddress FROM Contact WHERE LastName = 'Plain'").await.body;
    assert_eq!(found["records"][0]["MailingAddress"].get("stateCode"), None);
}

#[tokio::test]
async fn codes_and_names_of_an_address_follow_each_other() {
    let org = Org::with(lists()).await;
    let contact = org.contact("Mover").await;
    let path = format!("sobjects/Contact/{contact}");
    let read = async || {
        let row = org.get(&path).await.body;
        ["MailingCountryCode", "MailingCountry", "MailingStateCode", "MailingState"].map(|name| row[name].clone())
    };
    for (change, expected) in [
        (json!({"MailingCountryCode": "US", "MailingStateCode": "CA"}), ["US", "United States", "CA", "California"]),
        (json!({"MailingState": "Texas"}), ["US", "United States", "TX", "Texas"]),
        (json!({"MailingCountry": "Canada", "MailingState": "Ontario"}), ["CA", "Canada", "ON", "Ontario"]),
        (json!({"MailingStateCode": ""}), ["CA", "Canada", "", ""]),
        (json!({"MailingStateCode": "ON"}), ["CA", "Canada", "ON", "Ontario"]),
        // The state goes with its country.
        (json!({"MailingCountryCode": null}), ["", "", "", ""]),
        (json!({"MailingCountry": "Germany"}), ["DE", "Germany", "", ""]),
    ] {
        let answer = org.patch(&path, &change).await;
        assert_eq!(answer.status, 204, "{change} {}", answer.body);
        let expected = expected.map(|text| if text.is_empty() { Value::Null } else { json!(text) });
        assert_eq!(read().await, expected, "{change}");
    }
    let address = org.look("MailingAddress", "Contact WHERE MailingCountryCode = 'DE'");
    assert_eq!((&address["countryCode"], &address["stateCode"]), (&json!("DE"), &Value::Null));
    let row = org.get(&format!("{path}?fields=MailingAddress")).await.body;
    assert_eq!(row["MailingAddress"]["countryCode"], "DE");
    // A new record follows the code where code and name say different things.
    let new = json!({"LastName": "New", "MailingCountry": "France", "MailingCountryCode": "IT"});
    assert_eq!(org.post("sobjects/Contact", &new).await.status, 201);
    assert_eq!(org.look("MailingCountry", "Contact WHERE LastName = 'New'"), "Italy");
}

#[tokio::test]
async fn users_have_lists_of_states_and_countries_too() {
    let org = Org::with(lists()).await;
    let user = org.user("mover", "Customer Community User").await;
    let path = format!("sobjects/User/{user}");
    assert_eq!(org.patch(&path, &json!({"CountryCode": "AU", "StateCode": "NSW"})).await.status, 204);
    assert_eq!(org.look("State", &format!("User WHERE Id = '{user}'")), "New South Wales");
    let refused = org.patch(&path, &json!({"Country": "Down under"})).await;
    assert_eq!(refused.error().2, json!(["Country"]));
}

#[tokio::test]
async fn an_address_that_is_not_in_the_lists_is_refused() {
    let org = Org::with(lists()).await;
    let integrity = "FIELD_INTEGRITY_EXCEPTION";
    let country = "There's a problem with this country, even though it may appear correct. Please select a \
                   country/territory from the list of valid countries.: Mailing Country";
    let state = "There's a problem with this state, even though it may appear correct. Please select a state from the \
                 list of valid states.: Mailing State/Province";
    let without = "A country/territory must be specified before specifying a state value for field: Mailing \
                   State/Province";
    let another = "The existing country/territory doesn't recognize the state value for field: Mailing State/Province \
                   Code";
    let restricted = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST";
    for (body, code, message, field) in [
        (json!({"MailingCountry": "USA"}), integrity, country, "MailingCountry"),
        (json!({"MailingCountry": "united states"}), integrity, country, "MailingCountry"),
        (
            json!({"MailingCountryCode": "USA"}),
            restricted,
            "Mailing Country Code: bad value for restricted picklist field: USA",
            "MailingCountryCode",
        ),
        (json!({"MailingState": "Texas"}), integrity, without, "MailingState"),
        (json!({"MailingCountry": "Canada", "MailingState": "Texas"}), integrity, state, "MailingState"),
        (json!({"MailingCountry": "United States", "MailingState": "CA"}), integrity, state, "MailingState"),
        (json!({"MailingCountryCode": "CA", "MailingStateCode": "TX"}), integrity, another, "MailingStateCode"),
        (
            json!({"MailingCountryCode": "US", "MailingStateCode": "XX"}),
            restricted,
            "Mailing State/Province Code: bad value for restricted picklist field: XX",
            "MailingStateCode",
        ),
    ] {
        let mut record = body.clone();
        record["LastName"] = json!("Refused");
        let answer = org.post("sobjects/Contact", &record).await;
        assert_eq!(refusal(&answer), (400, code.into(), message.into(), json!([field])), "{body}");
    }
    let contact = org.contact("Kept").await;
    let path = format!("sobjects/Contact/{contact}");
    assert_eq!(org.patch(&path, &json!({"MailingCountryCode": "US", "MailingStateCode": "CA"})).await.status, 204);
    for (change, message) in [
        (json!({"MailingCountry": "Canada"}), another),
        (json!({"MailingCountry": "Canada", "MailingCountryCode": "US"}), country),
        (json!({"MailingState": "Texas", "MailingStateCode": "CA"}), state),
    ] {
        let answer = org.patch(&path, &change).await;
        assert_eq!((answer.status, answer.error().1.as_str()), (400, message), "{change}");
    }
    assert_eq!(org.look("MailingState", "Contact WHERE LastName = 'Kept'"), "California");
}

#[tokio::test]
async fn a_country_from_before_the_lists_keeps_its_record_from_being_changed() {
    let org = Org::start().await;
    let contact = org.contact("Legacy").await;
    let path = format!("sobjects/Contact/{contact}");
    assert_eq!(org.patch(&path, &json!({"MailingCountry": "Deutschland"})).await.status, 204);
    org.emulator.set_switches(|switches| switches.state_and_country_picklists = true);
    assert_eq!(org.look("MailingCountryCode", "Contact WHERE LastName = 'Legacy'"), Value::Null);
    let refused = org.patch(&path, &json!({"Title": "Dr."})).await;
    assert_eq!(
        (refused.error().0.as_str(), refused.error().2),
        ("FIELD_INTEGRITY_EXCEPTION", json!(["MailingCountry"]))
    );
    assert_eq!(org.patch(&path, &json!({"Title": "Dr.", "MailingCountryCode": "DE"})).await.status, 204);
}

#[tokio::test]
async fn states_depend_on_their_country_in_describe() {
    let org = Org::with(lists()).await;
    let describe = org.get("sobjects/Contact/describe").await.body;
    let (country, state) = (field(&describe, "MailingCountryCode"), field(&describe, "MailingStateCode"));
    assert_eq!((&country["type"], &country["restrictedPicklist"]), (&json!("picklist"), &json!(true)));
    assert_eq!((&country["dependentPicklist"], &state["dependentPicklist"]), (&json!(false), &json!(true)));
    assert_eq!(state["controllerName"], "MailingCountryCode");
    assert_eq!(country["compoundFieldName"], "MailingAddress");
    let countries = country["picklistValues"].as_array().unwrap();
    assert_eq!(countries.len(), 239);
    // The bits of `validFor` count the controlling picklist's values from the left.
    let valid = |state: &Value| {
        use base64::Engine as _;
        let bits = base64::prelude::BASE64_STANDARD.decode(state["validFor"].as_str().unwrap()).unwrap();
        let set = |at: &usize| bits[at / 8] & (0x80 >> (at % 8)) != 0;
        let found: Vec<String> =
            (0..countries.len()).filter(set).map(|at| countries[at]["label"].as_str().unwrap().to_owned()).collect();
        found
    };
    let states = state["picklistValues"].as_array().unwrap();
    let named = |label: &str| states.iter().find(|state| state["label"] == label).unwrap();
    assert_eq!(
        (valid(named("California")), &named("California")["value"]),
        (vec!["United States".to_owned()], &json!("CA"))
    );
    assert_eq!(valid(named("New South Wales")), ["Australia"]);
}

#[tokio::test]
async fn records_have_one_of_the_organizations_currencies() {
    let org = Org::with(Switches { multi_currency: true, ..Switches::default() }).await;
    let types =
        org.soql("SELECT IsoCode, IsActive, IsCorporate, ConversionRate FROM CurrencyType ORDER BY IsoCode").await;
    let codes: Vec<&str> =
        types.body["records"].as_array().unwrap().iter().map(|row| row["IsoCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["EUR", "GBP", "JPY", "USD"]);
    let contact = org.contact("Payer").await;
    let path = format!("sobjects/Contact/{contact}");
    let own = |org: &Org| org.look("CurrencyIsoCode", "Contact WHERE LastName = 'Payer'");
    assert_eq!(own(&org), "GBP");
    assert_eq!(org.patch(&path, &json!({"CurrencyIsoCode": "EUR"})).await.status, 204);
    assert_eq!(own(&org), "EUR");
    for code in ["XXX", "JPY", "eur"] {
        let expected = (
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST".to_owned(),
            format!("Currency ISO Code: bad value for restricted picklist field: {code}"),
            json!(["CurrencyIsoCode"]),
        );
        assert_eq!(refusal(&org.patch(&path, &json!({"CurrencyIsoCode": code})).await), expected);
    }
    let connection = org.emulator.credentials();
    let password = format!("{}{}", connection.password, connection.security_token);
    let (_, login) = org.soap_login("64.0", "", &connection.username, &password).await;
    assert!(login.contains("<organizationMultiCurrency>true</organizationMultiCurrency>"), "{login}");
    assert!(login.contains("<userDefaultCurrencyIsoCode>GBP</userDefaultCurrencyIsoCode>"), "{login}");
    // A new record has the currency of whoever makes it.
    let admin = org.id(&format!("User WHERE Username = '{}'", org.emulator.credentials().username));
    let changed = org.patch(&format!("sobjects/User/{admin}"), &json!({"DefaultCurrencyIsoCode": "USD"})).await;
    assert_eq!(changed.status, 204, "{}", changed.body);
    org.contact("Later").await;
    assert_eq!(org.look("CurrencyIsoCode", "Contact WHERE LastName = 'Later'"), "USD");
    let described = field(&org.get("sobjects/Contact/describe").await.body, "CurrencyIsoCode");
    for (key, value) in [
        ("label", json!("Currency ISO Code")),
        ("length", json!(3)),
        ("byteLength", json!(9)),
        ("defaultValue", json!("GBP")),
        ("defaultedOnCreate", json!(true)),
        ("nillable", json!(true)),
        ("permissionable", json!(false)),
        ("restrictedPicklist", json!(true)),
    ] {
        assert_eq!(described[key], value, "{key}");
    }
    let dollar =
        json!({"active": true, "defaultValue": false, "label": "U.S. Dollar", "validFor": null, "value": "USD"});
    assert_eq!(described["picklistValues"].as_array().unwrap().last(), Some(&dollar));
}

#[tokio::test]
async fn records_have_a_type_that_their_creator_may_use() {
    let org = Org::with(Switches { record_types: true, ..Switches::default() }).await;
    let id = |name: &str| org.id(&format!("RecordType WHERE DeveloperName = '{name}'"));
    org.contact("Typed").await;
    let look = |field: &str| org.look(field, "Contact WHERE LastName = 'Typed'");
    assert_eq!(look("RecordType.DeveloperName"), "Business_Contact");
    let path = format!("sobjects/Contact/{}", look("Id").as_str().unwrap());
    let portal = id("Portal_Contact");
    assert_eq!(org.patch(&path, &json!({"RecordTypeId": &portal[..15]})).await.status, 204);
    assert_eq!(look("RecordTypeId"), json!(portal));
    let master = "012000000000000AAA".to_owned();
    for wrong in [id("Business_Account"), id("Internal_Contact"), id("Former_Contact"), master] {
        let expected = (
            400,
            "INVALID_CROSS_REFERENCE_KEY".to_owned(),
            format!("Record Type ID: this ID value isn't valid for the user: {wrong}"),
            json!(["RecordTypeId"]),
        );
        assert_eq!(refusal(&org.patch(&path, &json!({"RecordTypeId": wrong})).await), expected);
    }
    let account = org.emulator.credentials().account_id;
    let malformed = org.patch(&path, &json!({"RecordTypeId": account})).await;
    assert_eq!(malformed.error().1, format!("Record Type ID: id value of incorrect type: {account}"));
    assert_eq!(look("RecordTypeId"), json!(portal));
}

#[tokio::test]
async fn describe_names_the_record_types_and_says_which_are_available() {
    let org = Org::with(Switches { record_types: true, ..Switches::default() }).await;
    let kinds = async |org: &Org| {
        let describe = org.get("sobjects/Contact/describe").await.body;
        let kinds = describe["recordTypeInfos"].as_array().unwrap().iter();
        let kinds = kinds.map(|kind| {
            let is = |key: &str| kind[key] == json!(true);
            (
                kind["developerName"].as_str().unwrap().to_owned(),
                is("active"),
                is("available"),
                is("defaultRecordTypeMapping"),
            )
        });
        kinds.collect::<Vec<_>>()
    };
    let expected = [
        ("Business_Contact", true, true, true),
        ("Portal_Contact", true, true, false),
        ("Internal_Contact", true, false, false),
        ("Former_Contact", false, false, false),
        ("Master", true, true, false),
    ];
    assert_eq!(kinds(&org).await, expected.map(|(name, a, b, c)| (name.to_owned(), a, b, c)));
    let described = org.get("sobjects/Contact/describe").await.body;
    let first = &described["recordTypeInfos"][0];
    assert_eq!(first["recordTypeId"], json!(org.id("RecordType WHERE DeveloperName = 'Business_Contact'")));
    // Without them the list is empty, and the main type is the only one.
    org.emulator.set_switches(|switches| switches.record_types = false);
    assert_eq!(kinds(&org).await, [("Master".to_owned(), true, true, true)]);
    assert_eq!(org.soql("SELECT Id FROM RecordType").await.body["totalSize"], 0);
}
