//! What the benches share: an emulated org in a process of its own, with tenants for it; and what the operating
//! system says about this process.
#![allow(dead_code, reason = "each bench uses a part")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

pub(crate) mod canned;
pub(crate) mod emulated;
pub(crate) mod native;
pub(crate) mod process;
pub(crate) mod users;

use std::collections::BTreeMap;

/// Prints one figure: name, value, unit, and what was aimed at.
pub(crate) fn figure(name: &str, value: f64, unit: &str, aim: Option<&str>) {
    let aim = aim.map_or_else(String::new, |aim| format!("  (aim {aim})"));
    println!("{name:<48} {value:>12.2} {unit}{aim}");
}

/// The settings of a tenant whose org answers at `url`.
pub(crate) fn settings(url: &str) -> BTreeMap<String, String> {
    [
        ("instance-type", "my-domain"),
        ("my-domain", url),
        ("username", "admin@bench.example"),
        ("organization-id", canned::ORGANIZATION),
        ("portal-id", canned::PORTAL),
        ("account-id", canned::ACCOUNT),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// A number from the environment, or what a quick run takes.
pub(crate) fn number(name: &str, quick: u32) -> u32 {
    std::env::var(name).ok().map_or(quick, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// The middle of several measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
