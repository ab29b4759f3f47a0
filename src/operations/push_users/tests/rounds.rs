//! Names that go round within a batch.

use super::*;

/// Ada becomes the countess, and Eve gets Ada's name.
fn renamed() -> [DesiredUser; 2] {
    let countess = DesiredUser {
        username: "countess@portal.example".to_owned(),
        changes: Vec::new(),
        ..known_ada("division", None)
    };
    let eve = DesiredUser {
        key: "person-2".to_owned(),
        id: Some(OTHER_USER.to_owned()),
        username: "ada@portal.example".to_owned(),
        ..countess.clone()
    };
    [countess, eve]
}

fn linked(script: &Script) {
    script.owner(USER, "person-1", true, false).owner(OTHER_USER, "person-2", true, false);
}

fn find_both(script: &Script, rows: &[&str]) {
    script.query(
        &format!(
            "SELECT {USER_FIELDS} FROM User WHERE Id IN ('{USER}','{OTHER_USER}') \
             OR Username IN ('countess@portal.example','ada@portal.example')"
        ),
        200,
        records(rows),
    );
}

fn rename(script: &Script, id: &str, name: &str) {
    patch(script, &format!(r#"{{"attributes":{{"type":"User"}},"Id":"{id}","Username":"{name}@portal.example"}}"#));
}

const SECOND: &str = "SELECT {} FROM User WHERE Id IN ('0055e000001UsrBAAS') OR Username IN ('ada@portal.example')";

#[test]
fn a_name_is_given_on_in_the_batch_in_which_it_comes_free() {
    let script = Script::new();
    linked(&script);
    let session = session(&script);
    let (ada, eve) = (row(""), row_of(OTHER_USER, "eve@portal.example", "CspLitePortal", ""));
    find_both(&script, &[&ada, &eve]);
    find_frozen(&script, USER, &[]);
    rename(&script, USER, "countess");
    script.query(&SECOND.replace("{}", USER_FIELDS), 200, records(&[&eve]));
    find_frozen(&script, OTHER_USER, &[]);
    rename(&script, OTHER_USER, "ada");
    let results = session.push_users(&renamed(), &PushMode::Apply).unwrap();
    assert!(results.iter().all(|result| result.as_ref().unwrap().action == Action::Updated), "{results:?}");
}

#[test]
fn what_fails_while_names_come_free_is_told_to_whom_it_keeps_waiting() {
    let script = Script::new();
    linked(&script);
    let session = session(&script);
    find_both(&script, &[&row(""), &row_of(OTHER_USER, "eve@portal.example", "CspLitePortal", "")]);
    find_frozen(&script, USER, &[]);
    rename(&script, USER, "countess");
    let limit = r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    script.query(&SECOND.replace("{}", USER_FIELDS), 403, limit);
    let results = session.push_users(&renamed(), &PushMode::Apply).unwrap();
    assert!(results[0].is_ok(), "{results:?}");
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::BudgetExhausted, "{results:?}");
}

#[test]
fn a_key_that_contradicts_a_link_does_not_come_free_unless_it_is_confirmed() {
    for (confirmed, kind) in [(false, ErrorKind::AmbiguousMatch), (true, ErrorKind::UsernameTaken)] {
        let script = Script::new();
        script.owner(USER, "person-1", true, confirmed);
        let session = session_with(&script, &[("user-key-field", "IdP_Key__c")]);
        let [countess, mut eve] = renamed();
        eve.id = None;
        eve.username = "eve@portal.example".to_owned();
        // Ada's user carries the key of Eve, who has no user.
        let row = row(r#","IdP_Key__c":"person-2""#);
        script.query(
            &format!(
                "SELECT {USER_FIELDS},IdP_Key__c FROM User WHERE Id IN ('{USER}') OR IdP_Key__c IN ('person-1','person-2') \
                 OR Username IN ('countess@portal.example','eve@portal.example')"
            ),
            200,
            records(&[&row]),
        );
        if confirmed {
            find_frozen(&script, USER, &[]);
        }
        let results = session.push_users(&[countess, eve], &PushMode::Plan).unwrap();
        assert_eq!(results[0].is_ok(), confirmed, "{results:?}");
        assert_eq!(results[1].as_ref().unwrap_err().kind, kind, "{results:?}");
    }
}

#[test]
fn two_who_swap_names_are_told_that_they_never_come_free() {
    let script = Script::new();
    linked(&script);
    let session = session(&script);
    let [mut ada, eve] = renamed();
    ada.username = "eve@portal.example".to_owned();
    script.query(
        &format!(
            "SELECT {USER_FIELDS} FROM User WHERE Id IN ('{USER}','{OTHER_USER}') \
             OR Username IN ('eve@portal.example','ada@portal.example')"
        ),
        200,
        records(&[&row(""), &row_of(OTHER_USER, "eve@portal.example", "CspLitePortal", "")]),
    );
    let results = session.push_users(&[ada, eve], &PushMode::Apply).unwrap();
    for result in results {
        let error = result.unwrap_err();
        assert_eq!((&error.kind, error.retry), (&ErrorKind::UsernameTaken, Retry::AfterRemedy));
        assert!(error.message.contains("circle") && error.remedy.is_some(), "{error:?}");
    }
}

#[test]
fn of_an_approved_push_nobody_is_looked_at_again() {
    let script = Script::new();
    linked(&script);
    let session = session(&script);
    let eve = row_of(OTHER_USER, "eve@portal.example", "CspLitePortal", "");
    find_both(&script, &[&row(""), &eve]);
    find_frozen(&script, USER, &[]);
    let planned = session.push_users(&renamed(), &PushMode::Plan).unwrap();
    let approved = planned.into_iter().map(|plan| plan.map(|plan| plan.digest).unwrap_or_default()).collect();
    find_both(&script, &[&row(""), &eve]);
    find_frozen(&script, USER, &[]);
    rename(&script, USER, "countess");
    let results = session.push_users(&renamed(), &PushMode::ApplyPlanned(approved)).unwrap();
    assert_eq!(results[0].as_ref().unwrap().action, Action::Updated);
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((&error.kind, error.retry), (&ErrorKind::UsernameTaken, Retry::AtOnce));
}

#[test]
fn a_federation_id_comes_free_only_where_its_holder_gets_another_one() {
    for (new, kind, retry) in [
        (Some("fed-new"), ErrorKind::UsernameTaken, Retry::AtOnce),
        (Some("fed-ada"), ErrorKind::AmbiguousMatch, Retry::AfterRemedy),
        (None, ErrorKind::AmbiguousMatch, Retry::AfterRemedy),
    ] {
        let script = Script::new();
        linked(&script);
        let session = session(&script);
        let [mut holder, mut eve] = renamed();
        holder.username = "ada@portal.example".to_owned();
        holder.changes.extend(new.map(|id| change("federationId", id)));
        eve.username = "eve@portal.example".to_owned();
        eve.changes.push(change("federationId", "fed-ada"));
        let ids: Vec<String> = new.into_iter().chain(["fed-ada"]).map(|id| format!("'{id}'")).collect();
        script.query(
            &format!(
                "SELECT {USER_FIELDS} FROM User WHERE Id IN ('{USER}','{OTHER_USER}') \
                 OR Username IN ('ada@portal.example','eve@portal.example') OR FederationIdentifier IN ({})",
                ids.join(",")
            ),
            200,
            records(&[
                &row("").replace(r#""FederationIdentifier":null"#, r#""FederationIdentifier":"fed-ada""#),
                &row_of(OTHER_USER, "eve@portal.example", "CspLitePortal", ""),
            ]),
        );
        find_frozen(&script, USER, &[]);
        let results = session.push_users(&[holder, eve], &PushMode::Plan).unwrap();
        assert!(results[0].is_ok(), "{results:?}");
        let error = results[1].as_ref().unwrap_err();
        assert_eq!((&error.kind, error.retry), (&kind, retry), "{new:?}: {error}");
        assert!(error.message.contains("the federation id of the user eve@portal.example"), "{error}");
    }
}
