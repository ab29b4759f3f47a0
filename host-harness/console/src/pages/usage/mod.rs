//! *Usage*: what was asked of the application, by day and by the connector's function, as plots and as tables.

mod chart;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use self::chart::{Bars, Lines};
use super::listing::Asked;
use crate::access::Visitor;
use crate::chrome::{Chrome, html};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::{Allowance, Day, DayUsage, Timestamp};
use provisioning_runtime::Histogram;

/// Spans that can be looked at, in days.
const SPANS: [(&str, i64); 4] = [("7", 7), ("30", 30), ("90", 90), ("365", 365)];

/// The requests of a day, or of a function over all days.
#[derive(Clone, Debug, Default)]
struct Sum {
    failures: u64,
    times: Histogram,
}

impl Sum {
    fn add(&mut self, usage: &DayUsage) {
        self.failures += usage.failures;
        self.times.merge(&usage.times);
    }

    fn calls(&self) -> u64 {
        self.times.count()
    }

    fn median(&self) -> String {
        millis(&self.times, 0.5)
    }

    fn slow(&self) -> String {
        millis(&self.times, 0.95)
    }
}

fn millis(times: &Histogram, share: f64) -> String {
    times.quantile(share).map(|time| format!("{:.0}", time.as_secs_f64() * 1000.0)).unwrap_or_default()
}

#[derive(Template)]
#[template(path = "usage.html")]
struct Page {
    chrome: Chrome,
    path: String,
    days: i64,
    allowance: Option<Allowance>,
    calls: Bars,
    times: Lines,
    /// By day, the newest first; days on which nothing was asked are not there.
    by_day: Vec<(Day, Sum, Option<Allowance>)>,
    by_function: Vec<(String, Sum)>,
}

impl Page {
    fn spans(&self) -> impl Iterator<Item = i64> {
        SPANS.iter().map(|(_, days)| *days)
    }
}

/// Its routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/applications/{tenant}/usage", get(show))
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let days = asked.one_of("days", &SPANS)?.unwrap_or(30);
    let today = Day::of(Timestamp::now());
    let (since, id) = (today.before(days - 1), tenant.id);
    let (usage, allowances, allowance) =
        shared.read(move |view| Ok((view.usage(id, since)?, view.allowances(id, since)?, view.allowance(id)?))).await?;
    let mut by_day: BTreeMap<Day, Sum> = BTreeMap::new();
    let mut by_function: BTreeMap<&str, Sum> = BTreeMap::new();
    for one in &usage {
        by_day.entry(one.day).or_default().add(one);
        by_function.entry(&one.operation).or_default().add(one);
    }
    let mut functions: Vec<(&str, &Sum)> = by_function.iter().map(|(name, sum)| (*name, sum)).collect();
    functions.sort_by_key(|(name, sum)| (std::cmp::Reverse(sum.calls()), *name));
    let span: Vec<Day> = since.to(today).collect();
    let calls = Bars::new(&span, &functions.iter().map(|(name, _)| *name).collect::<Vec<_>>(), &usage);
    let times = Lines::new(&span, |day, share| Some(by_day.get(&day)?.times.quantile(share)?.as_secs_f64() * 1000.0));
    let by_function = functions.into_iter().map(|(name, sum)| (name.to_owned(), sum.clone())).collect();
    let said: BTreeMap<Day, Allowance> = allowances.into_iter().collect();
    let by_day = by_day.into_iter().rev().map(|(day, sum)| (day, sum, said.get(&day).copied())).collect();
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Usage", &tenant.name, "usage"),
        path: format!("/applications/{}/usage", tenant.name),
        days,
        allowance,
        calls,
        times,
        by_day,
        by_function,
    }))
}
