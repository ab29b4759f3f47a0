//! Times, as Salesforce and HTTP write them. All are UTC and in whole seconds since 1970-01-01T00:00:00Z.

use crate::host::Response;
use crate::text::split;

const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
const DAY: u64 = 86_400;

/// Salesforce's clock when it answered, by the field `Date` (RFC 9110 §6.6.1); none where it is missing or malformed.
pub fn of_answer(response: &Response) -> Option<u64> {
    http_date(response.header("date")?)
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7, IMF-fixdate).
fn http_date(text: &str) -> Option<u64> {
    let mut words = text.split_ascii_whitespace().skip(1);
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next().filter(|name| name.len() == 3)?;
    let month = split(MONTHS, name).map(|(before, _)| before.len() as u64).filter(|at| at % 3 == 0)? / 3;
    let year: u64 = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(|number| number.parse::<u64>().ok().filter(|number| *number < 61));
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    Some(days(year, month + 1, day) * DAY + hour * 3_600 + minute * 60 + second)
}

/// As SOQL writes a moment: `2024-01-01T00:00:00Z`.
pub fn soql(seconds: u64) -> String {
    let (year, month, day) = date(seconds / DAY);
    let rest = seconds % DAY;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar. Counted in years that begin in March, so that the day which
/// leap years add stands at the end; an era has 400 such years and 146,097 days.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, year) = (year / 400, year % 400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// The other way round.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(soql(784_111_777), "1994-11-06T08:49:37Z");
        assert_eq!(soql(0), "1970-01-01T00:00:00Z");
        assert_eq!(soql(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(soql(253_402_300_799), "9999-12-31T23:59:59Z");
        for junk in [
            "",
            "yesterday",
            "Sun, 06 Nov 1994",
            "Sun, 06 ovD 1994 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:99:37 GMT",
        ] {
            assert_eq!(http_date(junk), None, "{junk}");
        }
    }

    #[test]
    fn every_day_survives_both_ways() {
        for day in (0..3_000_000).step_by(97).take_while(|day| *day < 2_932_896) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }
}
