//! No secret is printed, whatever happens and however much is logged.

use crate::support::Fixture;

#[test]
fn no_command_prints_a_secret() {
    let fixture = Fixture::new(20, 21);
    fixture.people("ada@x.example,Ada,King,ada@x.example\nbad,Bad,,");
    let (id, _) = fixture.active_user();
    let accepted = "Deep-blue <sea> & \"4711\"";
    let rejected = "onlyletters";
    let mut said = String::new();
    for verbosity in [&[][..], &["-vvv"], &["--json", "-vvv"]] {
        for (arguments, input) in [
            (&["describe"][..], ""),
            (&["test-credentials", "acme"], ""),
            (&["import", "acme", "--grants"], ""),
            (&["push", "acme", "people.csv"], ""),
            (&["deactivate", "acme", &id, "--how", "freeze"], ""),
            (&["sync-password", "acme", &id, "--password-stdin"], accepted),
            (&["sync-password", "acme", &id, "--password-stdin"], rejected),
        ] {
            let run = fixture.run_with(&[arguments, verbosity].concat(), input, &[("RUST_LOG", "trace")]);
            said.push_str(&run.stdout);
            said.push_str(&run.stderr);
        }
    }
    // A wrong password, once more in every form that an error could take.
    let wrong = "Wrong-pass & <word> 42";
    fixture.write("password", wrong);
    for arguments in [&["test-credentials", "acme", "-vvv"][..], &["import", "acme", "--json", "-vvv"]] {
        let run = fixture.run_with(arguments, "", &[("RUST_LOG", "trace")]);
        said.push_str(&run.stdout);
        said.push_str(&run.stderr);
    }
    assert!(said.len() > 10_000, "the log was on");
    for secret in [fixture.org.password.as_str(), &fixture.org.security_token, accepted, rejected, wrong] {
        for form in [
            secret.to_owned(),
            serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
            secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"),
        ] {
            assert!(!said.contains(&form), "a secret of {} characters was printed", secret.len());
        }
    }
}
