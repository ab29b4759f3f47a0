//! The checks tell a sound connector from one that is wrong in one way.

use super::fake::{Defect, Fake, SAMPLES};
use super::{CHECKS, CheckVerdict, ConformanceReport, Options, Samples, run};

fn checked(defect: Option<Defect>, options: &Options, samples: &str) -> ConformanceReport {
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let samples = Samples::parse(samples).unwrap();
    executor.block_on(run(&Fake::new(defect), &samples, options, &mut |_| {}))
}

fn all() -> Options {
    Options { writes: true, only: None }
}

fn names(report: &ConformanceReport, verdict: CheckVerdict) -> Vec<&'static str> {
    report.checks.iter().filter(|checked| checked.verdict == verdict).map(|checked| checked.name).collect()
}

#[test]
fn a_sound_connector_passes_every_check() {
    let report = checked(None, &all(), SAMPLES);
    assert!(report.conforms(), "{:#?}", report.checks);
    let wanted: Vec<&str> = CHECKS.iter().flat_map(|group| group.iter().map(|check| check.name)).collect();
    assert_eq!(names(&report, CheckVerdict::Passed), wanted, "{:#?}", report.checks);
    assert!(report.left_behind.len() > 20);
}

#[test]
fn names_are_unique_and_every_check_says_what_it_wants() {
    let mut seen = std::collections::BTreeSet::new();
    for check in CHECKS.iter().flat_map(|group| group.iter()) {
        assert!(seen.insert(check.name), "{}", check.name);
        let (group, name) = check.name.split_once('.').unwrap();
        assert!(super::check::is_kebab_case(group) && super::check::is_kebab_case(name), "{}", check.name);
        assert!(check.wants.ends_with('.'), "{}", check.name);
    }
}

