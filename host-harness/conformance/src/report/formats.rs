//! Reports for other programs.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use serde::Serialize;

use super::ConformanceReport;
use crate::check::{CheckVerdict, Checked};

#[derive(Serialize)]
struct Document<'a> {
    conforms: bool,
    passed: usize,
    failed: usize,
    skipped: usize,
    #[serde(flatten)]
    report: &'a ConformanceReport,
}

impl ConformanceReport {
    /// The report as a JSON value: the counts, the version of the list of checks, and each check.
    ///
    /// # Errors
    /// None that was ever seen: every part of a report has a form in JSON.
    pub fn json(&self) -> serde_json::Result<serde_json::Value> {
        let count = |verdict| self.count(verdict);
        serde_json::to_value(Document {
            conforms: self.conforms(),
            passed: count(CheckVerdict::Passed),
            failed: count(CheckVerdict::Failed),
            skipped: count(CheckVerdict::Skipped),
            report: self,
        })
    }

    /// The report as JUnit has them, which most CI systems show: a suite for each group of checks.
    pub fn junit(&self) -> String {
        let mut groups: Vec<(&str, Vec<(&str, &Checked)>)> = Vec::new();
        for checked in &self.checks {
            let (group, name) = checked.name.split_once('.').unwrap_or(("", checked.name));
            match groups.last_mut().filter(|(last, _)| *last == group) {
                Some((_, checks)) => checks.push((name, checked)),
                None => groups.push((group, vec![(name, checked)])),
            }
        }
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "<testsuites name=\"conformance {}\" {}>",
            self.checks_version,
            counts(&self.checks.iter().collect::<Vec<_>>())
        );
        for (group, checks) in groups {
            let all: Vec<&Checked> = checks.iter().map(|(_, checked)| *checked).collect();
            let _ = writeln!(text, "  <testsuite name=\"{group}\" {}>", counts(&all));
            for (name, checked) in checks {
                let _ = writeln!(text, "    <testcase classname=\"conformance.{group}\" name=\"{name}\">");
                let detail = printable(&checked.detail);
                let wants = printable(checked.wants);
                let _ = match checked.verdict {
                    CheckVerdict::Passed => writeln!(text, "      <system-out>{detail}</system-out>"),
                    CheckVerdict::Failed => {
                        writeln!(text, "      <failure message=\"{detail}\">Wanted: {wants}</failure>")
                    }
                    CheckVerdict::Skipped => writeln!(text, "      <skipped message=\"{detail}\"/>"),
                };
                text.push_str("    </testcase>\n");
            }
            text.push_str("  </testsuite>\n");
        }
        text.push_str("</testsuites>\n");
        text
    }
}

fn counts(checks: &[&Checked]) -> String {
    let count = |verdict| checks.iter().filter(|checked| checked.verdict == verdict).count();
    let (failed, skipped) = (count(CheckVerdict::Failed), count(CheckVerdict::Skipped));
    format!("tests=\"{}\" failures=\"{failed}\" skipped=\"{skipped}\"", checks.len())
}

/// A text for XML, without the characters that XML can't carry.
fn printable(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    escape(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> ConformanceReport {
        let checked = |name, verdict, detail: &str| Checked {
            name,
            wants: "A user that isn\'t there is <refused>.",
            verdict,
            detail: detail.to_owned(),
        };
        ConformanceReport {
            checks_version: 7,
            checks: vec![
                checked("import.whole", CheckVerdict::Passed, "60 users in 3 pages"),
                checked("import.resume", CheckVerdict::Skipped, "there are too few users for a second page"),
                checked("push.create", CheckVerdict::Failed, "it was \"made\"\u{1}\nin <two> lines"),
            ],
            left_behind: vec!["u1".to_owned()],
        }
    }

    #[test]
    fn the_report_for_ci_systems_is_as_in_the_golden_file() {
        assert_eq!(report().junit(), include_str!("../golden/report.xml"));
    }

    #[test]
    fn the_report_for_programs_is_as_in_the_golden_file() {
        let text = serde_json::to_string_pretty(&report().json().unwrap()).unwrap();
        assert_eq!(format!("{text}\n"), include_str!("../golden/report.json"));
    }
}
