use super::*;

fn soql(after: &str, limit: u32) -> String {
    format!(
        "SELECT Id,Username,IsActive,UserType,SystemModstamp,ProfileId,UserRoleId,Email,Contact.AccountId FROM User \
         WHERE {TYPES}{after} ORDER BY Id LIMIT {limit}"
    )
}

fn frozen_soql(first: &str, last: &str) -> String {
    format!("SELECT UserId FROM UserLogin WHERE IsFrozen = true AND UserId >= '{first}' AND UserId <= '{last}'")
}

fn none_frozen(script: &Script, first: &str, last: &str) {
    script.composite(&[(&frozen_soql(first, last), 200, NONE)]);
}

fn census_soql(range: &str) -> String {
    format!("SELECT COUNT(Id) counted,MIN(Id) least,MAX(Id) greatest FROM User WHERE {TYPES}{range}")
}

fn counted(users: u64, least: &str, greatest: &str) -> String {
    records(&[&format!(
        r#"{{"attributes":{{"type":"AggregateResult"}},"counted":{users},"least":"{least}","greatest":"{greatest}"}}"#
    )])
}

/// The first request of an import, which is the only one that counts the users.
fn begins(script: &Script, soql: &str, answer: impl AsRef<str>, users: u64) {
    script.composite(&[(soql, 200, answer.as_ref()), (&census_soql(""), 200, &counted(users, A, C))]);
}

/// What is left behind this user, without an end.
fn behind(last: &str, left: u64) -> String {
    format!("3.full.15.{NOW}.{last}--{left}")
}

fn range(first: &str, last: &str) -> String {
    format!("(SELECT Id FROM User WHERE {TYPES} AND Id >= '{first}' AND Id <= '{last}')")
}

