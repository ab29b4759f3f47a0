//! A signed-in client: the session, its renewal, repeated tries, and what the calls cost.

mod flight;
mod sign_in;
mod width;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::error::{self, Detour, Fault};
use super::login::{self, Credentials, SignedIn};
use crate::diagnosis;
use crate::host::{self, Failure, Host, Level, Request, Response};
use crate::model::{Details, Error, ErrorKind, Result, Retry, Usage};
use crate::settings::Reserve;
use flight::Flight;
use sign_in::sign_in;
use width::Width;

/// How often a call that met a passing condition is tried again.
const RETRIES: u32 = 3;

/// Whether a call may be sent again when it is not known whether Salesforce acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It comes to the same: a query, a write of absolute values, a deletion.
    Always,
    /// It would do it twice: a creation; or be refused for it: a password.
    Never,
}

/// A call below the REST API's root.
#[derive(Debug)]
pub struct Call<'a> {
    /// What to do.
    pub method: host::Method,
    /// Below `/services/data/vNN.0/`, or absolute with a slash first.
    pub path: Cow<'a, str>,
    /// JSON. `None` if there is no body.
    pub body: Option<Cow<'a, str>>,
    /// What to do when it is not known whether it was acted on.
    pub repeat: Repeat,
}

impl Call<'_> {
    /// Reads below the root of the API.
    pub fn get(path: String) -> Self {
        Self { method: host::Method::Get, path: Cow::Owned(path), body: None, repeat: Repeat::Always }
    }

    /// Reads at an absolute path of the instance, as `nextRecordsUrl` gives it. What is no such path is read below the root
    /// of the API, so that no answer can lead to another host.
    pub fn get_absolute(path: String) -> Self {
        Self::get(path)
    }
}

/// A call that failed.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: Error,
    /// Whether Salesforce may have acted on it all the same.
    pub uncertain: bool,
}

/// What comes of one answer.
enum Next {
    Done(Response),
    /// The session has ended; another sign-in lets the same call go on.
    Renew(Failed),
    /// A passing condition.
    Again(Failed),
    Stop(Failed),
}

/// A signed-in client of one organization.
pub struct Client<H: Host> {
    host: H,
    credentials: Credentials,
    root: String,
    pub(super) signed_in: RefCell<SignedIn>,
    usage: Cell<Usage>,
    reserve: Reserve,
    width: Width,
    /// Calls that were started and not finished: the organization's own count may lack them.
    under_way: Cell<u64>,
    /// Whether a call of several parts was given up without an answer.
    is_slow: Cell<bool>,
    /// Whether the session is a renewed one in which nothing has been answered yet.
    is_fresh: Cell<bool>,
    flight: Flight<H>,
}

/// A call that is under way.
pub struct Pending<H: Host> {
    call: Call<'static>,
    subject: &'static str,
    /// The session that it was sent with.
    session_id: String,
    /// Or why it wasn't sent.
    progress: std::result::Result<H::Started, Failed>,
}

impl<H: Host> Client<H> {
    /// Signs in. `api_version` is the version of REST calls, such as `66.0`.
    ///
    /// # Errors
    ///
    /// When Salesforce refuses the sign-in, cannot be reached, or answers with an address that is not safe to call.
    pub fn sign_in(host: H, credentials: Credentials, api_version: &str) -> Result<Self> {
        let mut usage = Usage::default();
        let signed_in = sign_in(&host, &credentials, &mut usage)?;
        Ok(Self {
            host,
            credentials,
            root: format!("/services/data/v{api_version}/"),
            signed_in: RefCell::new(signed_in),
            usage: Cell::new(usage),
            reserve: Reserve::Calls(0),
            width: Width::new(1),
            under_way: Cell::new(0),
            is_slow: Cell::new(false),
            is_fresh: Cell::new(false),
            flight: Flight::new(),
        })
    }

    /// The same, which sends at most so many requests side by side.
    #[must_use]
    pub fn with_width(mut self, most: usize) -> Self {
        self.width = Width::new(most);
        self
    }

