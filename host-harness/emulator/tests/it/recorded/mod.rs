//! The emulator, held against answers of real organizations that nobody here wrote, and against quotes of them.
//!
//! [`FACTS`] lists each fact with its source and with what the emulator makes of it; the tests beside it show it.

mod access;
mod describe;
mod queries;
mod rows;
mod wire;
mod writes;

/// What the emulator makes of a fact.
enum Standing {
    /// It does so, as the test of this name shows.
    Held(&'static str),
    /// It does so in one position of a switch, because sources disagree or orgs differ; and the test.
    Switch(&'static str, &'static str),
    /// It doesn't, and why.
    LeftOut(&'static str),
}

use Standing::{Held, LeftOut, Switch};

/// What is known, where it was seen, and what the emulator makes of it.
const FACTS: &[(&str, &str, Standing)] = &[
    (
        "Failed rows of an upsert say `created`: false, and true in an all-or-nothing call",
        "NangoHQ/integration-templates upsert-sobject-collection.test.json; jsforce/jsforce, run against scratch orgs",
        Held("failed_rows_of_an_upsert_say_whether_they_were_created"),
    ),
    (
        "Rows that were rolled back keep the ids of their records, or not",
        "REST guide, collections; amp-labs/connectors partial-but-allOrNone.json",
        Switch("rolledBackRowsKeepId", "rows_that_were_undone_keep_their_ids_by_a_switch"),
    ),
    (
        "Rows of one upsert that share a key are refused: `DUPLICATE_VALUE` \"Duplicate external id specified: a-1\"",
        "two clients that match it",
        Held("rows_of_one_upsert_that_share_a_key_are_all_refused"),
    ),
    (
        "Rows of one update that share an id are refused",
        "by analogy with upserts (L)",
        Held("rows_of_one_update_that_share_an_id_are_all_refused"),
    ),
    (
        "A Bulk row with a bad value: `INVALID_FIELD:Failed to deserialize field at col 3. Due to, …`, columns counted from 0",
        "amp-labs/connectors partial-failure.csv",
        Held("a_bulk_row_with_a_bad_value_names_its_column_and_its_type"),
    ),
    (
        "failedResults.csv: Salesforce's columns are quoted in the header, the upload's are as they were",
        "amp-labs/connectors partial-failure.csv",
        Held("failed_results_echo_the_header_of_the_upload"),
    ),
    (
        "PATCH of an ingest job answers without `lineEnding`, `columnDelimiter` and `contentUrl`",
        "amp-labs/connectors update-job-opportunity.json",
        Held("a_changed_job_is_shown_without_its_dialect_and_address"),
    ),
    (
        "`unprocessedRecords` is taken in any case",
        "clients write it both ways",
        Held("unprocessed_records_are_found_in_any_spelling"),
    ),
    (
        "415 `UNSUPPORTED_MEDIA_TYPE` \"MediaType of 'multipart/related' is not supported by this resource\"",
        "kevinohara80/nforce issue 74",
        Held("a_body_of_another_type_is_refused"),
    ),
    (
        "Collections are upserted by `Contact/Email`, and by `Id` without ids",
        "CumulusCI TestUpsert cassettes",
        Held("collections_are_upserted_by_an_indexed_field_and_by_id_without_ids"),
    ),
    (
        "An update of a record that isn't there, in a collection: `INVALID_CROSS_REFERENCE_KEY`, no fields",
        "NangoHQ/integration-templates update-sobject-collection.test.json",
        Held("a_record_of_a_collection_that_is_not_there_is_an_invalid_cross_reference"),
    ),
    (
        "\"field 'X' can not be filtered in a query call\", `INVALID_FIELD`; sorted and grouped: `MALFORMED_QUERY`",
        "several quotes",
        Held("long_texts_are_neither_filtered_nor_sorted_nor_grouped"),
    ),
    (
        "`SetupAuditTrail.Display` can't be filtered",
        "one quote (L)",
        Held("long_texts_are_neither_filtered_nor_sorted_nor_grouped"),
    ),
    (
        "SOAP `setPassword` for oneself: `INSUFFICIENT_ACCESS` \"Cannot set password for self\", unless the org allows it",
        "dxatscale/sfpowerkit issue 486; @salesforce/plugin-user generate.js",
        Switch("setOwnPassword", "soap_sets_the_own_password_only_where_the_org_allows_it"),
    ),
    (
        "An assignment of a permission set has an `ExpirationDate` that can be changed, and an `IsActive`",
        "object reference, PermissionSetAssignment; NangoHQ/integration-templates describe-global.test.json",
        Held("an_assignment_expires_and_is_active_again_with_a_later_date"),
    ),
    (
        "A leading double slash is taken",
        "CumulusCI TestSelect cassette; ConductorOne/baton-salesforce; @salesforce/plugin-auth",
        Held("a_second_leading_slash_is_taken"),
    ),
    (
        "Answers are chunked, with `Cache-Control`, `Vary`, `Server: sfdcedge` and three cookies",
        "NangoHQ/integration-templates, 19 recordings",
        Held("answers_come_in_chunks_with_cookies_and_headers_in_title_case"),
    ),
    (
        "Answers are compressed on request; a tag then ends with `--gzip`",
        "NangoHQ/integration-templates get-record.test.json, describe-global.test.json",
        Held("answers_are_compressed_on_request_and_their_tags_say_so"),
    ),
    (
        "An unchanged part of a composite request has body null and `httpHeaders` with `ETag` and `Last-Modified`",
        "CumulusCI ManualEditTestCompositeParallelSalesforce.test_http_headers.yaml",
        Held("parts_of_a_composite_request_tell_tag_and_date_even_when_unchanged"),
    ),
    (
        "Inside a composite answer a date has no leading zero",
        "NangoHQ/integration-templates composite-request.test.json",
        Held("parts_of_a_composite_request_tell_tag_and_date_even_when_unchanged"),
    ),
    (
        "A whole row of User has 184 fields, among them empty texts that aren't null",
        "NangoHQ/integration-templates get-record-by-external-id.test.json",
        Held("a_whole_row_of_a_user_has_the_fields_of_a_recorded_one"),
    ),
    (
        "Digests of a user are `N` by default",
        "NangoHQ/integration-templates get-record-by-external-id.test.json",
        Held("a_whole_row_of_a_user_has_the_fields_of_a_recorded_one"),
    ),
    (
        "Compound addresses are part of whole rows, and null if all their parts are",
        "NangoHQ/integration-templates get-record.test.json",
        Held("an_address_is_one_object_beside_its_parts"),
    ),
    (
        "\"Address fields can only be filtered using Distance expressions\"",
        "a client that reproduced it",
        Held("an_address_is_one_object_beside_its_parts"),
    ),
    (
        "\"Selecting compound data not supported in Bulk Query\"",
        "Airbyte's Salesforce source; several others",
        Held("an_address_is_one_object_beside_its_parts"),
    ),
    (
        "Describe: `compoundFieldName` of addresses, `extraTypeInfo` personname and switchablepersonname",
        "NangoHQ/integration-templates describe-sobject.test.json; CumulusCI GET_sobjects_Contact_describe.yaml",
        Held("describe_ties_the_parts_of_names_and_addresses_together"),
    ),
    (
        "REST with an empty body: 400 `JSON_PARSER_ERROR` \"The HTTP entity body is required, but this request has no entity body.\"",
        "six independent test suites",
        Held("a_body_that_is_missing_or_of_another_shape_is_refused_in_the_parsers_words"),
    ),
    (
        "\"Cannot deserialize instance of datetime from VALUE_STRING value X or request may be missing a required field at …\"",
        "regican/Salesforce issue 2; restforce issue 897; mautic issue 3048; formie issue 2790",
        Held("a_body_that_is_missing_or_of_another_shape_is_refused_in_the_parsers_words"),
    ),
    (
        "\"Cannot deserialize instance of multipicklist from START_ARRAY value [line:1, column:51]\"",
        "salesforce.stackexchange 54882; formie issue 2124",
        Held("a_body_that_is_missing_or_of_another_shape_is_refused_in_the_parsers_words"),
    ),
    (
        "\"Unexpected character ('r' (code 114)): expected a valid value (number, String, array, object, 'true', 'false' or 'null') at [line:1, column:2]\"",
        "salesforce.stackexchange 137599",
        Held("a_body_that_is_no_json_is_refused_in_the_parsers_words"),
    ),
    (
        "The excerpt of a query: 30 characters before the error and 31 from it on, widened to the next comma or blank",
        "eight recorded answers, among them amp-labs/connectors unknown-object.json and CumulusCI count_sobjects__errors",
        Held("an_excerpt_widens_to_the_next_comma_or_blank"),
    ),
    (
        "`query?columns=true` tells `columnMetadata`, with `joinColumns` for parents and children, and no rows",
        "salesforcecli/plugin-data soqlQuery.ts; jetstreamapp/jetstream, both run against organizations",
        Held("the_columns_of_a_query_are_told_without_its_rows"),
    ),
    (
        "`limits/recordCount?sObjects=…` answers `{\"sObjects\": [{count, name}]}`",
        "CumulusCI TestDatasetsE2E cassette",
        Held("records_are_counted_by_object"),
    ),
    (
        "Organization has `TrialExpirationDate` and `PrimaryContact`; PermissionSetGroup `NamespacePrefix` and `HasActivationRequired`",
        "amp-labs/connectors organization-sampled.json; ConductorOne/baton-salesforce query.go",
        Held("clients_find_what_they_ask_for_when_they_sign_in"),
    ),
    (
        "`Organization.Name` can't be created and is an `idLookup`",
        "CumulusCI GET_sobjects_Organization.yaml",
        Held("fields_have_the_flags_of_a_recorded_describe"),
    ),
    (
        "Flags, plural labels and addresses of the setup objects and of User in the list of all objects",
        "NangoHQ/integration-templates describe-global.test.json; CumulusCI GET_sobjects_Global_describe.yaml",
        Held("objects_have_the_flags_and_addresses_of_a_recorded_list"),
    ),
    (
        "`searchPrefilterable`, `nillable` and `permissionable` of names and owners",
        "NangoHQ/integration-templates describe-sobject.test.json; CumulusCI GET_sobjects_Contact_describe.yaml",
        Held("fields_have_the_flags_of_a_recorded_describe"),
    ),
    (
        "`limits` has 71 entries",
        "NangoHQ/integration-templates get-limits.test.json",
        Held("the_limits_are_those_of_a_recorded_answer"),
    ),
    (
        "The label of v42.0 has a typographic apostrophe; the list of versions has no `Sforce-Limit-Info`",
        "NangoHQ/integration-templates list-available-resources.test.json",
        Held("one_label_of_a_version_has_another_apostrophe"),
    ),
    (
        "Query locators begin with `0r8`",
        "NangoHQ/integration-templates retrieve-query-more.test.json",
        Held("a_locator_has_another_prefix_than_it_used_to_have"),
    ),
    (
        "`userinfo`: `updated_at` ends with `Z`, an empty address is `{}`, and there is no `Sforce-Limit-Info`",
        "NangoHQ/integration-templates get-current-user.test.json",
        Held("the_user_of_a_token_has_an_empty_address_and_another_form_of_date"),
    ),
    (
        "A nickname that Salesforce makes up is `User` and 20 digits",
        "NangoHQ/integration-templates get-current-user.test.json",
        Held("a_made_up_nickname_is_user_and_twenty_digits"),
    ),
    (
        "A change of an external user's e-mail by an administrator or the API sets `HasUserVerifiedEmail` to false",
        "Salesforce Help 005103627",
        Held("a_new_address_of_an_external_user_has_yet_to_be_verified"),
    ),
    (
        "User-scoped scopes `scopingRule` and `team` in describe",
        "NangoHQ/integration-templates describe-sobject.test.json",
        LeftOut("queries have no scopes here"),
    ),
    (
        "405 texts list the methods of a resource, in several orders",
        "public quotes",
        LeftOut("no client reads them, and sources disagree"),
    ),
    (
        "`sub` of `userinfo` is an address of login.salesforce.com even where My Domain was used",
        "NangoHQ/integration-templates get-current-user.test.json",
        LeftOut("a client that follows it would leave the emulator"),
    ),
];

/// The files of the tests, in which [`Standing`]'s names must be found.
const TESTS: &[&str] = &[
    include_str!("access.rs"),
    include_str!("describe.rs"),
    include_str!("queries.rs"),
    include_str!("rows.rs"),
    include_str!("wire.rs"),
    include_str!("writes.rs"),
];

#[test]
fn every_fact_has_its_test_and_every_switch_is_one() {
    let switches = serde_json::to_value(salesforce_emulator::Switches::default()).unwrap();
    for (fact, source, standing) in FACTS {
        assert!(!fact.is_empty() && !source.is_empty());
        let test = match standing {
            Held(test) => test,
            Switch(switch, test) => {
                assert!(switches.get(switch).is_some(), "{fact}: there is no switch {switch}");
                test
            }
            LeftOut(why) => {
                assert!(!why.is_empty(), "{fact}");
                continue;
            }
        };
        assert!(TESTS.iter().any(|file| file.contains(&format!("fn {test}()"))), "{fact}: there is no test {test}");
    }
}

#[test]
fn the_documents_count_the_facts() {
    let count = |wanted: fn(&Standing) -> bool| FACTS.iter().filter(|(_, _, standing)| wanted(standing)).count();
    let line = format!(
        "Of {} recorded or quoted facts, {} are held, {} are behind a switch, and {} are left out.",
        FACTS.len(),
        count(|standing| matches!(standing, Held(_))),
        count(|standing| matches!(standing, Switch(..))),
        count(|standing| matches!(standing, LeftOut(_))),
    );
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/emulator.md");
    let text = std::fs::read_to_string(file).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&line), "docs/emulator.md doesn't say: {line}");
}
