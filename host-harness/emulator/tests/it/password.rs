//! Users' passwords.

use serde_json::{Value, json};

use crate::client::Org;

#[tokio::test]
async fn a_set_password_is_the_users_password() {
    let org = Org::start().await;
    let id = org.user("pass", "Customer Community User").await;
    let path = format!("sobjects/User/{id}/password");
    let new = "Gr&<\"%+ünd1ich";
    assert!(!org.emulator.check_password("pass@new.example.com", new));
    let answer = org.post(&path, &json!({"NewPassword": new})).await;
    assert_eq!((answer.status, &answer.body), (204, &Value::Null));
    assert!(org.emulator.check_password("PASS@new.example.com", new));
    assert!(!org.emulator.check_password("pass@new.example.com", "Gr&<\"%+ünd1icH"));
    assert_eq!(org.get(&path).await.body, json!({"isExpired": false}));
}

#[tokio::test]
async fn the_policy_refuses_in_salesforces_words() {
    let org = Org::start().await;
    let id = org.user("policy", "Customer Community User").await;
    let path = format!("sobjects/User/{id}/password");
    for password in ["firstOne1", "secondOne2", "thirdOne3", "fourthOne4"] {
        assert_eq!(org.post(&path, &json!({"NewPassword": password})).await.status, 204);
    }
    for (password, message) in [
        ("short1", "Your password must be at least 8 characters long."),
        ("onlyletters", "Your password must have a mix of letters and numbers."),
        ("1234567890", "Your password must have a mix of letters and numbers."),
        ("1Policy@new.example.com", "Your password cannot equal or contain your user name."),
        ("fourthOne4", "invalid repeated password"),
        ("secondOne2", "invalid repeated password"),
    ] {
        let answer = org.post(&path, &json!({"NewPassword": password})).await;
        assert_eq!(answer.status, 400, "{password}");
        assert_eq!(answer.error(), ("INVALID_NEW_PASSWORD".into(), message.into(), Value::Null));
    }
    assert!(org.emulator.check_password("policy@new.example.com", "fourthOne4"));
    assert_eq!(org.post(&path, &json!({"NewPassword": "firstOne1"})).await.status, 204, "the fourth back is forgotten");
}

#[tokio::test]
async fn a_reset_gives_a_random_password_that_must_be_changed() {
    let org = Org::start().await;
    let id = org.user("reset", "Customer Community User").await;
    let path = format!("sobjects/User/{id}/password");
    let answer = org.delete(&path).await;
    let password = answer.body["NewPassword"].as_str().unwrap();
    assert!(org.emulator.check_password("reset@new.example.com", password));
    assert_eq!(org.get(&path).await.body, json!({"isExpired": true}));
}

#[tokio::test]
async fn the_own_password_is_not_set_this_way() {
    let org = Org::start().await;
    let connection = org.emulator.credentials();
    let id = org.id(&format!("User WHERE Username = '{}'", connection.username));
    let answer = org.post(&format!("sobjects/User/{id}/password"), &json!({"NewPassword": "another1One"})).await;
    assert_eq!((answer.status, answer.error().1.as_str()), (403, "Cannot set password for self"));
    assert!(org.emulator.check_password(&connection.username, &connection.password));
}