    /// The same, which stops before the organisation has fewer API requests left than these.
    #[must_use]
    pub fn with_reserve(mut self, reserve: Reserve) -> Self {
        self.reserve = reserve;
        self
    }

    /// What the sign-in said.
    pub fn signed_in(&self) -> SignedIn {
        self.signed_in.borrow().clone()
    }

    /// What the client has used so far.
    pub fn usage(&self) -> Usage {
        self.usage.get()
    }

    /// The root of the REST API, an absolute path with a slash at its end.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// The host, for its log.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// Makes one call, and waits, tries again and signs in again as needed. `subject` says what it is about, for errors.
    ///
    /// # Errors
    ///
    /// When there is no answer, or one that refuses the call.
    pub fn call(&self, call: &Call<'_>, subject: &str) -> Result<Response> {
        self.attempt(call, subject).map_err(|failed| failed.error)
    }

    /// As [`Client::call`], with what is known of a failure.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn attempt(&self, call: &Call<'_>, subject: &str) -> std::result::Result<Response, Failed> {
        let mut answers = self.attempt_all(&[call], &[subject]);
        answers.pop().unwrap_or_else(|| Err(unanswered(subject)))
    }

    /// Starts a call and doesn't wait for its answer, which [`Client::finish`] gives. How many are to be under way at a time,
    /// [`Client::width`] says.
    pub fn start(&self, call: Call<'static>, subject: &'static str) -> Pending<H> {
        let progress = match self.starved(1, subject) {
            Some(error) => Err(Failed { error, uncertain: false }),
            None => {
                self.count(1);
                self.under_way.set(self.under_way.get() + 1);
                Ok(self.host.start(self.request(&call)))
            }
        };
        Pending { session_id: self.signed_in.borrow().session_id.clone(), call, subject, progress }
    }

    /// Waits for the answer to a call, and tries again and signs in again as needed.
    ///
    /// # Errors
    ///
    /// As [`Client::attempt`].
    pub fn finish(&self, pending: Pending<H>) -> std::result::Result<Response, Failed> {
        let Pending { call, subject, session_id, progress } = pending;
        let response = self.host.finish(progress?);
        self.under_way.set(self.under_way.get().saturating_sub(1));
        self.note_usage(response.as_ref().ok());
        let mut answers = self.see_through(&[&call], &[subject], Some((session_id, vec![response])));
        answers.pop().unwrap_or_else(|| Err(unanswered(subject)))
    }

    /// Waits for the answer to a call, which nobody wants any more: a host bounds the requests that are started and not finished.
    pub fn discard(&self, pending: Pending<H>) {
        if let Ok(started) = pending.progress {
            let response = self.host.finish(started);
            self.under_way.set(self.under_way.get().saturating_sub(1));
            self.note_usage(response.ok().as_ref());
        }
    }

    /// Requests that go side by side at a time, as Salesforce bears it.
    pub fn width(&self) -> usize {
        self.width.now()
    }

    /// Lets fewer requests go side by side, since these got into each other's way.
    pub fn narrow(&self) {
        self.width.shrink();
    }

    /// Whether a call of several parts took too long before, so that each part should go by a call of its own.
    pub(super) fn is_slow(&self) -> bool {
        self.is_slow.get()
    }

    /// Notes that a call of several parts took too long.
    pub(super) fn note_slow(&self) {
        self.is_slow.set(true);
    }

    /// Makes independent calls side by side, each with its own subject. Answers stand in the order of the calls.
    pub fn attempt_all(&self, calls: &[&Call<'_>], subjects: &[&str]) -> Vec<std::result::Result<Response, Failed>> {
        self.see_through(calls, subjects, None)
    }

    /// Makes calls, of which the first tries may have been answered already, in a session that may no longer be the client's.
    fn see_through(
        &self,
        calls: &[&Call<'_>],
        subjects: &[&str],
        first: Option<(String, Vec<std::result::Result<Response, Failure>>)>,
    ) -> Vec<std::result::Result<Response, Failed>> {
        let mut answers: Vec<Option<std::result::Result<Response, Failed>>> = calls.iter().map(|_| None).collect();
        let mut pending: Vec<usize> = (0..calls.len()).collect();
        let mut renewed = false;
        let mut attempt = 0;
        let mut given = first;
        while !pending.is_empty() {
            let session_id = match &given {
                Some((session_id, _)) => session_id.clone(),
                None => self.signed_in.borrow().session_id.clone(),
            };
            let responses = match given.take() {
                Some((_, given)) => given,
                None => {
                    if let Some(error) = self.starved(pending.len(), subjects[pending[0]]) {
                        for at in pending {
                            answers[at] = Some(Err(Failed { error: error.clone(), uncertain: false }));
                        }
                        break;
                    }
                    self.send_all(pending.iter().map(|&at| calls[at]))
                }
            };
            // A renewed session that is of no use is refused for another reason than its age, such as the address that it is
            // used from (M). Further sign-ins come to the same, and count towards Salesforce's limit of them.
            let is_of_no_use = self.is_fresh.get() && session_id == self.signed_in.borrow().session_id;
            // Those to send again, in order; and of them those whose session has ended.
            let mut again = Vec::new();
            let mut ended = Vec::new();
            for (&at, response) in pending.iter().zip(responses) {
                answers[at] = Some(match self.judge(response, calls[at].repeat, subjects[at]) {
                    Next::Done(response) => Ok(response),
                    Next::Renew(failed) => {
                        if !renewed && !is_of_no_use {
                            again.push(at);
                            ended.push(at);
                        }
                        Err(failed)
                    }
                    Next::Again(failed) => {
                        if attempt < RETRIES {
                            again.push(at);
                        }
                        Err(failed)
                    }
                    Next::Stop(failed) => Err(failed),
                });
            }
            if again.len() > ended.len() {
                self.back_off(attempt, subjects[again[0]]);
                attempt += 1;
            }
            // Of several calls that were under way when the session ended, the first renews it.
            if !ended.is_empty() && session_id == self.signed_in.borrow().session_id {
                renewed = true;
                if let Err(error) = self.renew() {
                    again.retain(|at| !ended.contains(at));
                    for at in ended {
                        answers[at] = Some(Err(Failed { error: error.clone(), uncertain: false }));
                    }
                }
            }
            pending = again;
        }
        let answers = answers.into_iter().zip(subjects);
        answers.map(|(answer, subject)| answer.unwrap_or_else(|| Err(unanswered(subject)))).collect()
    }

    /// The error for requests that would use up what is left for others. Until the first answer the organisation's own
    /// count is not known, and nothing is held back.
    fn starved(&self, requests: usize, subject: &str) -> Option<Error> {
        let Usage { used: Some(used), limit: Some(limit), .. } = self.usage.get() else { return None };
        let (left, reserve) = (limit.saturating_sub(used), self.reserve.of(limit));
        let wanted = self.under_way.get().saturating_add(requests as u64);
        if reserve == 0 || left >= reserve.saturating_add(wanted) {
            return None;
        }
        let message = format!(
            "the Salesforce organization has {left} of its {limit} API requests of the day left, and api-reserve keeps {reserve} for others, so {subject} has to wait"
        );
        let error = Error::new(ErrorKind::BudgetExhausted, message).with_retry(Retry::After(3600));
        Some(error.with_remedy("Wait until requests of the last 24 hours have passed, lower api-reserve, or buy more; Setup > Company Settings > Company Information shows the use"))
    }

    /// Tries whether users can sign in to a portal with these passwords, side by side. Answers stand in the order of the
    /// users; the fault where Salesforce refuses one, and none where it did not answer.
    pub fn try_portal_logins(
        &self,
        portal_id: &str,
        users: &[(&str, &str)],
    ) -> Vec<std::result::Result<(), Option<Fault>>> {
        let organization_id = &self.signed_in.borrow().organization_id;
        let login_url = &self.credentials.login_url;
        let requests = users.iter().map(|(username, password)| {
            login::portal_request(login_url, organization_id, portal_id, username, password)
        });
        let requests: Vec<Request<'_>> = requests.collect();
        self.count(requests.len());
        let answers = self.host.send_all(requests).into_iter().map(|answer| match answer {
            Ok(response) => {
                let parsed = login::parse(response.status, &response.body);
                parsed.map(|_| ()).map_err(|fault| Some(fault.of(&response)))
            }
            Err(_) => Err(None),
        });
        answers.collect()
    }

    /// Waits longer with each attempt, with a part left to chance so that jobs which met do not meet again.
    pub fn back_off(&self, attempt: u32, subject: &str) {
        self.host.log(Level::Warn, "Salesforce is busy; trying again", &[("about", subject)]);
        let base = 250_u64 << attempt.min(6);
        let chance = u64::from(self.host.now().subsec_nanos()) % base;
        self.host.sleep(Duration::from_millis(base + chance));
    }

    fn request<'a>(&self, call: &'a Call<'_>) -> Request<'a> {
        let signed_in = self.signed_in.borrow();
        let root = if call.path.starts_with('/') { "" } else { self.root.as_str() };
        let mut headers = vec![
            ("authorization", format!("Bearer {}", signed_in.session_id)),
            ("accept", "application/json".to_owned()),
        ];
        if call.body.is_some() {
            headers.push(("content-type", "application/json; charset=UTF-8".to_owned()));
        }
        Request {
            method: call.method,
            url: format!("{}{root}{}", signed_in.instance_url, call.path),
            headers,
            body: call.body.as_deref().map(Cow::Borrowed),
        }
    }

    /// Sends calls, as many side by side as go at a time.
    fn send_all<'a>(
        &self,
        calls: impl ExactSizeIterator<Item = &'a Call<'a>>,
    ) -> Vec<std::result::Result<Response, Failure>> {
        self.count(calls.len());
        let mut calls = calls.peekable();
        let mut responses = Vec::with_capacity(calls.len());
        while calls.peek().is_some() {
            let some: Vec<Request<'_>> = calls.by_ref().take(self.width()).map(|call| self.request(call)).collect();
            let some = match <[Request<'_>; 1]>::try_from(some) {
                Ok([only]) => vec![self.host.send(only)],
                Err(several) => self.host.send_all(several),
            };
            some.iter().for_each(|response| self.note_usage(response.as_ref().ok()));
            responses.extend(some);
        }
        responses
    }

    /// Counts requests that are sent.
    fn count(&self, requests: usize) {
        let mut usage = self.usage.get();
        usage.calls = usage.calls.saturating_add(requests as u64);
        self.usage.set(usage);
    }

    /// Takes note of what an answer says of the organization's allowance.
    fn note_usage(&self, response: Option<&Response>) {
        let told = response.and_then(|response| response.header("sforce-limit-info")).and_then(api_usage);
        if let Some((used, limit)) = told {
            self.usage.set(Usage { used: Some(used), limit: Some(limit), ..self.usage.get() });
        }
    }

    fn judge(&self, response: std::result::Result<Response, Failure>, repeat: Repeat, subject: &str) -> Next {
        let response = match response {
            Ok(response) => match Detour::of(&response) {
                Some(detour) => return self.judge_detour(&detour, &response, repeat, subject),
                None if response.status < 300 => {
                    self.is_fresh.set(false);
                    self.width.grow();
                    return Next::Done(response);
                }
                None => response,
            },
            Err(failure) => {
                let uncertain = may_have_acted(&failure);
                let passing = matches!(failure, Failure::Unreachable(_) | Failure::TimedOut);
                let failed = Failed { error: no_answer(failure, subject), uncertain };
                return match repeat {
                    Repeat::Always if passing => Next::Again(failed),
                    _ => Next::Stop(failed),
                };
            }
        };
        let fault = error::parse(response.status, &response.body).of(&response);
        let is_crowded = diagnosis::is_crowded(&fault);
        if is_crowded {
            self.width.shrink();
        }
        let passing = is_crowded || diagnosis::is_passing(&fault);
        let uncertain = fault.is_silent();
        let ended = diagnosis::is_end_of_session(&fault);
        if !ended {
            self.is_fresh.set(false);
        }
        let failed = Failed { error: diagnosis::diagnose(fault, subject), uncertain };
        match repeat {
            _ if ended => Next::Renew(failed),
            Repeat::Never if uncertain => Next::Stop(failed),
            _ if passing => Next::Again(failed),
            _ => Next::Stop(failed),
        }
    }

    /// What comes of a page or a redirect. A page in place of an answer says nothing of what was done.
    fn judge_detour(&self, detour: &Detour, response: &Response, repeat: Repeat, subject: &str) -> Next {
        let mut fault = error::parse(response.status, &response.body).of(response);
        let session_id = &self.signed_in.borrow().session_id;
        fault.message = fault.message.replace(session_id.as_str(), "***");
        let is_page = *detour == Detour::Page && !(400..500).contains(&fault.status);
        let error = diagnosis::detour(detour, fault, &self.signed_in.borrow().instance_url, subject);
        let failed = Failed { error, uncertain: is_page };
        if is_page && repeat == Repeat::Always { Next::Again(failed) } else { Next::Stop(failed) }
    }

    fn renew(&self) -> Result<()> {
        self.host.log(Level::Info, "the Salesforce session has ended; signing in again", &[]);
        let mut usage = self.usage.get();
        let renewed = sign_in(&self.host, &self.credentials, &mut usage);
        self.usage.set(usage);
        *self.signed_in.borrow_mut() = renewed?;
        self.is_fresh.set(true);
        Ok(())
    }
}

