//! Egress rules that open hosts which they do not name are warned of wherever one is written or used.

use std::path::{Path, PathBuf};

use provisioning_runtime::HostRule;

use crate::support::{Fixture, Run};

const WILD: &str = "egress.allow=[\"login.example.com\", \"*.my.example.com\"]";
const EXACT: &str = "egress.allow=[\"login.example.com\"]";

/// The warnings of a run that went well.
fn warnings(run: &Run) -> Vec<&str> {
    assert_eq!(run.code, 0, "{run:?}");
    run.stderr.lines().filter(|line| line.starts_with("warning: tenant ")).collect()
}

/// One sentence for the rule: of which tenant, what it opens, and what to write instead.
fn says_what_it_opens(run: &Run, tenant: &str) {
    let [warning] = warnings(run)[..] else { panic!("{run:?}") };
    let start = format!("warning: tenant {tenant}: the egress rule `*.my.example.com` ");
    assert!(warning.starts_with(&start), "{warning}");
    assert!(warning.contains("every host under my.example.com"), "{warning}");
    assert!(warning.ends_with("such as `your-own.my.example.com`"), "{warning}");
}

#[test]
fn a_wildcard_is_warned_of_where_a_tenants_file_is_used_or_taken_in() {
    let fixture = Fixture::new(1, 97);
    assert!(warnings(&fixture.run(&["test-credentials", "acme"])).is_empty());
    fixture.edit_tenants(
        "[tenants.acme.egress]\n",
        "[tenants.acme.egress]\nallow = [\"login.example.com\", \"*.my.example.com\"]\n",
    );
    says_what_it_opens(&fixture.run(&["test-credentials", "acme"]), "acme");
    says_what_it_opens(&fixture.run(&["tenant", "import-toml", "tenants.toml", "--data", "data"]), "acme");
}

#[test]
fn a_wildcard_is_warned_of_where_a_tenant_is_edited_and_where_a_worker_starts() {
    let fixture = Fixture::new(1, 98);
    let run = |arguments: &[&str]| fixture.run(&[arguments, &["--data", "data"]].concat());
    let add = ["tenant", "add", "other", "--set", "settings.instance-type=production", "--set"];
    says_what_it_opens(&run(&[&add[..], &[WILD]].concat()), "other");
    assert!(warnings(&run(&["tenant", "edit", "other", "--set", EXACT])).is_empty());
    says_what_it_opens(&run(&["tenant", "edit", "other", "--set", WILD]), "other");

    use std::io::BufRead as _;
    let mut worker = fixture.spawn(&["worker", "--data", "data"]);
    let mut first = String::new();
    std::io::BufReader::new(worker.stdout.take().unwrap()).read_line(&mut first).unwrap();
    worker.kill().unwrap();
    let stderr = String::from_utf8(worker.wait_with_output().unwrap().stderr).unwrap();
    says_what_it_opens(&Run { code: 0, stdout: first, stderr }, "other");
}

/// Whoever copies a rule from a document gets one that opens the named hosts and no others.
#[test]
fn the_documents_show_no_rule_that_opens_hosts_which_it_does_not_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let of_docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents: Vec<PathBuf> = ["README.md", "SECURITY.md"]
        .map(|name| root.join(name))
        .into_iter()
        .chain(of_docs.filter(|path| path.extension().is_some_and(|end| end == "md")))
        .collect();
    let mut listed = 0;
    for document in documents {
        let text = std::fs::read_to_string(&document).unwrap();
        for line in text.lines() {
            let at = format!("{}: {line}", document.display());
            let below = line.split("*.").skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
            assert!(!below, "{at}");
            let Some((_, rest)) = line.split_once("allow = [") else { continue };
            let list = rest.split_once(']').unwrap_or_else(|| panic!("a list of one line is expected: {at}")).0;
            for rule in list.split('"').skip(1).step_by(2) {
                let rule: HostRule = rule.parse().unwrap_or_else(|error| panic!("{at}: {error}"));
                assert_eq!(rule.warning(), None, "{at}");
                listed += 1;
            }
        }
    }
    assert!(listed > 0, "no document shows a list of rules");
}
