//! What a push leaves to be done.

use provisioning_directory::{FailureKind, TaskFilter, TaskState};
use provisioning_runtime::wit::Action;

use crate::kept::{Kept, count};
use crate::support::journey;

#[test]
fn seats_that_run_out_leave_tasks_with_a_remedy_that_works() {
    journey(async {
        let kept = Kept::new(20, 84, |_| {}).await;
        let licence = "Customer Community";
        let used = kept.org.query("SELECT UsedLicenses FROM UserLicense WHERE Name = 'Customer Community'");
        let used = used[0]["UsedLicenses"].as_u64().unwrap() as u32;
        assert!(kept.org.emulator.set_licence_seats(licence, used + 3).unwrap());
        let keys: Vec<String> = (0..5).map(|n| format!("Late{n}")).collect();
        kept.hire(&keys);
        let report = kept.push().await;
        assert_eq!((count(&report, Action::Created), report.failed), (3, 2));
        let failed =
            kept.read(|view| view.tasks(&TaskFilter { state: Some(TaskState::Failed), ..TaskFilter::default() }));
        assert!(
            failed.iter().all(|task| task.remedy.is_some() && task.error_kind == Some(FailureKind::LicenseExhausted)),
            "{failed:?}"
        );
        assert!(kept.org.emulator.set_licence_seats(licence, used + 5).unwrap());
        kept.write(|change| failed.iter().try_for_each(|task| change.retry_task(task)));
        assert_eq!(count(&kept.push().await, Action::Created), 2);
    });
}