/// A host that gives fewer answers than it got requests.
fn unanswered(subject: &str) -> Failed {
    let error = Error::new(ErrorKind::Transient, format!("the host gave no answer for {subject}"));
    Failed { error, uncertain: true }
}

/// Reads `api-usage=18/15000`: used and limit (H). The first number is what is used, not what is left.
fn api_usage(header: &str) -> Option<(u64, u64)> {
    let numbers = header.split([',', ';']).find_map(|item| item.trim_ascii().strip_prefix("api-usage="))?;
    let (used, limit) = numbers.split_once('/')?;
    Some((used.trim().parse().ok()?, limit.trim().parse().ok()?))
}

fn may_have_acted(failure: &Failure) -> bool {
    !matches!(failure, Failure::Denied(_) | Failure::Tls(_))
}

/// The error for a request without an answer.
fn no_answer(failure: Failure, subject: &str) -> Error {
    let (kind, retry, reason, remedy) = match failure {
        Failure::Denied(reason) => (
            ErrorKind::Unreachable,
            Retry::AfterRemedy,
            reason,
            Some("Allow this host for the tenant, or raise the job's allowance of calls"),
        ),
        Failure::Unreachable(reason) => (
            ErrorKind::Unreachable,
            Retry::After(30),
            reason,
            Some("Check instance-type, my-domain and the network, and see status.salesforce.com"),
        ),
        Failure::Tls(reason) => (
            ErrorKind::Unreachable,
            Retry::AfterRemedy,
            reason,
            Some("Check my-domain, and whether a proxy replaces the certificates of Salesforce"),
        ),
        Failure::TimedOut => {
            (ErrorKind::Transient, Retry::After(30), "Salesforce did not answer in time".to_owned(), None)
        }
        Failure::TooLarge(limit) => (
            ErrorKind::Other(Cow::Borrowed("answer-too-large")),
            Retry::Never,
            format!("the answer is longer than {limit} bytes"),
            Some("Ask for fewer users a page or fewer attributes"),
        ),
        Failure::Cancelled => {
            (ErrorKind::Other(Cow::Borrowed("cancelled")), Retry::AtOnce, "the job was ended".to_owned(), None)
        }
        Failure::Other(reason) => (ErrorKind::Other(Cow::Borrowed("request-failed")), Retry::Never, reason, None),
    };
    let reason = reason.trim_end_matches('.');
    Details {
        kind,
        message: format!("no answer for {subject}: {reason}"),
        remedy: remedy.map(str::to_owned),
        retry,
        upstream: None,
    }
    .into()
}

#[cfg(test)]
mod tests;