#[test]
fn a_page_is_one_call_for_the_users_and_one_for_what_they_hold() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    begins(&script, golden("import/default.soql").trim_end(), golden("import/page.json"), 3);
    let members = records(&[&format!(r#"{{"UserOrGroupId":"{A}","GroupId":"00G5e000001GrpAAAS"}}"#)]);
    let sets = records(&[
        &format!(r#"{{"AssigneeId":"{C}","PermissionSetId":"0PS5e000001SetAAAS","PermissionSetGroupId":null}}"#),
        &format!(
            r#"{{"AssigneeId":"{A}","PermissionSetId":"0PS5e000001SetBAAS","PermissionSetGroupId":"0PG5e000001GrpAAAS"}}"#
        ),
        r#"{"AssigneeId":"0055e000001NobodyAA","PermissionSetId":"0PS5e000001SetBAAS"}"#,
    ]);
    script.composite(&[
        (&frozen_soql(A, C), 200, &records(&[&format!(r#"{{"UserId":"{B}"}}"#)])),
        (
            &format!(
                "SELECT UserOrGroupId,GroupId FROM GroupMember WHERE Group.Type = 'Regular' AND UserOrGroupId IN {}",
                range(A, C)
            ),
            200,
            &members,
        ),
        (
            &format!(
                "SELECT AssigneeId,PermissionSetId,PermissionSetGroupId FROM PermissionSetAssignment \
                 WHERE PermissionSet.IsOwnedByProfile = false AND AssigneeId IN {}",
                range(A, C)
            ),
            200,
            &sets,
        ),
    ]);
    let query = ImportQuery { scope: ImportScope::Full, page_size: 100, attributes: vec![], grants: true };
    let page = session.import_users(&query).unwrap();
    assert_eq!(page.next, None);
    assert_eq!(page.watermark, Some(format!("3.since.15.{}", NOW - 300)));
    let statuses: Vec<Status> = page.users.iter().map(|user| user.status).collect();
    assert_eq!(statuses, [Status::Active, Status::Frozen, Status::Inactive]);
    let ada = &page.users[0];
    assert_eq!(ada.id, A);
    assert_eq!(ada.username, "ada@portal.example");
    assert_eq!(ada.modified, "2022-03-17T16:21:26.000Z");
    let text = |name: &str| page.value(ada, name).cloned();
    let value = |text: &str| Some(crate::model::Value::Text(text.to_owned()));
    assert_eq!(text("familyName"), value("King \"Lovelace\""));
    assert_eq!(text("contactEmail"), value("ada@example.com"));
    assert_eq!(text("accountId"), value("0015e00000AcmeAAAR"));
    assert_eq!(text("title"), None);
    assert_eq!(
        grants(ada),
        [
            ("profile", "00e5e000001PrtAAAS"),
            ("role", "00E5e000001RolAEAS"),
            ("feature-license", "UserPermissionsKnowledgeUser"),
            ("public-group", "00G5e000001GrpAAAS"),
            ("permission-set-group", "0PG5e000001GrpAAAS"),
        ]
    );
    assert!(grants(&page.users[2]).contains(&("permission-set", "0PS5e000001SetAAAS")));
}

/// The first of two pages, of two users and of one. What is asked for the second one goes out before the first is given.
fn first_of_two(script: &Script, session: &Session<Script>) -> ImportPage {
    begins(script, &soql("", 2), records(&[&row(A, true), &row(B, true)]), 3);
    let next = soql(&format!(" AND Id > '{B}'"), 2);
    script.composite(&[(&next, 200, &records(&[&row(C, true)])), (&frozen_soql(A, B), 200, NONE)]);
    none_frozen(script, C, C);
    session.import_users(&query(ImportScope::Full, 2)).unwrap()
}

#[test]
fn a_request_asks_for_the_next_users_and_for_what_the_last_ones_hold() {
    let script = Script::new();
    let session = session(&script);
    let first = first_of_two(&script, &session);
    assert_eq!((first.users.len(), &first.watermark), (2, &None));
    assert_eq!(first.next, Some(behind(B, 1)));
    let second = session.import_users(&query(ImportScope::Resume(first.next.unwrap()), 2)).unwrap();
    assert_eq!(second.users.len(), 1);
    assert_eq!(second.next, None);
    // From when the first page was read, not the last.
    assert_eq!(second.watermark, Some(format!("3.since.15.{}", NOW - 300)));
}

#[test]
fn what_was_read_beyond_the_cursor_is_only_used_for_the_same_wishes() {
    let script = Script::new();
    let session = session(&script);
    let first = first_of_two(&script, &session);
    let again = query(ImportScope::Resume(first.next.unwrap()), 1);
    script.composite(&[(&soql(&format!(" AND Id > '{B}'"), 1), 200, &records(&[&row(C, true)]))]);
    script.composite(&[(&soql(&format!(" AND Id > '{C}'"), 1), 200, NONE), (&frozen_soql(C, C), 200, NONE)]);
    assert_eq!(session.import_users(&again).unwrap().next, None);
}

#[test]
fn a_full_page_at_the_very_end_is_followed_by_an_empty_last_one() {
    let script = Script::new();
    let session = session(&script);
    script.composite(&[(&soql(&format!(" AND Id > '{A}'"), 1), 200, NONE)]);
    let page = session.import_users(&query(ImportScope::Resume(behind(A, 0)), 1)).unwrap();
    assert_eq!((page.users.len(), page.next, page.watermark), (0, None, Some(format!("3.since.15.{}", NOW - 300))));
}

#[test]
fn a_page_that_salesforce_cuts_short_is_not_the_last_and_its_locator_is_not_used() {
    let script = Script::new();
    let session = session(&script);
    let cut = format!(
        r#"{{"totalSize":3,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-1","records":[{}]}}"#,
        row(A, true)
    );
    begins(&script, &soql("", 2000), cut, 2);
    let next = soql(&format!(" AND Id > '{A}'"), 2000);
    script.composite(&[(&next, 200, &records(&[&row(C, true)])), (&frozen_soql(A, A), 200, NONE)]);
    none_frozen(&script, C, C);
    let page = session.import_users(&query(ImportScope::Full, 5000)).unwrap();
    assert_eq!(page.next, Some(behind(A, 1)));
}

/// Users of one letter each, in the order of their ids.
fn letters(letters: &str) -> Vec<String> {
    letters.chars().map(|letter| Id::parse(&format!("0055e000001Usr{letter}")).unwrap().to_string()).collect()
}

#[test]
fn many_users_are_parted_into_ranges_that_are_read_side_by_side() {
    let script = Script::new();
    let session = session_with(&script, &[("requests-in-flight", "2")]);
    let ids = letters("ABCDEFGHI");
    let [a, b, c, d, e, f, g, h, i] = &ids[..] else { panic!("{ids:?}") };
    let rows = |ids: &[&String]| {
        records(&ids.iter().map(|id| row(id, true)).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>())
    };
    let between = |after: &str, end: &str| format!(" AND Id > '{after}' AND Id <= '{end}'");
    let first = soql("", 1);
    script.composite(&[(&first, 200, &rows(&[a])), (&census_soql(""), 200, &counted(9, a, i))]);
    // One request of five counts, since one of two requests asks for what the first user holds.
    let bounds = letters("ABDEGI");
    let cells: Vec<(String, String)> = bounds
        .windows(2)
        .zip([(b, b, 1), (c, d, 2), (e, e, 1), (f, g, 2), (h, i, 2)])
        .map(|(two, (least, greatest, users))| {
            (census_soql(&between(&two[0], &two[1])), counted(users, least, greatest))
        })
        .collect();
    script.composite(&cells.iter().map(|(soql, answer)| (soql.as_str(), 200, answer.as_str())).collect::<Vec<_>>());
    none_frozen(&script, a, a);
    // Of the eight others, half of them in each range.
    let (low, high) = (soql(&between(a, e), 1), soql(&format!(" AND Id > '{e}'"), 1));
    script.composite(&[(&high, 200, &rows(&[f]))]);
    script.composite(&[(&low, 200, &rows(&[b]))]);
    let page = session.import_users(&query(ImportScope::Full, 1)).unwrap();
    assert_eq!(page.users[0].id, *a);
    let next = page.next.unwrap();
    assert_eq!(next, format!("3.full.15.{NOW}.{a}-{e}-4.{e}--4"));
    // Another session goes on with both.
    let session = session_with(&script, &[("requests-in-flight", "2")]);
    script.composite(&[(&low, 200, NONE)]);
    script.composite(&[(&high, 200, &rows(&[f]))]);
    script.composite(&[(&soql(&format!(" AND Id > '{f}'"), 1), 200, NONE), (&frozen_soql(f, f), 200, NONE)]);
    let page = session.import_users(&query(ImportScope::Resume(next), 1)).unwrap();
    assert_eq!(page.users[0].id, *f);
}

#[test]
fn holdings_that_salesforce_cuts_short_are_read_to_their_end() {
    let script = Script::new();
    let session = session(&script);
    begins(&script, &soql("", 10), records(&[&row(A, true), &row(B, true)]), 2);
    let cut = r#"{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/01g-2000","records":[]}"#;
    script.composite(&[(&frozen_soql(A, B), 200, cut)]);
    let rest = records(&[&format!(r#"{{"UserId":"{B}"}}"#)]);
    script.rest("GET", "/services/data/v66.0/query/01g-2000", "", 200, rest);
    let page = session.import_users(&query(ImportScope::Full, 10)).unwrap();
    assert_eq!(page.users[1].status, Status::Frozen);
}

#[test]
fn answers_without_progress_are_errors_and_no_endless_import() {
    for body in [
        r#"{"totalSize":3,"done":false,"records":[]}"#.to_owned(),
        format!(r#"{{"totalSize":3,"done":false,"records":[{}]}}"#, row(A, true)),
    ] {
        let script = Script::new();
        let session = session(&script);
        script.composite(&[(&soql(&format!(" AND Id > '{A}'"), 10), 200, &body)]);
        let error = session.import_users(&query(ImportScope::Resume(behind(A, 3)), 10)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient);
    }
}

#[test]
fn malformed_answers_are_errors() {
    for body in [
        "[]",
        "null",
        r#"{"done":true}"#,
        r#"{"done":true,"records":[{"Username":"x"}]}"#,
        r#"{"done":true,"records":[1]}"#,
    ] {
        let script = Script::new();
        let session = session(&script);
        begins(&script, &soql("", 10), body, 1);
        assert_eq!(
            session.import_users(&query(ImportScope::Full, 10)).unwrap_err().kind,
            ErrorKind::Transient,
            "{body}"
        );
    }
}

#[test]
fn a_page_size_of_nothing_still_makes_progress() {
    let script = Script::new();
    let session = session(&script);
    script.composite(&[
        (&soql("", 1), 200, NONE),
        (&census_soql(""), 200, &records(&[r#"{"counted":0,"least":null,"greatest":null}"#])),
    ]);
    assert!(session.import_users(&query(ImportScope::Full, 0)).is_ok());
}

const HIDDEN: &str = r#"[{"message":"sObject type 'UserLogin' is not supported.","errorCode":"INVALID_TYPE"}]"#;

#[test]
fn without_the_right_to_see_the_frozen_the_import_goes_on_and_says_so() {
    let script = Script::new();
    let session = session(&script);
    begins(&script, &soql("", 10), records(&[&row(A, true)]), 1);
    script.composite(&[(&frozen_soql(A, A), 400, HIDDEN)]);
    let page = session.import_users(&query(ImportScope::Full, 10)).unwrap();
    assert_eq!(page.users[0].status, Status::Active);
    assert!(script.logged().iter().any(|line| line.contains("frozen")));
}

#[test]
fn a_passing_failure_never_makes_frozen_users_active() {
    let script = Script::new();
    let session = session(&script);
    begins(&script, &soql("", 10), records(&[&row(A, true)]), 1);
    let busy = r#"[{"message":"busy","errorCode":"SERVER_UNAVAILABLE"}]"#;
    script.composite(&[(&frozen_soql(A, A), 503, busy)]);
    assert_eq!(session.import_users(&query(ImportScope::Full, 10)).unwrap_err().kind, ErrorKind::Transient);
}

#[test]
fn custom_attributes_are_read_by_their_own_names() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let soql = format!(
        "SELECT Id,Username,IsActive,UserType,SystemModstamp,ProfileId,UserRoleId,Level__c,Contact.Newsletter__c FROM User \
         WHERE {TYPES} ORDER BY Id LIMIT 10"
    );
    let row = row(A, true).replace(r#""Email":"a@x.example","#, r#""Level__c":2.5,"#);
    let row = row.replace(r#""AccountId":"0015e00000AcmeAAAR""#, r#""Newsletter__c":true"#);
    begins(&script, &soql, records(&[&row]), 1);
    none_frozen(&script, A, A);
    let attributes = vec!["Level__c".to_owned(), "Contact.Newsletter__c".to_owned()];
    let query = ImportQuery { scope: ImportScope::Full, page_size: 10, attributes, grants: false };
    let page = session.import_users(&query).unwrap();
    use crate::model::Value;
    assert_eq!(page.attributes, ["Level__c", "Contact.Newsletter__c"]);
    assert_eq!(page.users[0].values, [Some(Value::Text("2.5".to_owned())), Some(Value::Boolean(true))]);
    let unknown = ImportQuery { attributes: vec!["Nothing__c".to_owned()], ..query };
    assert_eq!(session.import_users(&unknown).unwrap_err().kind, ErrorKind::InvalidValue);
}

#[test]
fn the_watermark_is_salesforces_own_time_and_the_hosts_only_where_it_gives_none() {
    const TIME: u64 = 784_111_777;
    for (date, began) in [("Sun, 06 Nov 1994 08:49:37 GMT", TIME), ("yesterday", NOW), ("", NOW)] {
        let script = Script::new();
        let session = session(&script);
        script.date(date);
        begins(&script, &soql("", 2), records(&[&row(A, true), &row(B, true)]), 3);
        let rest = soql(&format!(" AND Id > '{B}'"), 2);
        script.composite(&[(&rest, 200, &records(&[&row(C, true)])), (&frozen_soql(A, B), 200, NONE)]);
        none_frozen(&script, C, C);
        let first = session.import_users(&query(ImportScope::Full, 2)).unwrap();
        let next = first.next.unwrap();
        assert_eq!(next, format!("3.full.15.{began}.{B}--1"), "{date}");
        // Another session goes on from there, at a later time, which doesn't count.
        let session = self::session(&script);
        script.date("Mon, 07 Nov 1994 08:49:37 GMT");
        script.composite(&[(&rest, 200, NONE)]);
        let last = session.import_users(&query(ImportScope::Resume(next), 2)).unwrap();
        assert_eq!(last.watermark, Some(format!("3.since.15.{}", began - 300)), "{date}");
    }
}

#[test]
fn holdings_of_more_pages_than_one_are_asked_for_side_by_side_to_their_end() {
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let fields = "Id,Username,IsActive,UserType,SystemModstamp,ProfileId,UserRoleId,Email,Contact.AccountId,\
                  UserPermissionsKnowledgeUser";
    let soql = format!("SELECT {fields} FROM User WHERE {TYPES} ORDER BY Id LIMIT 9");
    begins(&script, &soql, records(&[&row(A, true), &row(B, true)]), 2);
    let cut = |next: &str, row: String| {
        format!(
            r#"{{"totalSize":9,"done":false,"nextRecordsUrl":"/services/data/v66.0/query/{next}","records":[{row}]}}"#
        )
    };
    let member = |user: &str, group: &str| format!(r#"{{"UserOrGroupId":"{user}","GroupId":"{group}"}}"#);
    let set = |user: &str, set: &str| format!(r#"{{"AssigneeId":"{user}","PermissionSetId":"{set}"}}"#);
    let among = range(A, B);
    script.composite(&[
        (&frozen_soql(A, B), 200, NONE),
        (
            &format!("SELECT UserOrGroupId,GroupId FROM GroupMember WHERE Group.Type = 'Regular' AND UserOrGroupId IN {among}"),
            200,
            &cut("01g-1", member(A, "00G1")),
        ),
        (
            &format!(
                "SELECT AssigneeId,PermissionSetId,PermissionSetGroupId FROM PermissionSetAssignment \
                 WHERE PermissionSet.IsOwnedByProfile = false AND AssigneeId IN {among}"
            ),
            200,
            &cut("01g-2", set(A, "0PS1")),
        ),
    ]);
    let path = |next: &str| format!("/services/data/v66.0/query/{next}");
    script.rest("GET", &path("01g-1"), "", 200, cut("01g-3", member(B, "00G2")));
    script.rest("GET", &path("01g-2"), "", 200, records(&[&set(B, "0PS2")]));
    script.rest("GET", &path("01g-3"), "", 200, records(&[&member(B, "00G3")]));
    let page = session.import_users(&ImportQuery { grants: true, ..query(ImportScope::Full, 9) }).unwrap();
    let held = |user: &User| grants(user).iter().map(|(_, id)| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(held(&page.users[0]), ["00e5e000001PrtAAAS", "00G1", "0PS1"]);
    assert_eq!(held(&page.users[1]), ["00e5e000001PrtAAAS", "00G2", "0PS2", "00G3"]);
}

/// A row without one of its fields; what stands for it there is taken out.
fn without(part: &str) -> String {
    let (row, less) = (row(A, true), row(A, true).replacen(part, "", 1));
    assert_ne!(row, less, "{part}");
    less
}

// A row that lacks a field was read as one in which it is empty. A host that has the application as its source then cleared the
// attribute, and without IsActive took the user for inactive.
#[test]
fn a_field_that_a_row_lacks_fails_the_import_and_is_never_an_empty_value() {
    for (part, field) in [
        (r#""Username":"0055e000001UsrAAAS@x.example","#, "Username"),
        (r#""IsActive":true,"#, "IsActive"),
        (r#""SystemModstamp":"2022-03-17T16:21:26.000+0000","#, "SystemModstamp"),
        (r#","Email":"a@x.example""#, "Email"),
        (r#","Contact":{"AccountId":"0015e00000AcmeAAAR"}"#, "Contact.AccountId"),
        (r#""AccountId":"0015e00000AcmeAAAR""#, "Contact.AccountId"),
    ] {
        let script = Script::new();
        let session = session(&script);
        begins(script.incomplete(), &soql("", 2), records(&[&without(part), &row(B, true)]), 2);
        let error = session.import_users(&query(ImportScope::Full, 2)).unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::PermissionDenied, Retry::AfterRemedy), "{part}: {error}");
        assert!(error.message.contains(&format!("lacks the field {field},")), "{part}: {error}");
        assert!(error.remedy.as_ref().unwrap().contains("View Concealed Field Data"), "{error:?}");
        assert_eq!(script.open(), 0, "{part}");
    }
    // What is there and empty, or belongs to a record that isn't there, is known.
    for (old, new) in [
        (r#""Email":"a@x.example""#, r#""Email":null"#),
        (r#"{"AccountId":"0015e00000AcmeAAAR"}"#, "null"),
        (r#""AccountId":"0015e00000AcmeAAAR""#, r#""AccountId":null"#),
    ] {
        let script = Script::new();
        let session = session(&script);
        begins(&script, &soql("", 2), records(&[&row(A, true).replace(old, new)]), 1);
        none_frozen(&script, A, A);
        let page = session.import_users(&query(ImportScope::Full, 2)).unwrap();
        assert_eq!(page.users[0].values.iter().filter(|value| value.is_none()).count(), 1, "{new}");
    }
}

#[test]
fn a_grant_whose_field_a_row_lacks_fails_the_import_and_is_never_taken_away() {
    let whole = row(A, true).replace(r#","Email""#, r#","UserPermissionsKnowledgeUser":true,"Email""#);
    for (part, field) in [
        (r#""ProfileId":"00e5e000001PrtAAAS","#, "ProfileId"),
        (r#""UserRoleId":null,"#, "UserRoleId"),
        (r#""UserPermissionsKnowledgeUser":true,"#, "UserPermissionsKnowledgeUser"),
    ] {
        let script = Script::new();
        let session = session(&script);
        described(&script);
        let soql = soql("", 9).replace(" FROM User", ",UserPermissionsKnowledgeUser FROM User");
        begins(script.incomplete(), &soql, records(&[&whole.replacen(part, "", 1)]), 1);
        let error = session.import_users(&ImportQuery { grants: true, ..query(ImportScope::Full, 9) }).unwrap_err();
        assert!(error.message.contains(&format!("lacks the field {field},")), "{error}");
    }
}

#[test]
fn a_field_that_vanishes_from_the_description_is_refused_by_name_and_never_an_empty_value() {
    // A custom field is looked up before users are asked for.
    let script = Script::new();
    let session = session(&script);
    described(&script);
    let asks = |name: &str| ImportQuery { attributes: vec![name.to_owned()], ..query(ImportScope::Full, 9) };
    let error = session.import_users(&asks("Score__c")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue);
    assert!(error.message.contains("Score__c"), "{error}");
    // Of the others Salesforce says so.
    let hidden = r#"[{"errorCode":"INVALID_FIELD","message":"No such column 'MobilePhone' on entity 'User'."}]"#;
    let soql = soql("", 9).replace("Email,Contact.AccountId", "MobilePhone");
    script.composite(&[(&soql, 400, hidden), (&census_soql(""), 200, &counted(2, A, B))]);
    let error = session.import_users(&asks("mobilePhone")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
    assert!(error.upstream.as_ref().unwrap().message.contains("MobilePhone"), "{error:?}");
}
