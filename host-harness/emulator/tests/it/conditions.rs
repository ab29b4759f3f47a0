//! Conditional requests.

use reqwest::Method;

use crate::client::Org;

const LONG_AGO: &str = "Mon, 30 Nov 2020 08:34:54 MST";
const FAR_AHEAD: &str = "Thu, 30 Nov 2040 08:34:54 GMT";

#[tokio::test]
async fn records_and_describes_answer_by_when_they_changed() {
    let org = Org::start().await;
    let id = org.contact("Conditional").await;
    let record = format!("sobjects/Contact/{id}");
    let describe = "sobjects/Contact/describe";
    for (method, path, header, date, status) in [
        (Method::GET, record.as_str(), "If-Modified-Since", LONG_AGO, 200),
        (Method::GET, &record, "If-Modified-Since", FAR_AHEAD, 304),
        (Method::GET, &record, "If-Modified-Since", "once", 200),
        (Method::GET, &record, "If-Unmodified-Since", LONG_AGO, 412),
        (Method::PATCH, &record, "If-Unmodified-Since", LONG_AGO, 412),
        (Method::PATCH, &record, "If-Unmodified-Since", FAR_AHEAD, 204),
        (Method::PATCH, "sobjects/Contact/External_Id__c/COND-1", "If-Unmodified-Since", LONG_AGO, 201),
        (Method::PATCH, "sobjects/Contact/External_Id__c/COND-1", "If-Unmodified-Since", LONG_AGO, 412),
        (Method::DELETE, &record, "If-Unmodified-Since", LONG_AGO, 412),
        (Method::GET, describe, "If-Modified-Since", LONG_AGO, 200),
        (Method::GET, describe, "If-Modified-Since", FAR_AHEAD, 304),
        (Method::GET, "sobjects", "If-Modified-Since", FAR_AHEAD, 304),
    ] {
        let mut request = org.request(method.clone(), path).header(header, date);
        if method == Method::PATCH {
            request = request.header("content-type", "application/json").body(r#"{"LastName": "Changed"}"#);
        }
        let answer = org.send(request).await;
        assert_eq!(answer.status, status, "{method} {path} {header}: {date}: {}", answer.body);
    }
    let seen = org.get(&record).await.last_modified.unwrap();
    let again = org.send(org.request(Method::GET, &record).header("If-Modified-Since", seen)).await;
    assert_eq!(again.status, 304, "its own date is not later than itself");
}
