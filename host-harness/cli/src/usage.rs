//! `usage`: what a tenant has asked of its application, by day, and what is left of the allowance.

use clap::Args;
use serde::Serialize;

use super::context::open_tenant;
use super::failure::{DONE, Failure};
use super::global::Global;
use super::output::Output;
use provisioning_directory::{Allowance, Day, DayUsage, DirectoryError, Timestamp, USAGE_DAYS};

#[derive(Args)]
pub(crate) struct Options {
    /// The tenant's name, in the data folder.
    tenant: String,
    /// Days to show, this one included, by UTC; 396 are kept.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=USAGE_DAYS))]
    days: i64,
}

#[derive(Serialize)]
struct Document<'a> {
    tenant: &'a str,
    allowance: Option<Allowance>,
    days: Vec<RowView<'a>>,
}

#[derive(Serialize)]
struct RowView<'a> {
    day: Day,
    operation: &'a str,
    calls: u64,
    failures: u64,
    /// In milliseconds, estimated.
    median: Option<u64>,
    /// In milliseconds, estimated.
    p95: Option<u64>,
}

impl<'a> From<&'a DayUsage> for RowView<'a> {
    fn from(usage: &'a DayUsage) -> Self {
        let millis = |share| usage.times.quantile(share).map(|time| time.as_millis() as u64);
        Self {
            day: usage.day,
            operation: &usage.operation,
            calls: usage.times.count(),
            failures: usage.failures,
            median: millis(0.5),
            p95: millis(0.95),
        }
    }
}

pub(crate) fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    let (directory, tenant) = open_tenant(global, &options.tenant)?;
    let since = Day::of(Timestamp::now()).before(options.days - 1);
    let (usage, allowance) = directory.read(|view| -> Result<_, DirectoryError> {
        Ok((view.usage(tenant.id, since)?, view.allowance(tenant.id)?))
    })?;
    let rows: Vec<RowView<'_>> = usage.iter().map(RowView::from).collect();
    if output.json() {
        output.document(&Document { tenant: &tenant.name, allowance, days: rows })?;
        return Ok(DONE);
    }
    if rows.is_empty() {
        output.line(&format!("{} has asked nothing of its application since {since}.", tenant.name))?;
    } else {
        let mut table = output.table(&["Day", "Function", "Calls", "Failed", "Median ms", "95 % within ms"]);
        let millis = |time: Option<u64>| time.map(|time| time.to_string()).unwrap_or_default();
        for row in &rows {
            table.add_row([
                row.day.to_string(),
                row.operation.to_owned(),
                row.calls.to_string(),
                row.failures.to_string(),
                millis(row.median),
                millis(row.p95),
            ]);
        }
        output.print_table(&table)?;
    }
    if let Some(allowance) = allowance {
        output.line(&format!(
            "The application said at {} that {} of {} calls were used, so {} are left.",
            allowance.seen_at,
            allowance.used,
            allowance.limit,
            allowance.left()
        ))?;
    }
    Ok(DONE)
}
