//! Slips of the pen are caught when they are typed, with what was meant; files are read as people save them.

use serde_json::json;

use crate::directory::{PROFILE, done, fails, fixture, people, switch_on};

#[test]
fn a_slip_in_a_grant_or_an_attribute_is_caught_when_it_is_typed() {
    let fixture = fixture(5, 2701);
    switch_on(&fixture);
    done(&fixture, &["person", "add", "E1", "ada@new.example", "--set", "familyName=King"]);
    for (arguments, words) in [
        (&["assign", "acme", "E1", "--grant", "foo=bar"][..], &["no kind of grant `foo`", "profile"][..]),
        (&["assign", "acme", "E1", "--grant", "profil=x"], &["`profil`; did you mean `profile`"]),
        (
            &["assign", "acme", "E1", "--grant", "profile=Customer Comunity User"],
            &["did you mean `Customer Community User`", "`entitlements acme profile`"],
        ),
        (&["assign", "acme", "E1", "--grant", PROFILE, "--set", "titel=Dr"], &["`titel`; did you mean `title`"]),
        (&["person", "edit", "E1", "--set", "titel=Dr"], &["`titel`; did you mean `title`"]),
        (&["person", "edit", "E1", "--set", "givenNme=Ada"], &["did you mean `givenName`"]),
        (&["person", "add", "E2", "bo@new.example", "--set", "familiyName=Lund"], &["did you mean `familyName`"]),
        (
            &["tenant", "edit", "acme", "--set", "mapping.nickName={ template = \"{givenNme}\" }"],
            &["`nickName`", "did you mean `{givenName}`"],
        ),
        (&["tenant", "edit", "acme", "--set", "settings.acount-id=x"], &["`acount-id`; did you mean `account-id`"]),
        (&["tenant", "edit", "acme", "--set", "settings.organization-id=00Dxx"], &["organization-id is 5 long"]),
        (&["tenant", "edit", "acme", "--set", "settings.account-id=0035e000001CntAAAS"], &["does not start with 001"]),
        (
            &["tenant", "edit", "acme", "--set", "settings.my-domain=acme.lightning.force.com"],
            &["Lightning", "take acme.my.salesforce.com"],
        ),
        (
            &[
                "tenant",
                "edit",
                "acme",
                "--set",
                "settings.my-domain=https://acme.my.salesforce-setup.com/lightning/setup",
            ],
            &["Setup", "take acme.my.salesforce.com"],
        ),
        (
            &["tenant", "edit", "acme", "--set", "settings.my-domain=https://acme.my.site.com/portal"],
            &["a site", "take acme.my.salesforce.com"],
        ),
    ] {
        let said = fails(&fixture, arguments, 2);
        for words in words {
            assert!(said.contains(words), "{arguments:?} does not say {words}: {said}");
        }
    }
    // Nothing was kept of all that, and what is right is taken.
    assert_eq!(done(&fixture, &["person", "show", "E1"])["attributes"], json!({"familyName": "King"}));
    done(&fixture, &["assign", "acme", "E1", "--grant", PROFILE, "--set", "title=Dr"]);
    done(&fixture, &["person", "edit", "E1", "--set", "shoeSize=43"]);
}

#[test]
fn a_file_is_read_as_spreadsheets_save_it() {
    let fixture = fixture(5, 2702);
    let text = "Key;UserName;FAMILYNAME\r\nE1;ada@new.example;Lovelace–Bérry\r\n;;\r\n";
    let windows: Vec<u8> = text
        .chars()
        .map(|letter| match letter {
            '–' => 0x96,
            letter => u8::try_from(u32::from(letter)).unwrap(),
        })
        .collect();
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [("windows.csv", &windows), ("wide.csv", &wide)] {
        std::fs::write(fixture.path(name), bytes).unwrap();
        done(&fixture, &["person", "import", name]);
        assert_eq!(done(&fixture, &["person", "show", "E1"])["attributes"]["familyName"], "Lovelace–Bérry", "{name}");
        let run = fixture.run(&["person", "import", name, "--data", "data"]);
        assert_eq!(run.stderr.contains("was read as windows-1252"), name == "windows.csv", "{run:?}");
    }
}

#[test]
fn a_bad_row_is_told_with_its_line_once_and_a_bad_column_before_anything_is_taken() {
    let fixture = fixture(5, 2703);
    fixture.write("people.csv", "username,familyName\r\na@new.example,A\r\n\r\n,B\r\n");
    let said = fails(&fixture, &["person", "import", "people.csv"], 1);
    assert!(said.contains("line 4: it has no username") && !said.contains("line 4: line"), "{said}");
    fixture.write("people.csv", "username,familyNam\nb@new.example,B\n");
    assert!(fails(&fixture, &["person", "import", "people.csv"], 2).contains("did you mean `familyName`"));
    people(&fixture, "E3,c@new.example,C,C,c@new.example\n");
    let slip = ["person", "import", "people.csv", "--assign", "acme", "--grant", "profile=Custmer Community User"];
    assert!(fails(&fixture, &slip, 2).contains("did you mean `Customer Community User`"));
    fixture.write("people.csv", "username,familyName,grant:profile\nd@new.example,D,Custmer Community User\n");
    let said = fails(&fixture, &["person", "import", "people.csv", "--assign", "acme"], 1);
    assert!(said.contains("did you mean `Customer Community User`"), "{said}");
    assert_eq!(done(&fixture, &["person", "list"]).as_array().map(Vec::len), Some(1), "{said}");
}
