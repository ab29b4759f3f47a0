//! Bulk API 2.0 jobs.

use reqwest::Method;
use salesforce_emulator::{Effect, Fault, Switches};
use serde_json::{Value, json};

use crate::client::Org;

pub(crate) struct Table {
    pub(crate) status: u16,
    locator: Option<String>,
    records: Option<String>,
    pub(crate) text: String,
}

impl Table {
    fn rows(&self) -> Vec<Vec<String>> {
        self.text.lines().map(|line| line[1..line.len() - 1].split("\",\"").map(str::to_owned).collect()).collect()
    }
}

pub(crate) async fn table(org: &Org, path: &str) -> Table {
    let response = org.request(Method::GET, path).send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (locator, records) = (header("sforce-locator"), header("sforce-numberofrecords"));
    Table { status: response.status().as_u16(), locator, records, text: response.text().await.unwrap() }
}

async fn query_job(org: &Org, body: &Value) -> String {
    let answer = org.post("jobs/query", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["state"], "UploadComplete");
    format!("jobs/query/{}", answer.body["id"].as_str().unwrap())
}

/// Runs an ingest job to its end and returns its address and last state.
pub(crate) async fn ingest(org: &Org, job: &Value, csv: &str) -> (String, Value) {
    let answer = org.post("jobs/ingest", job).await;
    assert_eq!((answer.status, &answer.body["state"]), (200, &json!("Open")), "{}", answer.body);
    let path = format!("jobs/ingest/{}", answer.body["id"].as_str().unwrap());
    let url = answer.body["contentUrl"].as_str().unwrap();
    assert!(url.ends_with(&format!("{path}/batches")), "{url}");
    let upload = org.request(Method::PUT, &format!("{path}/batches")).header("content-type", "text/csv");
    assert_eq!(org.send(upload.body(csv.to_owned())).await.status, 201);
    let closed = org.patch(&path, &json!({"state": "UploadComplete"})).await;
    assert_eq!((closed.status, &closed.body["state"]), (200, &json!("UploadComplete")), "{}", closed.body);
    for _ in 0..5 {
        let job = org.get(&path).await.body;
        if job["state"] != "InProgress" {
            return (path, job);
        }
    }
    panic!("the job did not end");
}

