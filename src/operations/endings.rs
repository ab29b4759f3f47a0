//! What Salesforce has announced to end of what a tenant's settings rely on: a way to sign in, a version of the API.
//!
//! `test-credentials` reports it by a probe that passes and has a remedy all the same, and each session writes it to the log.
//! Nothing is refused over it: Salesforce decides when it ends, and has put such dates off before.

use std::time::Duration;

use crate::host::{Host, Level};
use crate::salesforce::login::Method;
use crate::salesforce::time;
use crate::settings::names;

/// What is about to end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The setting that decides whether the tenant relies on it.
    setting: &'static str,
    /// One sentence, without its full stop: what ends, and when.
    pub(super) detail: String,
    /// One sentence, without its full stop: what to do, and where.
    pub(super) remedy: &'static str,
    /// Whole days until then, as far as a date is known; negative after it.
    days_left: Option<i64>,
}

/// A way to sign in that Salesforce ends.
struct EndOfSignIn {
    what: &'static str,
    release: &'static str,
    date: &'static str,
}

/// SOAP `login()` is retired in all versions with Summer '27 (H, Salesforce Help 005132110); for the day, a partner quotes
/// Salesforce's notice of 21 April 2026 (L).
const SOAP_LOGIN: EndOfSignIn =
    EndOfSignIn { what: "SOAP login()", release: "its release Summer '27", date: "2027-06-01" };

/// The username-password flow was to end with Winter '27, which the release notes of Winter '27 put off to this day (M, as
/// quoted).
const PASSWORD_FLOW: EndOfSignIn =
    EndOfSignIn { what: "the OAuth username-password flow", release: "its release Spring '27", date: "2027-02-20" };

const SECONDS_A_DAY: i64 = 86_400;

const OTHER_SIGN_IN: &str = "Create an External Client App under Setup > External Client App Manager with Enable Client Credentials Flow and a run-as user, set sign-in to client-credentials and instance-type to my-domain, and enter the app's client-id and client-secret";

/// The version of the API below which a warning is due. Salesforce supports a version for three years from its release (H, SOAP
/// guide, End-of-Life Policy), which those below have behind them by Spring '27, and then retires ten at a time: 21.0 to 30.0 with
/// Summer '25, 31.0 to 40.0 with Summer '28 (H, Salesforce Help 005321531).
const AGEING: u32 = 60;

const OTHER_VERSION: &str =
    "Leave api-version out, or set it to a newer version that the organization lists under /services/data/";

/// What is about to end of the way to sign in. `now` is the time since 1 January 1970, UTC.
pub(super) fn of_sign_in(method: &Method, now: Duration) -> Option<Ending> {
    let EndOfSignIn { what, release, date } = match method {
        Method::Soap(_) => SOAP_LOGIN,
        Method::PasswordFlow(..) => PASSWORD_FLOW,
        Method::ClientCredentials(_) | Method::JwtBearer(..) => return None,
    };
    let today = i64::try_from(now.as_secs()).ok()? / SECONDS_A_DAY;
    let left = time::moment(&format!("{date}T00:00:00Z"))? / SECONDS_A_DAY - today;
    let end = format!("the tenant signs in by {what}, which Salesforce ends with {release}, about {date}");
    let detail = match left {
        ..=0 => format!("{end}: that day has come"),
        1 => format!("{end}: 1 day is left"),
        _ => format!("{end}: {left} days are left"),
    };
    Some(Ending { setting: names::SIGN_IN, detail, remedy: OTHER_SIGN_IN, days_left: Some(left) })
}

/// What is about to end of a version of the API, such as `42.0`.
pub(super) fn of_api_version(version: &str) -> Option<Ending> {
    let number = version.split('.').next()?.parse::<u32>().ok()?;
    (number < AGEING).then(|| Ending {
        setting: names::API_VERSION,
        detail: format!(
            "api-version is {number}.0, and Salesforce retires versions below {AGEING}.0 ten at a time once they are three years old, 31.0 to 40.0 with its release Summer '28"
        ),
        remedy: OTHER_VERSION,
        days_left: None,
    })
}

impl Ending {
    /// Writes it to the log of the job.
    pub(super) fn log<H: Host>(&self, host: &H) {
        let days = self.days_left.map(|days| days.to_string());
        let mut fields = vec![("setting", self.setting)];
        fields.extend(days.as_deref().map(|days| ("days-left", days)));
        fields.push(("remedy", self.remedy));
        host.log(Level::Warn, &self.detail, &fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::salesforce::login::{App, Password};
    use crate::scripted::{Script, session, session_with};

    fn at(moment: &str) -> Duration {
        Duration::from_secs(time::moment(moment).unwrap().try_into().unwrap())
    }

    #[test]
    fn the_days_until_a_sign_in_ends_are_counted_down() {
        let password = || Password { password: String::new(), security_token: None };
        let app = || App { id: String::new(), secret: String::new() };
        let (soap, flow) = (Method::Soap(password()), Method::PasswordFlow(app(), password()));
        for (method, now, left, says) in [
            (&soap, "2026-11-30T07:00:00Z", 183, "Summer '27, about 2027-06-01: 183 days are left"),
            (&soap, "2027-05-30T23:59:59Z", 2, "2 days are left"),
            (&soap, "2027-05-31T00:00:00Z", 1, "1 day is left"),
            (&soap, "2027-06-01T00:00:00Z", 0, "that day has come"),
            (&soap, "2027-07-01T00:00:00Z", -30, "that day has come"),
            (&flow, "2026-11-30T07:00:00Z", 82, "Spring '27, about 2027-02-20: 82 days are left"),
        ] {
            let ending = of_sign_in(method, at(now)).unwrap();
            assert_eq!(ending.days_left, Some(left), "{now}");
            assert!(ending.detail.ends_with(says), "{now}: {}", ending.detail);
            assert!(ending.remedy.contains("External Client App") && ending.remedy.contains("my-domain"));
        }
        for method in [Method::ClientCredentials(app()), Method::JwtBearer(String::new(), String::new())] {
            assert_eq!(of_sign_in(&method, at("2027-07-01T00:00:00Z")), None);
        }
    }

    #[test]
    fn a_version_of_the_api_below_60_is_about_to_end() {
        for (version, ends) in [("42.0", true), ("59.0", true), ("60.0", false), ("66.0", false), ("x", false)] {
            assert_eq!(of_api_version(version).is_some(), ends, "{version}");
        }
    }

    #[test]
    fn each_session_writes_to_the_log_what_is_about_to_end() {
        let script = Script::new();
        session(&script);
        let [soap] = &script.logged()[..] else { panic!("{:?}", script.logged()) };
        assert!(soap.starts_with("Warn the tenant signs in by SOAP login()"), "{soap}");
        assert!(
            soap.contains(r#"("setting", "sign-in"), ("days-left", "1295"), ("remedy", "Create an External"#),
            "{soap}"
        );

        let script = Script::new();
        session_with(&script, &[("api-version", "59.0")]);
        let [_, version] = &script.logged()[..] else { panic!("{:?}", script.logged()) };
        assert!(
            version.starts_with("Warn api-version is 59.0, and Salesforce retires versions below 60.0"),
            "{version}"
        );
        assert!(version.contains(r#"("setting", "api-version"), ("remedy", "Leave api-version out"#), "{version}");
    }
}
