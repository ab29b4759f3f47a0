//! Prometheus's text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use super::histogram::Histogram;

/// The labels of a value, with their names.
pub type Labels<'a> = Vec<(&'static str, &'a str)>;

/// A text in the making, for a host that adds counts of its own to [`Metrics::render`](super::Metrics::render).
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Adds what only grows.
    pub fn counter<'a>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels<'a>, u64)>) {
        self.head(name, help, "counter");
        values.into_iter().for_each(|(labels, value)| self.sample(name, &labels, value));
    }

    /// Adds what goes up and down.
    pub fn gauge<'a>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels<'a>, u64)>) {
        self.head(name, help, "gauge");
        values.into_iter().for_each(|(labels, value)| self.sample(name, &labels, value));
    }

    pub(super) fn histogram<'a>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'a>, &'a Histogram)>,
    ) {
        self.head(name, help, "histogram");
        for (labels, histogram) in values {
            let bucket = format!("{name}_bucket");
            for (bound, count) in histogram.cumulative() {
                let bound = bound.to_string();
                self.sample(&bucket, &with_bound(&labels, &bound), count);
            }
            self.sample(&bucket, &with_bound(&labels, "+Inf"), histogram.count());
            self.sample(&format!("{name}_sum"), &labels, histogram.sum());
            self.sample(&format!("{name}_count"), &labels, histogram.count());
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&'static str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if index == 0 { '{' } else { ',' }, escaped(text));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

fn with_bound<'a>(labels: &[(&'static str, &'a str)], bound: &'a str) -> Labels<'a> {
    labels.iter().copied().chain([("le", bound)]).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