#[tokio::test]
async fn a_query_job_goes_through_its_states_and_gives_its_rows_in_sets() {
    let org = Org::start().await;
    let soql = "select id, lastname, account.name, account.owner.username, createddate from contact order by id";
    let path = query_job(&org, &json!({"operation": "query", "query": soql})).await;
    let early = org.get(&format!("{path}/results")).await;
    assert_eq!((early.status, early.error().0.as_str()), (400, "INVALIDJOBSTATE"));
    assert_eq!(org.get(&path).await.body["state"], "InProgress");
    let job = org.get(&path).await.body;
    let contacts =
        org.emulator.query("SELECT Id, LastName, Account.Name, CreatedDate FROM Contact ORDER BY Id").unwrap();
    let total = contacts.as_array().unwrap().len();
    assert_eq!(
        (&job["state"], &job["jobType"], &job["numberRecordsProcessed"], &job["apiVersion"], &job["object"]),
        (&json!("JobComplete"), &json!("V2Query"), &json!(total), &json!(64.0), &json!("Contact"))
    );
    let mut rows = Vec::new();
    let mut query = "maxRecords=30".to_owned();
    loop {
        let set = table(&org, &format!("{path}/results?{query}")).await;
        assert_eq!(set.status, 200, "{}", set.text);
        let mut lines = set.rows();
        let header = lines.remove(0);
        assert_eq!(header, ["Id", "LastName", "Account.Name", "Account.Owner.Username", "CreatedDate"]);
        assert_eq!(set.records.unwrap(), lines.len().to_string());
        rows.extend(lines);
        match set.locator.unwrap().as_str() {
            "null" => break,
            locator => query = format!("maxRecords=30&locator={locator}"),
        }
    }
    assert_eq!(rows.len(), total);
    for (row, contact) in rows.iter().zip(contacts.as_array().unwrap()) {
        assert_eq!(
            (row[0].as_str(), row[1].as_str()),
            (contact["Id"].as_str().unwrap(), contact["LastName"].as_str().unwrap())
        );
        assert_eq!(row[2], contact["Account"]["Name"].as_str().unwrap_or_default(), "a null parent is empty");
        assert_eq!(row[4], contact["CreatedDate"].as_str().unwrap().replace("+0000", "Z"), "M");
    }
    let url = format!("{}/services/data/v63.0/{path}/results", org.emulator.url());
    let other = org.send(org.http.get(url).bearer_auth(&org.session)).await;
    assert_eq!(other.status, 409, "H: the results' version must be the job's");
    assert_eq!(table(&org, &format!("{path}/results?locator=nonsense")).await.status, 400);
    assert_eq!(org.delete(&path).await.status, 204);
    assert_eq!(org.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_header_of_further_sets_and_the_pace_are_switches() {
    let org = Org::with(Switches { bulk_polls: 0, bulk_results_repeat_header: false, ..Switches::default() }).await;
    let path = query_job(&org, &json!({"operation": "query", "query": "SELECT Id FROM Profile ORDER BY Id"})).await;
    let first = table(&org, &format!("{path}/results?maxRecords=3")).await;
    assert_eq!((first.rows().len(), first.rows()[0].clone()), (4, vec!["Id".to_owned()]), "complete without a look");
    let locator = first.locator.unwrap();
    let second = table(&org, &format!("{path}/results?maxRecords=3&locator={locator}")).await;
    assert_eq!((second.rows().len(), &second.rows()[0][0][..3]), (3, "00e"));
    assert_eq!(table(&org, &format!("{path}/results?locator={locator}")).await.locator.as_deref(), Some("null"));
}

#[tokio::test]
async fn query_jobs_are_refused_aborted_and_listed() {
    let org = Org::start().await;
    for (body, code) in [
        (json!({"operation": "query", "query": "SELECT Id FROM"}), "MALFORMED_QUERY"),
        (json!({"operation": "query", "query": "SELECT Foo FROM Contact"}), "INVALID_FIELD"),
        (json!({"operation": "query", "query": "SELECT Id FROM Contact WHERE Foo = 1"}), "INVALID_FIELD"),
        (json!({"operation": "query", "query": "SELECT COUNT(Id) FROM Contact"}), "API_ERROR"),
        (json!({"operation": "query", "query": "SELECT Id, (SELECT Id FROM Contacts) FROM Account"}), "API_ERROR"),
        (
            json!({"operation": "query", "query": "SELECT Id FROM Contact", "columnDelimiter": "DOT"}),
            "JSON_PARSER_ERROR",
        ),
        (json!({"operation": "insert", "query": "SELECT Id FROM Contact"}), "INVALIDJOB"),
    ] {
        let answer = org.post("jobs/query", &body).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, code), "{body}");
    }
    let path = query_job(&org, &json!({"operation": "query", "query": "SELECT Id FROM Contact"})).await;
    assert_eq!(org.delete(&path).await.error().0, "INVALIDJOBSTATE");
    assert_eq!(org.patch(&path, &json!({"state": "Aborted"})).await.body["state"], "Aborted");
    assert_eq!(org.patch(&path, &json!({"state": "Aborted"})).await.status, 400);
    assert_eq!(org.get(&path).await.body["state"], "Aborted");
    let list = org.get("jobs/query").await.body;
    assert_eq!((&list["done"], list["records"].as_array().unwrap().len()), (&json!(true), 1));
    assert_eq!(org.get("jobs/query/750000000000001AAA").await.status, 404);
    assert_eq!(org.get(&path.replace("query", "ingest")).await.status, 404);
    assert_eq!(org.emulator.journal()[8].soql.as_deref(), Some("SELECT Id FROM Contact"));
}

