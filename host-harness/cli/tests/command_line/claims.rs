//! Users of which a push could not tell whose they are: nothing is written to them until an admin has decided.

use serde_json::{Value as Json, json};

use crate::directory::{PROFILE, done, fails, switch_on};
use crate::support::Fixture;

const ADDRESS: &str = "ada@new.example";

/// A data folder with the tenant `acme`, and with a tenants file from which another could be made.
fn fixture(seed: u64) -> Fixture {
    let fixture = Fixture::new(10, seed);
    fixture.write("acme.toml", &fixture.tenants());
    std::fs::remove_file(fixture.path("tenants.toml")).unwrap();
    done(&fixture, &["tenant", "import-toml", "acme.toml"]);
    switch_on(&fixture);
    fixture
}

/// Adds a person and assigns it.
fn assign(fixture: &Fixture, key: &str, username: &str, family_name: &str, others: &[&str]) {
    let (name, email) = (format!("familyName={family_name}"), format!("email={username}"));
    let add = ["person", "add", key, username, "--set", "givenName=Ada", "--set", &name, "--set", &email];
    done(fixture, &[&add[..], others].concat());
    done(fixture, &["assign", "acme", key, "--grant", PROFILE]);
}

/// All that a push might write to a user.
fn user(fixture: &Fixture, username: &str) -> Json {
    let fields =
        "Id, Username, LastName, Email, IsActive, FederationIdentifier, IdP_Key__c, ContactId, Contact.LastName";
    let found = fixture.emulator.query(&format!("SELECT {fields} FROM User WHERE Username = '{username}'")).unwrap();
    found[0].clone()
}

/// Pushes, and gives what became of the one task there is.
fn push(fixture: &Fixture, code: i32) -> Json {
    let run = fixture.run(&["push", "acme", "--json", "--data", "data"]);
    assert_eq!(run.code, code, "{run:?}");
    run.json()["results"][0].clone()
}

/// Asserts that a push could not tell, and gives the claim that it has left.
fn undecided(fixture: &Fixture) -> Json {
    let error = push(fixture, 1)["error"].clone();
    assert_eq!(error["kind"], "ambiguous-match", "{error:#}");
    let task = done(fixture, &["tasks"])[0].clone();
    assert_eq!((&task["state"], &task["remedy"]), (&json!("failed"), &error["remedy"]), "{task:#}");
    let listed = done(fixture, &["confirm", "acme"]);
    assert_eq!(listed["undecided"].as_array().unwrap().len(), 1, "{listed:#}");
    assert_eq!(done(fixture, &["tenant", "list"])[0]["waiting_to_be_confirmed"], 1);
    let claim = listed["undecided"][0].clone();
    for command in claim["commands"].as_array().unwrap() {
        assert!(task["remedy"].as_str().unwrap().contains(&format!("`{}`", command.as_str().unwrap())), "{task:#}");
    }
    claim
}

