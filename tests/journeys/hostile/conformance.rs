//! The conformance checks on components that are no good: each is named, and none gets the checks off their way.

use provisioning_conformance::{CheckVerdict, ComponentTarget, ConformanceReport, Options, Samples};
use provisioning_runtime::Runtime;

use super::attack;
use super::support::mallory;
use crate::support::journey;

async fn report(component: &[u8]) -> ConformanceReport {
    let target = ComponentTarget::load(&Runtime::builder().jobs(4), component, mallory()).unwrap();
    let options = Options { writes: true, only: None };
    provisioning_conformance::run(&target, &Samples::default(), &options, &mut |_| {}).await
}

fn failed(report: &ConformanceReport) -> Vec<&'static str> {
    let failed = report.checks.iter().filter(|checked| checked.verdict == CheckVerdict::Failed);
    failed.map(|checked| checked.name).collect()
}

#[test]
fn a_component_that_traps_fails_wherever_it_is_called() {
    journey(async {
        let report = report(attack!("text_outside")).await;
        assert_eq!(report.checks.len(), provisioning_conformance::chosen(None).count());
        let failed = failed(&report);
        for name in ["sign-in.wrong-secret", "sign-in.opens"] {
            assert!(failed.contains(&name), "{failed:?}");
            let detail = &report.get(name).unwrap().detail;
            assert!(detail.contains("mallory") && detail.contains("was stopped"), "{detail}");
        }
        // What a sandbox that can't be opened would do is told once.
        assert_eq!(report.get("schema.well-formed").unwrap().verdict, CheckVerdict::Skipped);
    });
}

#[test]
fn a_component_that_takes_any_settings_is_found_out() {
    journey(async {
        // It describes nothing, opens to anybody, and offers no feature.
        let report = report(attack!("none")).await;
        let failed = failed(&report);
        for name in ["component.described", "settings.probes-hold", "sign-in.wrong-secret", "schema.well-formed"] {
            assert!(failed.contains(&name), "{failed:?}");
        }
        let import = report.get("import.whole").unwrap();
        assert_eq!(import.verdict, CheckVerdict::Skipped);
        assert!(import.detail.contains("import-new-users"), "{}", import.detail);
    });
}
