//! Times, as Salesforce and HTTP write them. All are UTC and in whole seconds since 1970-01-01T00:00:00Z.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use crate::host::Response;

/// Returns Salesforce's clock when it answered, by the field `Date` (RFC 9110 §6.6.1), or `None` if that is missing or
/// malformed.
pub fn of_answer(response: &Response) -> Option<u64> {
    http_date(response.header("date")?)
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7, IMF-fixdate).
fn http_date(text: &str) -> Option<u64> {
    let time = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    u64::try_from(time.and_utc().timestamp()).ok().filter(|_| time.year() <= LAST_YEAR)
}

/// The last year of four digits.
const LAST_YEAR: i32 = 9999;

/// Reads a date and time in one of the forms that Salesforce takes and gives: `2022-03-17T16:21:26Z`, with or without a
/// fraction of the second, which doesn't count, and with the zone as `Z`, `+02:00` or `+0200`; UTC without one.
pub fn moment(text: &str) -> Option<i64> {
    let (date, time) = text.split_at_checked(10)?;
    if !is_date(date) || !time.starts_with('T') {
        return None;
    }
    // RFC 3339, which is what is left to read, has a zone always, and a colon in it.
    let (clock, zone) = time.split_at(time.find(['Z', '+', '-']).unwrap_or(time.len()));
    let zone = match zone.split_at_checked(3) {
        _ if zone.is_empty() => "Z".to_owned(),
        Some((hours, minutes)) if minutes.len() == 2 => format!("{hours}:{minutes}"),
        _ => zone.to_owned(),
    };
    let moment = DateTime::parse_from_rfc3339(&format!("{date}{clock}{zone}")).ok()?;
    // A leap second is the second before it, longer than a second.
    Some(moment.timestamp() + i64::from(moment.timestamp_subsec_nanos() / 1_000_000_000))
}

/// Whether a text is a date, as `2024-02-29`.
pub fn is_date(text: &str) -> bool {
    // The format would also take numbers of other lengths, with signs and blanks.
    let parsed = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    parsed.is_ok_and(|date| date.year() > 0 && date.to_string() == text)
}

/// Returns a moment as SOQL writes it: `2024-01-01T00:00:00Z`.
pub fn soql(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    // Positions end with the year 9999, so the latest time that can be told is never needed.
    time.unwrap_or(DateTime::<Utc>::MAX_UTC).to_rfc3339_opts(SecondsFormat::Secs, true)
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
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        for junk in [
            "",
            "yesterday",
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37",
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
    fn one_moment_is_read_from_each_of_its_notations() {
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
            assert_eq!(moment(same), Some(1_647_534_086), "{same}");
        }
        assert_eq!(moment("2000-02-29T00:00:00Z"), Some(951_782_400));
        assert_eq!(moment("2016-12-31T23:59:60Z"), Some(1_483_228_800));
        assert_eq!(moment("1969-12-31T23:59:59Z"), Some(-1));
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
            prop_assert_eq!(moment(&soql(seconds)), i64::try_from(seconds).ok());
        }
    }
}
