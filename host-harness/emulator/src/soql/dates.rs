//! Date literals: `TODAY`, `LAST_N_DAYS:30` and their like, as half-open ranges of instants in UTC.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate};

fn start(day: NaiveDate) -> i64 {
    day.and_hms_opt(0, 0, 0).map_or(0, |at| at.and_utc().timestamp())
}

fn shift_days(day: NaiveDate, days: i64) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { day.checked_sub_days(count) } else { day.checked_add_days(count) }
}

fn shift_months(day: NaiveDate, months: i64) -> Option<NaiveDate> {
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { day.checked_sub_months(count) } else { day.checked_add_months(count) }
}

/// The range that a literal names at this moment; `None` when it is no date literal.
pub(super) fn range(literal: &str, now: i64) -> Option<(i64, i64)> {
    let upper = literal.to_ascii_uppercase();
    let (name, count) = match upper.split_once(':') {
        Some((name, count)) => (name, Some(count.parse::<i64>().ok().filter(|count| *count < 100_000)?)),
        None => (upper.as_str(), None),
    };
    let today = DateTime::from_timestamp(now, 0)?.date_naive();
    let week = shift_days(today, -i64::from(today.weekday().num_days_from_sunday()))?;
    let month = today.with_day(1)?;
    let quarter = month.with_month((month.month() - 1) / 3 * 3 + 1)?;
    let year = month.with_month(1)?;
    let days = |from: NaiveDate, a: i64, b: i64| Some((start(shift_days(from, a)?), start(shift_days(from, b)?)));
    let months = |from: NaiveDate, a: i64, b: i64| Some((start(shift_months(from, a)?), start(shift_months(from, b)?)));
    match (name, count) {
        ("TODAY", None) => days(today, 0, 1),
        ("YESTERDAY", None) => days(today, -1, 0),
        ("TOMORROW", None) => days(today, 1, 2),
        ("THIS_WEEK", None) => days(week, 0, 7),
        ("LAST_WEEK", None) => days(week, -7, 0),
        ("NEXT_WEEK", None) => days(week, 7, 14),
        ("THIS_MONTH", None) => months(month, 0, 1),
        ("LAST_MONTH", None) => months(month, -1, 0),
        ("NEXT_MONTH", None) => months(month, 1, 2),
        ("THIS_QUARTER", None) => months(quarter, 0, 3),
        ("LAST_QUARTER", None) => months(quarter, -3, 0),
        ("NEXT_QUARTER", None) => months(quarter, 3, 6),
        ("THIS_YEAR", None) => months(year, 0, 12),
        ("LAST_YEAR", None) => months(year, -12, 0),
        ("NEXT_YEAR", None) => months(year, 12, 24),
        ("LAST_90_DAYS", None) => days(today, -90, 1),
        ("NEXT_90_DAYS", None) => days(today, 1, 91),
        // These include today (H: "starts 12:00:00 of the current day and continues for the past n days").
        ("LAST_N_DAYS", Some(n)) => days(today, -n, 1),
        ("NEXT_N_DAYS", Some(n)) => days(today, 1, n + 1),
        ("N_DAYS_AGO", Some(n)) => days(today, -n, 1 - n),
        ("LAST_N_WEEKS", Some(n)) => days(week, -7 * n, 0),
        ("NEXT_N_WEEKS", Some(n)) => days(week, 7, 7 * (n + 1)),
        ("LAST_N_MONTHS", Some(n)) => months(month, -n, 0),
        ("NEXT_N_MONTHS", Some(n)) => months(month, 1, n + 1),
        ("LAST_N_YEARS", Some(n)) => months(year, -12 * n, 0),
        ("NEXT_N_YEARS", Some(n)) => months(year, 12, 12 * (n + 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lie_around_the_given_moment() {
        let now = 1_647_534_086; // Thursday, 2022-03-17T16:21:26Z
        let day = 86_400;
        let today = 1_647_475_200;
        assert_eq!(range("today", now), Some((today, today + day)));
        assert_eq!(range("LAST_N_DAYS:2", now), Some((today - 2 * day, today + day)));
        assert_eq!(range("THIS_WEEK", now), Some((today - 4 * day, today + 3 * day)));
        assert_eq!(range("THIS_MONTH", now), Some((today - 16 * day, today + 15 * day)));
        assert_eq!(range("Name", now), None);
        assert_eq!(range("LAST_N_DAYS", now), None);
    }
}