#[test]
fn each_defect_fails_the_checks_that_are_about_it() {
    use Defect::*;
    let table: &[(Defect, &'static [&'static str])] = &[
        (UnstableDescription, &["component.description-stable"]),
        (SettingInCamelCase, &["component.described"]),
        (NamesOneMissingSetting, &["settings.all-missing-named"]),
        (SendsBeforeItChecks, &["settings.all-missing-named", "settings.each-missing-named", "sign-in.egress"]),
        (ProbesWithoutRemedy, &["settings.probes-partial"]),
        (FewerProbesWithoutSettings, &["settings.probes-partial"]),
        (SoundSettingsFail, &["settings.probes-hold"]),
        (WrongSecretIsTransient, &["sign-in.wrong-secret"]),
        (UnreachableIsInternal, &["sign-in.unreachable"]),
        (AttributeTwice, &["schema.well-formed"]),
        (UnstableSchema, &["schema.stable"]),
        (UnknownAttributeKind, &["schema.well-formed"]),
        (EntitlementTwice, &["entitlements.listed", "entitlements.stable"]),
        (EntitlementGap, &["entitlements.stable"]),
        (AnyKindIsEmpty, &["entitlements.unknown-kind"]),
        (EntitlementsStartAgain, &["entitlements.garbage-cursor"]),
        (PagesEndEarly, &["import.page-size"]),
        (UserTwice, &["import.whole", "import.page-size"]),
        (ResumeSkips, &["import.resume"]),
        (ImportStartsAgain, &["import.garbage-cursor"]),
        (PagesTooLarge, &["import.whole", "import.page-size"]),
        (StrangeTime, &["import.whole", "import.page-size"]),
        (ValueTooMany, &["import.aligned"]),
        (EveryAttribute, &["import.attributes"]),
        (NoWatermark, &["import.increment"]),
        (IncrementMisses, &["import.increment"]),
        (MakesAgain, &["push.create-again", "interruption.push-repeated"]),
        (ResultsInOtherOrder, &["push.order"]),
        (ResultMissing, &["push.order", "push.bad-record"]),
        (BadRecordFailsAll, &["push.bad-record"]),
        (UnknownIdIsMade, &["push.unknown-id"]),
        (UnknownAttributeIsDropped, &["push.unknown-attribute"]),
        (PlanWrites, &["push.plan", "change.plan", "change.apply-planned"]),
        (SetClearsOthers, &["change.set-and-leave", "change.clear", "change.plan", "change.apply-planned"]),
        (NeverClears, &["change.clear", "change.apply-planned"]),
        (EmptyUpdateWrites, &["change.empty-update"]),
        (DriftIsWritten, &["change.apply-planned"]),
        (DeactivatesTwice, &["lifecycle.deactivate-twice"]),
        (ReactivatesNobody, &["lifecycle.reactivate"]),
        (UnknownIdIsDeactivated, &["lifecycle.unknown-id"]),
        (DeactivationPlanWrites, &["lifecycle.plan"]),
        (TakesNobodyBack, &["lifecycle.take-back"]),
        (TakeBackPlanWrites, &["lifecycle.take-back"]),
        (TakesAnybodyBack, &["lifecycle.take-back-nothing"]),
        (AnyPassword, &["password.policy"]),
        (PasswordInError, &["password.policy", "secrecy.password"]),
        (SecretInProbe, &["secrecy.errors"]),
        (SecretInMemory, &["secrecy.memory"]),
        (NoDeadline, &["interruption.deadline"]),
        (LostAnswerIsForgotten, &["interruption.push-repeated"]),
    ];
    // Side by side: each spends its time waiting.
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let start = |&(defect, expected): &(Defect, &'static [&'static str])| {
            scope.spawn(move || {
                let failed = names(&checked(Some(defect), &all(), SAMPLES), CheckVerdict::Failed);
                (failed != expected).then(|| format!("{defect:?}: {failed:?}, expected {expected:?}"))
            })
        };
        let running: Vec<_> = table.iter().map(start).collect();
        running.into_iter().filter_map(|one| one.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_sign_in_that_fails_is_told_once_and_nothing_more_is_tried() {
    let report = checked(Some(Defect::NobodySignsIn), &all(), SAMPLES);
    assert_eq!(names(&report, CheckVerdict::Failed), ["sign-in.opens"], "{:#?}", report.checks);
    assert!(report.get("sign-in.opens").unwrap().detail.contains("out of order"), "{:#?}", report.checks);
    for name in ["schema.stable", "import.whole", "push.create", "interruption.deadline"] {
        let one = report.get(name).unwrap();
        assert_eq!((one.verdict, one.detail.as_str()), (CheckVerdict::Skipped, "nobody could sign in"), "{name}");
    }
    // The reason is told by whichever check is the first that is made.
    let only = Options { writes: true, only: Some("import.".to_owned()) };
    let report = checked(Some(Defect::NobodySignsIn), &only, SAMPLES);
    assert_eq!(names(&report, CheckVerdict::Failed), ["import.whole"]);
}

#[test]
fn a_connector_without_settings_and_hosts_can_conform() {
    let report = checked(Some(Defect::NeedsNothing), &all(), SAMPLES.split("[unreachable]").next().unwrap());
    assert_eq!(names(&report, CheckVerdict::Failed), Vec::<&str>::new(), "{:#?}", report.checks);
    let skipped = names(&report, CheckVerdict::Skipped);
    for name in ["sign-in.wrong-secret", "sign-in.egress"] {
        assert!(skipped.contains(&name), "{skipped:?}");
    }
}

#[test]
fn pages_without_an_end_are_given_up() {
    let only = Options { writes: true, only: Some("import.".to_owned()) };
    let report = checked(Some(Defect::PagesNeverEnd), &only, SAMPLES);
    let whole = report.get("import.whole").unwrap();
    assert_eq!(whole.verdict, CheckVerdict::Failed);
    assert!(whole.detail.contains("a cursor came a second time"), "{}", whole.detail);
}

#[test]
fn nothing_is_written_unless_it_is_allowed() {
    let fake = Fake::new(None);
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let samples = Samples::parse(SAMPLES).unwrap();
    let report = executor.block_on(run(&fake, &samples, &Options::default(), &mut |_| {}));
    assert_eq!(names(&report, CheckVerdict::Failed), Vec::<&str>::new());
    let writing: Vec<&str> =
        CHECKS.iter().flat_map(|group| group.iter()).filter(|check| check.writes).map(|check| check.name).collect();
    assert_eq!(names(&report, CheckVerdict::Skipped), writing);
    assert!(report.left_behind.is_empty());
}

#[test]
fn a_check_that_lacks_a_sample_is_skipped_with_the_reason() {
    let report = checked(None, &all(), "");
    assert!(report.conforms());
    for (name, part) in
        [("push.create", "[user]"), ("sign-in.unreachable", "[unreachable]"), ("change.clear", "[change]")]
    {
        let one = report.get(name).unwrap();
        assert_eq!(one.verdict, CheckVerdict::Skipped, "{name}");
        assert!(one.detail.contains(part), "{}", one.detail);
    }
}

#[test]
fn samples_that_cannot_serve_are_refused() {
    for (text, part) in [
        ("[user]\nusername = \"ada@example.com\"", "holds no {n}"),
        ("[change]\nattribute = \"title\"\nvalues = [\"a\", \"a\"]", "are the same"),
        ("usr = 1", "unknown field `usr`"),
        ("[change]\nattribute = \"title\"\nvalues = [\"a\"]", "malformed"),
    ] {
        let error = Samples::parse(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