#[tokio::test]
async fn inserts_have_one_result_each() {
    let org = Org::start().await;
    let csv = "LastName,Email,Account.External_Id__c,Description\n\
               Quoted,a@example.com,ACC-000001,\"say \"\"hi\"\",\nthen go\"\n\
               ,b@example.com,ACC-000001,\n\
               Wrong,nonsense,ACC-000001,x\n\
               Orphan,c@example.com,NO-SUCH,x\n";
    let (path, job) = ingest(&org, &json!({"operation": "insert", "object": "Contact"}), csv).await;
    assert_eq!(
        (&job["state"], &job["numberRecordsProcessed"], &job["numberRecordsFailed"]),
        (&json!("JobComplete"), &json!(4), &json!(3))
    );
    let id = org.id("Contact WHERE LastName = 'Quoted'");
    let account = org.emulator.credentials().account_id;
    assert_eq!(org.look("AccountId", &format!("Contact WHERE Id = '{id}'")), account.as_str());
    let good = table(&org, &format!("{path}/successfulResults")).await;
    let expected = format!(
        "\"sf__Id\",\"sf__Created\",\"LastName\",\"Email\",\"Account.External_Id__c\",\"Description\"\n\
         \"{id}\",\"true\",\"Quoted\",\"a@example.com\",\"ACC-000001\",\"say \"\"hi\"\",\nthen go\"\n"
    );
    assert_eq!(good.text, expected);
    let bad = table(&org, &format!("{path}/failedResults")).await;
    assert!(bad.text.starts_with("\"sf__Id\",\"sf__Error\",LastName,"), "{}", bad.text);
    let bad = bad.rows();
    let errors: Vec<&str> = bad[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(
        errors,
        [
            "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
            "INVALID_EMAIL_ADDRESS:Email: invalid email address: nonsense:Email --",
            "INVALID_FIELD:Foreign key external ID: NO-SUCH not found for field External_Id__c in entity Account:--",
        ]
    );
    assert_eq!(table(&org, &format!("{path}/unprocessedrecords")).await.rows().len(), 1);
    let again = org.request(Method::PUT, &format!("{path}/batches")).header("content-type", "text/csv").body("A\n1\n");
    assert_eq!(org.send(again).await.error().0, "INVALIDJOBSTATE");
}

#[tokio::test]
async fn updates_upserts_and_deletes_go_by_id_or_external_id() {
    let org = Org::start().await;
    let (a, b) = (org.contact("BulkA").await, org.contact("BulkB").await);
    org.patch(&format!("sobjects/Contact/{b}"), &json!({"Title": "Old", "Phone": "1"})).await;
    let csv = format!("Id;Title;Phone\r\n{a};New;\r\n{};#N/A;\r\n003000000000001AAA;x;\r\n;x;\r\n", &b[..15]);
    let job = json!({"operation": "update", "object": "Contact", "columnDelimiter": "SEMICOLON", "lineEnding": "CRLF"});
    let (path, job) = ingest(&org, &job, &csv).await;
    assert_eq!(job["numberRecordsFailed"], json!(2));
    let good = table(&org, &format!("{path}/successfulResults")).await;
    assert!(good.text.contains(&format!("\"{b}\";\"false\"")) && good.text.ends_with("\r\n"), "{}", good.text);
    let failed = table(&org, &format!("{path}/failedResults")).await.text;
    assert!(failed.contains("\"MISSING_ARGUMENT:Id not specified in an update call:Id --\""), "{failed}");
    assert_eq!(org.look("Title", &format!("Contact WHERE Id = '{a}'")), "New");
    let cleared = org.get(&format!("sobjects/Contact/{b}?fields=Title,Phone")).await.body;
    assert_eq!((&cleared["Title"], &cleared["Phone"]), (&Value::Null, &json!("1")), "empty stays, #N/A empties");

    let job = json!({"operation": "upsert", "object": "Contact", "externalIdFieldName": "External_Id__c"});
    let csv = "External_Id__c,LastName\nCON-0000001,Renamed\nBULK-1,Fresh\n,Nobody\n";
    let (path, job) = ingest(&org, &job, csv).await;
    assert_eq!(job["externalIdFieldName"], "External_Id__c");
    let rows = table(&org, &format!("{path}/successfulResults")).await.rows();
    assert_eq!((rows[1][1].as_str(), rows[2][1].as_str()), ("false", "true"));
    assert_eq!(org.look("LastName", "Contact WHERE External_Id__c = 'CON-0000001'"), "Renamed");

    let (_, job) = ingest(&org, &json!({"operation": "delete", "object": "Contact"}), &format!("Id\n{a}\n")).await;
    assert_eq!(job["numberRecordsFailed"], json!(0));
    assert_eq!(org.get(&format!("sobjects/Contact/{a}")).await.status, 404);
}

#[tokio::test]
async fn users_meet_the_same_rules_in_bulk() {
    let org = Org::start().await;
    org.emulator.set_licence_seats("Customer Community", 0).unwrap();
    let user = org.user_body("bulk.user", "Customer Community User").await;
    let names: Vec<&str> = user.as_object().unwrap().keys().map(String::as_str).collect();
    let values: Vec<&str> = user.as_object().unwrap().values().map(|value| value.as_str().unwrap()).collect();
    let csv = format!("{}\n{}\n", names.join(","), values.join(","));
    let (path, _) = ingest(&org, &json!({"operation": "insert", "object": "User"}), &csv).await;
    let rows = table(&org, &format!("{path}/failedResults")).await.rows();
    assert_eq!(rows[1][1], "LICENSE_LIMIT_EXCEEDED:License Limit Exceeded - Customer Community:--");
}

#[tokio::test]
async fn a_job_fails_as_a_whole_for_its_form() {
    let org = Org::start().await;
    let job = json!({"operation": "insert", "object": "Contact"});
    let (path, failed) = ingest(&org, &job, "LastName,Foo\nA,b\n").await;
    assert_eq!(
        (&failed["state"], &failed["errorMessage"]),
        (&json!("Failed"), &json!("InvalidBatch : Field name not found : Foo"))
    );
    assert_eq!(table(&org, &format!("{path}/unprocessedrecords")).await.rows(), [["LastName", "Foo"], ["A", "b"]]);
    let (_, failed) = ingest(&org, &job, "LastName\r\nA\r\n").await;
    assert_eq!(
        failed["errorMessage"],
        "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF"
    );
    for (body, code) in [
        (json!({"operation": "insert", "object": "Nothing"}), "INVALIDENTITY"),
        (json!({"operation": "merge", "object": "Contact"}), "INVALIDJOB"),
        (json!({"operation": "upsert", "object": "Contact"}), "INVALIDJOB"),
        (json!({"operation": "upsert", "object": "Contact", "externalIdFieldName": "Title"}), "INVALIDJOB"),
    ] {
        let answer = org.post("jobs/ingest", &body).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (400, code), "{body}");
    }
}

