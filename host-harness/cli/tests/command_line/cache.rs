//! A folder of compiled components that others could write to.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::Fixture;

#[test]
fn a_cache_that_is_not_trusted_is_warned_of_once_and_not_used() {
    let fixture = Fixture::new(1, 99);
    let folder = fixture.path("cache");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let run = fixture.run_with(&["describe"], "", &[("PROVISIONING_CACHE", folder.to_str().unwrap())]);
    assert_eq!(run.code, 0, "{run:?}");
    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    let [warning] = warnings[..] else { panic!("{run:?}") };
    for part in ["compiled afresh", "(mode 777)", "chmod 700", "--cache"] {
        assert!(warning.contains(part), "{warning}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing was written to it");
}
