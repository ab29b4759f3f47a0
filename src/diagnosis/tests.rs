use super::*;

mod detour;
mod table;
mod unknown;

const SUBJECT: &str = "the user ada@example.com";

fn fault(status: u16, code: &str, message: &str) -> Fault {
    Fault { status, code: code.into(), message: message.into(), fields: vec!["Title".into()], request_id: None }
}

fn diagnosed(status: u16, code: &str, message: &str) -> Error {
    diagnose(fault(status, code, message), SUBJECT)
}

#[test]
fn no_answer_of_salesforce_says_that_the_connector_has_no_such_function() {
    for row in rows() {
        assert_ne!(row.kind, ErrorKind::Unsupported, "{} {}", row.code, row.pattern);
    }
    for status in 0..600 {
        assert_ne!(diagnosed(status, "SOMETHING_NEW", "x").kind, ErrorKind::Unsupported, "{status}");
    }
}