#[tokio::test]
async fn an_aborted_job_leaves_its_rows_unprocessed_and_a_second_upload_is_refused() {
    let org = Org::start().await;
    let made = org.post("jobs/ingest", &json!({"operation": "insert", "object": "Contact"})).await.body;
    let path = format!("jobs/ingest/{}", made["id"].as_str().unwrap());
    for status in [201, 400] {
        let upload = org.request(Method::PUT, &format!("{path}/batches")).header("content-type", "text/csv");
        assert_eq!(org.send(upload.body("LastName\nNever\n")).await.status, status);
    }
    assert_eq!(org.patch(&path, &json!({"state": "Aborted"})).await.status, 200);
    assert_eq!(table(&org, &format!("{path}/unprocessedrecords")).await.rows(), [["LastName"], ["Never"]]);
    assert_eq!(org.emulator.query("SELECT Id FROM Contact WHERE LastName = 'Never'").unwrap(), json!([]));
    assert_eq!(org.delete(&path).await.status, 204);
}

#[tokio::test]
async fn locked_rows_fail_alone_in_bulk() {
    let org = Org::start().await;
    org.emulator.inject(Fault::new(Effect::RowLock { records: vec![1] }).method("BULK").path("*/jobs/ingest/*"));
    let (path, _) = ingest(&org, &json!({"operation": "insert", "object": "Contact"}), "LastName\nA\nB\nC\n").await;
    let failed = table(&org, &format!("{path}/failedResults")).await.rows();
    assert_eq!((failed.len(), failed[1][2].as_str()), (2, "B"));
    assert!(failed[1][1].starts_with("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record"));
}
