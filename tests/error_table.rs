//! The table of errors as `docs/errors.md` has it, and for each of its rows what Salesforce answers (`faults.tsv`). Shared by the
//! tests of the connector and of the command line.

use std::collections::HashMap;

use salesforce_portal_connector::host::Response;
use serde_json::{Value as Json, json};

const PAGE: &str = include_str!("../docs/errors.md");
const FAULTS: &str = include_str!("golden/connector/diagnosis/faults.tsv");

/// What can be refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Area {
    SignIn,
    Request,
    Record,
}

/// A row of the page.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) area: Area,
    pub(crate) kind: String,
    pub(crate) sentence: String,
    pub(crate) remedy: String,
    pub(crate) retry: String,
}

/// An answer of Salesforce's, and the row that it belongs to.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) row: Row,
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Case {
    pub(crate) fn name(&self) -> String {
        format!("{} {:?}", self.code, self.message)
    }

    /// One error of REST, with the fields that errors of records have.
    pub(crate) fn error(&self, code_name: &str) -> Json {
        json!({code_name: self.code, "message": self.message, "fields": []})
    }

    /// As the answer to a whole request.
    pub(crate) fn whole(&self) -> Response {
        json_answer(self.status, &json!([self.error("errorCode")]))
    }

    /// As the fault of a SOAP call.
    pub(crate) fn soap(&self) -> Response {
        let message = self.message.replace('&', "&amp;").replace('<', "&lt;");
        let body = format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"urn:fault.partner.soap.sforce.com\"><soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail><sf:LoginFault><sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>",
            code = self.code
        );
        let headers = vec![("content-type".to_owned(), "text/xml; charset=UTF-8".to_owned())];
        Response { status: 500, headers, body: body.into_bytes() }
    }

    /// As the answer of the token endpoint.
    pub(crate) fn oauth(&self) -> Response {
        json_answer(self.status, &json!({"error": self.code, "error_description": self.message}))
    }
}

pub(crate) fn json_answer(status: u16, body: &Json) -> Response {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Response { status, headers, body: body.to_string().into_bytes() }
}

/// The answer to a write of records that refuses each by the case of its own, which is found by what the record has in a field.
pub(crate) fn refusing_each(records: &[Json], field: &str, cases: &HashMap<String, Case>) -> Response {
    let results = records.iter().map(|record| {
        let case = record[field].as_str().and_then(|value| cases.get(value));
        let case = case.unwrap_or_else(|| panic!("nothing is known of {record}"));
        json!({"success": false, "errors": [case.error("statusCode")]})
    });
    json_answer(200, &Json::Array(results.collect()))
}

/// The rows of the page, by code and words.
fn rows() -> HashMap<(String, String), Row> {
    let mut area = None;
    let mut rows = HashMap::new();
    for line in PAGE.lines() {
        area = match line {
            "## Signing in" => Some(Area::SignIn),
            "## Any request" => Some(Area::Request),
            "## One record" => Some(Area::Record),
            _ => area,
        };
        let (Some(area), Some(cells)) = (area, line.strip_prefix("| ")) else { continue };
        let cells: Vec<String> = cells
            .trim_end_matches(" |")
            .split(" | ")
            .map(|cell| cell.replace("\\|", "|").replace("\\<", "<"))
            .collect();
        let [code, words, kind, sentence, remedy, retry, _] = &cells[..] else { panic!("seven cells: {line}") };
        if code == "code" {
            continue;
        }
        let key = |cell: &str| if cell == "any" { String::new() } else { cell.trim_matches('`').to_owned() };
        let row =
            Row { area, kind: kind.clone(), sentence: sentence.clone(), remedy: remedy.clone(), retry: retry.clone() };
        rows.insert((key(code), key(words)), row);
    }
    assert!(rows.len() > 150, "{}", rows.len());
    rows
}

/// All answers of an area.
pub(crate) fn cases(area: Area) -> Vec<Case> {
    let rows = rows();
    let any = |cell: &str| if cell == "*" { String::new() } else { cell.to_owned() };
    let cases = FAULTS.lines().skip(1).map(|line| {
        let [code, pattern, status, answered, _, message] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("six cells: {line}")
        };
        let row = rows.get(&(any(code), any(pattern))).unwrap_or_else(|| panic!("no row {code} {pattern}")).clone();
        Case { row, status: status.parse().unwrap(), code: answered.to_owned(), message: message.replace("\\n", "\n") }
    });
    let cases: Vec<Case> = cases.filter(|case| case.row.area == area).collect();
    assert!(!cases.is_empty());
    cases
}

/// Whether a text has all of a sentence in it, in order. The first letter may be in another case.
pub(crate) fn says(text: &str, sentence: &str) -> bool {
    let (text, sentence) = (text.to_lowercase(), sentence.to_lowercase());
    let mut rest = text.as_str();
    sentence.split("*…*").flat_map(|part| part.split("“…”")).all(|part| match rest.split_once(part) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}
