//! Answers that come in place of Salesforce's: a web page, or a redirect to another address.

use crate::model::{Details, Error, ErrorKind, Retry};
use crate::salesforce::error::{Detour, Fault};

/// The seconds after which a page is worth another look: of a gateway that is down, or of a maintenance.
fn pause(fault: &Fault) -> Retry {
    Retry::After(if fault.status >= 500 { 30 } else { 120 })
}

/// The seconds between looks at a host that has moved: the settings have to change first.
const MOVED: u32 = 300;

/// What is said of a host that may be the wrong one.
const HOST: &str = "the right host ends in .my.salesforce.com and is under Setup > Company Settings > My Domain";

/// Tells what came in place of the answer for `subject`, which `host` should have given.
pub fn detour(detour: &Detour, fault: Fault, host: &str, subject: &str) -> Error {
    let to = match detour {
        Detour::Moved { to } => to,
        Detour::Page => {
            let check =
                "check my-domain and whether a proxy answers in place of Salesforce, and see status.salesforce.com";
            return page(fault, &format!("Salesforce's answer for {subject}"), check);
        }
    };
    moved(to, fault, host, subject)
}

/// Tells what came in place of the answer to the sign-in of `subject` at `host`.
pub fn detour_of_sign_in(detour: &Detour, fault: Fault, host: &str, subject: &str) -> Error {
    match detour {
        Detour::Moved { to } => moved(to, fault, host, &format!("the sign-in of {subject}")),
        // No organization has this host, or it is another server's.
        Detour::Page if fault.status == 404 => {
            let (host, says) = (name_of(host), saying(&fault));
            let message = format!(
                "the login host {host} did not answer the sign-in of {subject} as Salesforce does, but with a web page{says}"
            );
            error(
                ErrorKind::InvalidSettings,
                Retry::AfterRemedy,
                message,
                &format!("Check instance-type and my-domain; {HOST}"),
                fault,
            )
        }
        Detour::Page => page(
            fault,
            &format!("Salesforce's answer to the sign-in of {subject}"),
            &format!("check instance-type and my-domain: {HOST}"),
        ),
    }
}

/// Tells of a page in place of `answer`. `check` says what to do if it stays so.
fn page(fault: Fault, answer: &str, check: &str) -> Error {
    let message = format!("a web page{} came in place of {answer} (HTTP status {})", saying(&fault), fault.status);
    if is_barred(&fault) {
        let remedy = "Read what the page says: a proxy or firewall between the provisioning host and Salesforce can have refused the request, or my-domain can name a host that is not Salesforce's";
        return error(ErrorKind::Unreachable, Retry::After(MOVED), message, remedy, fault);
    }
    let remedy = format!("It is tried again by itself; if the page does not speak of maintenance, {check}");
    error(ErrorKind::Transient, pause(&fault), message, &remedy, fault)
}

/// Whether a page says that somebody on the way lets the request not pass.
fn is_barred(fault: &Fault) -> bool {
    (400..500).contains(&fault.status)
}

fn saying(fault: &Fault) -> String {
    match fault.message.as_str() {
        "" => String::new(),
        words => format!(" that says {}", crate::text::quoted(words)),
    }
}

fn moved(to: &str, fault: Fault, host: &str, subject: &str) -> Error {
    let (old, new) = (name_of(host), name_of(to));
    // What is no plain name isn't quoted, and a place on the same host is no other host.
    let is_name = !new.is_empty() && new.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    if !is_name || new.eq_ignore_ascii_case(old) || !to.contains("://") {
        let status = fault.status;
        let message =
            format!("{old} redirects the request for {subject} in place of answering it (HTTP status {status})");
        let remedy = "It is tried again by itself; if it stays so, open the address in a browser to see where it leads, and check my-domain";
        return error(ErrorKind::Transient, Retry::After(MOVED), message, remedy, fault);
    }
    let message = format!("{old} sends the request for {subject} on to {new}, which is another host");
    let remedy = format!(
        "If {new} belongs to your organization, set instance-type to my-domain and my-domain to {new}, and allow this host for the tenant; the work waits until then"
    );
    error(ErrorKind::Unreachable, Retry::After(MOVED), message, &remedy, fault)
}

/// The host of an address, with its port.
fn name_of(address: &str) -> &str {
    let place = address.split_once("://").map_or(address, |(_, rest)| rest);
    place.split(['/', '?', '#']).next().unwrap_or_default()
}

fn error(kind: ErrorKind, retry: Retry, message: String, remedy: &str, fault: Fault) -> Error {
    Details { kind, message, remedy: Some(remedy.to_owned()), retry, upstream: Some(fault.into()) }.into()
}
