//! Times, as Salesforce and HTTP write them. All are UTC and in whole seconds since 1970-01-01T00:00:00Z.

use crate::host::Response;
use crate::text::split;

const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
const DAY: u64 = 86_400;
/// The days from 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468;

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
    Some((days(year, month + 1, day) - EPOCH) * DAY + hour * 3_600 + minute * 60 + second)
}

/// Reads a date and time in one of the forms that Salesforce takes and gives: `2022-03-17T16:21:26Z`, with or without a
/// fraction of the second, which doesn't count, and with the zone as `Z`, `+02:00` or `+0200`; UTC without one. In seconds since
/// 0000-03-01T00:00:00Z, so that what lies before 1970 has its place.
pub fn moment(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let (clock, rest) = time.split_at_checked(8)?;
    let zone = rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|sign: char| sign.is_ascii_digit()));
    let [hour, minute, second] = pairs(clock, ':')?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let local = day(date)? * DAY + hour * 3_600 + minute * 60 + second;
    if matches!(zone, "" | "Z") {
        return Some(local);
    }
    let (sign, zone) = zone.split_at_checked(1)?;
    let (hours, minutes) = zone.split_at_checked(2)?;
    let ahead = pair(hours)? * 3_600 + pair(minutes.strip_prefix(':').unwrap_or(minutes))? * 60;
    match sign {
        "+" => local.checked_sub(ahead),
        "-" => Some(local + ahead),
        _ => None,
    }
}

/// Whether a text is a date, as `2024-02-29`.
pub fn is_date(text: &str) -> bool {
    day(text).is_some()
}

/// The day of a date of four digits for the year, counted from 0000-03-01.
fn day(text: &str) -> Option<u64> {
    let (century, rest) = text.split_at_checked(2)?;
    let [year, month, day] = pairs(rest, '-')?;
    let year = pair(century)? * 100 + year;
    let days = (year > 0 && (1..=12).contains(&month) && day > 0).then(|| days(year, month, day))?;
    // The thirtieth of February is another day.
    (date(days) == (year, month, day)).then_some(days)
}

/// Three numbers of two digits each.
fn pairs(text: &str, between: char) -> Option<[u64; 3]> {
    let mut parts = text.split(between).map(pair);
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

fn pair(text: &str) -> Option<u64> {
    let is_pair = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_pair)
}

/// As SOQL writes a moment: `2024-01-01T00:00:00Z`.
pub fn soql(seconds: u64) -> String {
    let (year, month, day) = date(seconds / DAY + EPOCH);
    let rest = seconds % DAY;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// Days since 0000-03-01 of a date of the Gregorian calendar. Counted in years that begin in March, so that the day which
/// leap years add stands at the end; an era has 400 such years and 146,097 days.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, year) = (year / 400, year % 400);
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year
}

/// The other way round.
fn date(days: u64) -> (u64, u64, u64) {
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
    use proptest::prelude::*;

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
        for day in (0..3_652_000).step_by(97) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
        assert_eq!(days(1970, 1, 1), EPOCH);
    }

    #[test]
    fn one_moment_is_read_from_each_of_its_notations() {
        let at = |text: &str| moment(text).map(|seconds| seconds - EPOCH * DAY);
        for same in [
            "2022-03-17T16:21:26Z",
            "2022-03-17T16:21:26",
            "2022-03-17T16:21:26.000+0000",
            "2022-03-17T16:21:26.999Z",
            "2022-03-17T16:21:26+00:00",
            "2022-03-17T18:21:26+02:00",
            "2022-03-17T21:51:26+0530",
            "2022-03-17T06:21:26-10:00",
            "2022-03-18T02:21:26.5+1000",
            "2022-03-16T20:21:26-20:00",
        ] {
            assert_eq!(at(same), Some(1_647_534_086), "{same}");
        }
        assert_eq!(at("2000-02-29T00:00:00Z"), Some(951_782_400));
        assert_eq!(at("2016-12-31T23:59:60Z"), Some(1_483_228_800));
        assert_eq!(moment("1969-12-31T23:59:59Z"), Some(EPOCH * DAY - 1));
        assert!(moment("1700-01-01T00:00:00Z").is_some());
    }

    #[test]
    fn what_is_no_date_or_no_time_of_a_day_is_no_moment() {
        for date in ["2024-02-29", "2023-12-31", "1700-01-01", "4000-12-31", "2024-01-01"] {
            assert!(is_date(date), "{date}");
        }
        for no_date in [
            "",
            "soon",
            "2024",
            "2024-02",
            "2023-02-29",
            "2024-02-30",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "24-01-01",
            "2024-1-1",
            "2024/01/01",
            "01-01-2024",
            "02024-01-01",
            "2024-01-01-01",
            "0000-01-01",
            "+024-01-01",
            "2024-01-01 ",
        ] {
            assert!(!is_date(no_date), "{no_date}");
            assert_eq!(moment(&format!("{no_date}T00:00:00Z")), None, "{no_date}");
        }
        for no_time in [
            "",
            "T",
            "T1",
            "T16:21",
            "T16:21:26x",
            "T24:00:00Z",
            "T16:60:00Z",
            "T16:00:61Z",
            "T16-21-26Z",
            "T16:21:26ZZ",
            "T16:21:26+",
            "T16:21:26+2",
            "T16:21:26+02",
            "T16:21:26+2:00",
            "T16:21:26*02:00",
            "T16:21:26+02:00:00",
            "T16:21:26,5Z",
            " 16:21:26Z",
            "t16:21:26Z",
            "T1é:21:26Z",
            "T16:21:26é",
        ] {
            assert_eq!(moment(&format!("2022-03-17{no_time}")), None, "{no_time}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_moment_or_none(text in "\\PC{0,10}T\\PC{0,16}") {
            _ = moment(&text);
        }

        #[test]
        fn every_second_is_read_as_it_is_written(seconds in 0_u64..253_402_300_800) {
            prop_assert_eq!(moment(&soql(seconds)), Some(seconds + EPOCH * DAY));
        }
    }
}