fn text(value: &Json) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_recycled_address_never_takes_over_its_former_owners_user() {
    let fixture = fixture(141);
    assign(&fixture, "K1", ADDRESS, "King", &[]);
    push(&fixture, 0);
    done(&fixture, &["unassign", "acme", "K1"]);
    push(&fixture, 0);
    done(&fixture, &["person", "remove", "K1"]);
    let before = user(&fixture, ADDRESS);
    assert_eq!(before["IsActive"], false);

    assign(&fixture, "K2", ADDRESS, "Bell", &[]);
    let claim = undecided(&fixture);
    assert_eq!(user(&fixture, ADDRESS), before);
    let id = text(&claim["remote_id"]);
    assert_eq!(
        (&claim["person"], &claim["status"], id.as_str()),
        (&json!("K2"), &json!("inactive"), before["Id"].as_str().unwrap())
    );
    assert!(claim["objections"][0].as_str().unwrap().contains("it was the user of the person \"K1\""), "{claim:#}");
    assert!(!claim["evidence"].as_array().unwrap().is_empty());
    let table = fixture.run(&["confirm", "acme", "--data", "data"]).stdout;
    let table = table.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    for words in [
        "for: the username is the same",
        "against: it was the user of the person",
        "→ it is: `confirm acme",
        "--ignore`",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
    // What is clear is confirmed at once; this is not.
    assert_eq!(done(&fixture, &["confirm", "acme", "--all", "--new"])["linked"], 0);
    assert!(fails(&fixture, &["confirm", "acme", &id], 2).contains("--person KEY"));
    assert!(fails(&fixture, &["confirm", "acme", &id, "--new"], 2).contains("somebody who is here already"));
    assert!(fails(&fixture, &["confirm", "acme", &id, "--person", "Nobody"], 2).contains("Nobody"));

    assert_eq!(done(&fixture, &["confirm", "acme", &id, "--person", "K2"])["person"], "K2");
    assert_eq!(done(&fixture, &["confirm", "acme"])["undecided"], json!([]));
    push(&fixture, 0);
    let after = user(&fixture, ADDRESS);
    assert_eq!((&after["Id"], &after["IsActive"], &after["LastName"]), (&json!(id), &json!(true), &json!("Bell")));
    assert!(done(&fixture, &["tasks"]).as_array().unwrap().is_empty());
}

/// A user that carries the key K1, and a data folder that knows nothing of whose it is. Gives the user as well.
fn with_key(seed: u64) -> (Fixture, Json) {
    let fixture = fixture(seed);
    let key = ["tenant", "edit", "acme", "--set", "settings.user-key-field=IdP_Key__c"];
    done(&fixture, &key);
    assign(&fixture, "K1", ADDRESS, "King", &[]);
    push(&fixture, 0);
    let user = user(&fixture, ADDRESS);
    assert_eq!(user["IdP_Key__c"], "K1");
    std::fs::remove_dir_all(fixture.path("data")).unwrap();
    done(&fixture, &["tenant", "import-toml", "acme.toml"]);
    switch_on(&fixture);
    done(&fixture, &key);
    (fixture, user)
}

#[test]
fn a_link_by_username_never_lets_a_push_write_over_another_persons_key() {
    let (fixture, before) = with_key(144);
    assign(&fixture, "K2", ADDRESS, "Bell", &[]);
    // An import doesn't read the key, so it links the two.
    done(&fixture, &["import", "acme"]);
    let claim = undecided(&fixture);
    assert_eq!(user(&fixture, ADDRESS), before);
    assert_eq!((&claim["is_linked"], &claim["otherwise"]), (&json!(true), &json!("unlink acme K2")), "{claim:#}");
    let id = text(&claim["remote_id"]);
    done(&fixture, &["confirm", "acme", &id, "--person", "K2"]);
    assert_eq!(done(&fixture, &["person", "show", "K2"])["users"][0][1]["reason"], "confirmed");
    assert_eq!(fixture.run(&["push", "acme", "--data", "data"]).code, 0);
    assert_eq!(user(&fixture, ADDRESS)["IdP_Key__c"], "K2");
}

#[test]
fn a_user_that_carries_another_persons_key_is_never_written() {
    let (fixture, before) = with_key(142);
    assign(&fixture, "K2", ADDRESS, "Bell", &[]);
    let claim = undecided(&fixture);
    assert_eq!(user(&fixture, ADDRESS), before);
    assert!(claim["objections"][0].as_str().unwrap().contains("it carries the key"), "{claim:#}");
    let id = text(&claim["remote_id"]);

    // It is not decided by leaving it: a push that finds the user asks again.
    let left = done(&fixture, &["confirm", "acme", &id, "--ignore"]);
    assert_eq!((&left["person"], &left["not_of"]), (&Json::Null, &json!(["K2"])));
    done(&fixture, &["retry", "--all", "acme"]);
    assert_eq!(text(&undecided(&fixture)["remote_id"]), id);
    done(&fixture, &["confirm", "acme", &id, "--person", "K2"]);
    push(&fixture, 0);
    let after = user(&fixture, ADDRESS);
    assert_eq!((&after["Id"], &after["IdP_Key__c"], &after["LastName"]), (&json!(id), &json!("K2"), &json!("Bell")));
}

#[test]
fn a_federation_id_of_somebody_else_never_leads_to_that_persons_user() {
    let fixture = fixture(143);
    assign(&fixture, "K1", ADDRESS, "King", &["--set", "federationId=F1"]);
    push(&fixture, 0);
    let before = user(&fixture, ADDRESS);
    assert_eq!(before["FederationIdentifier"], "F1");
    let users = fixture.count("User");
    assign(&fixture, "K2", "bell@new.example", "Bell", &["--set", "federationId=F1"]);
    let claim = undecided(&fixture);
    assert_eq!((user(&fixture, ADDRESS), fixture.count("User")), (before.clone(), users));
    let id = text(&claim["remote_id"]);
    assert_eq!(claim["linked_to"], "K1");
    assert_eq!(claim["commands"], json!(["unlink acme K1", format!("confirm acme {id} --person K2")]));
    let said = fails(&fixture, &["confirm", "acme", &id, "--person", "K2"], 2);
    assert!(said.contains("is linked to the person K1 already") && said.contains("`unlink acme K1`"), "{said}");
    assert_eq!(user(&fixture, ADDRESS), before);
}

#[test]
fn a_table_says_how_many_matches_it_leaves_out() {
    let fixture = fixture(145);
    let addresses = [("K1", "ada@new.example"), ("K2", "bo@new.example")];
    for (key, address) in addresses {
        assign(&fixture, key, address, "King", &[]);
    }
    push(&fixture, 0);
    for (key, _) in addresses {
        done(&fixture, &["unassign", "acme", key]);
    }
    push(&fixture, 0);
    for (key, address) in addresses {
        done(&fixture, &["person", "remove", key]);
        assign(&fixture, &format!("{key}-next"), address, "Bell", &[]);
    }
    push(&fixture, 1);
    let shown = |more: &[&str]| fixture.run(&[&["confirm", "acme", "--data", "data"], more].concat()).stdout;
    assert!(!shown(&[]).contains('…'), "{}", shown(&[]));
    assert!(shown(&["--limit", "1"]).contains("… and 1 more that a push has found"), "{}", shown(&["--limit", "1"]));
    assert!(fails(&fixture, &["confirm", "acme", "--limit", "0"], 2).contains("0 is not in 1.."));
    assert!(fails(&fixture, &["tasks", "--limit", "0"], 2).contains("0 is not in 1.."));
}
