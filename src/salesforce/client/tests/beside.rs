//! Work that waits for several answers at a time.

use super::*;
use crate::together::{all, try_all};

fn get(path: &str) -> Call<'static> {
    Call::get(path.to_owned())
}

#[test]
fn calls_go_out_before_the_first_answer_is_read_and_no_more_than_the_width() {
    let script = Script::new();
    let client = client(&script).with_width(2);
    for path in ["a", "b", "c"] {
        script.rest("GET", path, "", 200, path);
    }
    let order = RefCell::new(Vec::new());
    let ask = |path: &'static str| {
        let (client, order) = (&client, &order);
        async move {
            let answer = client.answer(get(path), "a thing").await.unwrap();
            order.borrow_mut().push((path, client.usage().calls));
            answer.body
        }
    };
    let answers = client.wait_for(all(["a", "b", "c"].map(ask)));
    assert_eq!(answers, [b"a", b"b", b"c"]);
    // The sign-in counts, too. The third call waited for the first.
    assert_eq!(order.into_inner(), [("a", 3), ("b", 4), ("c", 4)]);
}

#[test]
fn of_several_calls_that_meet_an_ended_session_the_first_renews_it() {
    let script = Script::new();
    let client = client(&script).with_width(8);
    script.rest("GET", "a", "", 401, EXPIRED).rest("GET", "b", "", 401, EXPIRED).rest("GET", "c", "", 200, "c");
    script.answer(&golden("login/request.txt"), 200, golden("login/renewed.xml"));
    script.get_as(SECOND_SESSION, "a", 200, "a").get_as(SECOND_SESSION, "b", 200, "b");
    let ask = async |path| client.answer(get(path), "a thing").await.ok().unwrap().body;
    assert_eq!(client.wait_for(all(["a", "b", "c"].map(ask))), [b"a", b"b", b"c"]);
}

#[test]
fn whoever_gives_work_up_leaves_room_for_others_and_nothing_open_at_the_host() {
    let script = Script::new();
    let client = client(&script).with_width(2);
    let refusal = r#"[{"errorCode":"NOT_FOUND","message":"no"}]"#;
    script.rest("GET", "a", "", 404, refusal).rest("GET", "b", "", 200, "b");
    let ask = async |path| client.answer(get(path), "a thing").await.map_err(|failed| failed.error);
    let failed = client.wait_for(try_all(["a", "b"].map(ask))).err().unwrap();
    assert_eq!(failed.kind, ErrorKind::NotFound);
    script.rest("GET", "c", "", 200, "c").rest("GET", "d", "", 200, "d");
    assert_eq!(script.open(), 1);
    assert!(client.wait_for(try_all(["c", "d"].map(ask))).is_ok());
    assert_eq!(script.open(), 0);
}
