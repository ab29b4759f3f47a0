//! Users that wait to be confirmed: those that an import has left, one by one or all that are clear, and those of which a push
//! could not tell whose they are.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::claims::{self, Claims};
use super::import::QUICK;
use super::listing::{Asked, ROWS, address, has_more};
use crate::access::{Fields, Submission, Visitor};
use crate::chrome::{Chrome, html};
use crate::form::{Button, Form};
use crate::jobs::{self, JobReport, Panel};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::sync::{Decided, Decision, confirm, confirm_all};
use provisioning_directory::{DirectoryError, QueueFilter, QueueReason, Queued, TenantRecord, WriteTransaction};

/// Users that are fetched at once, to be confirmed.
const PIECE: u32 = 500;
/// Says that the numbers were seen.
const SURE: &str = "sure";

const REASONS: [(&str, QueueReason); 6] = [
    ("matched", QueueReason::Matched),
    ("ambiguous", QueueReason::Ambiguous),
    ("taken", QueueReason::Taken),
    ("similar", QueueReason::Similar),
    ("nobody", QueueReason::Nobody),
    ("ignored", QueueReason::Ignored),
];

/// Why users wait, in words that follow a count.
pub(crate) fn reason_words(reason: &QueueReason) -> &'static str {
    match reason {
        QueueReason::Matched => "with an exact match",
        QueueReason::Ambiguous => "with an uncertain match",
        QueueReason::Taken => "whose person is linked to another user",
        QueueReason::Similar => "with a partial match, by name only",
        QueueReason::Nobody => "without a match",
        QueueReason::Ignored => "left alone",
    }
}

/// How exact a match is, in a word or two, and its tone.
fn exactness(reason: &QueueReason) -> (&'static str, &'static str) {
    match reason {
        QueueReason::Matched => ("exact", "good"),
        QueueReason::Ambiguous => ("ambiguous", "bad"),
        QueueReason::Taken => ("taken", "bad"),
        QueueReason::Similar => ("partial", "quiet"),
        QueueReason::Nobody => ("none", "quiet"),
        QueueReason::Ignored => ("left alone", "quiet"),
    }
}

#[derive(Template)]
#[template(path = "matches.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    path: String,
    token: String,
    reason: String,
    q: String,
    counts: Vec<(QueueReason, u64)>,
    /// Users of which a push could not tell whose they are.
    claimed: u64,
    claims: Claims,
    rows: Vec<Queued>,
    panel: Option<Panel>,
    next: Option<String>,
    first: Option<String>,
}

impl Page {
    fn reasons(&self) -> impl Iterator<Item = (&'static str, QueueReason)> {
        REASONS.into_iter()
    }

    fn is_filtered(&self) -> bool {
        !self.reason.is_empty() || !self.q.is_empty()
    }
}

/// A name for people, of what the user's attributes say.
fn name(queued: &Queued) -> String {
    let attribute = |name: &str| queued.user.attributes.get(name).map(ToString::to_string).unwrap_or_default();
    format!("{} {}", attribute("givenName"), attribute("familyName")).trim().to_owned()
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let filter = QueueFilter {
        reason: asked.one_of("reason", &REASONS)?,
        contains: asked.get("q").map(str::to_owned),
        after: asked.number("after")?,
        limit: Some(ROWS + 1),
        ..QueueFilter::default()
    };
    let path = format!("/applications/{}/import/matches", tenant.name);
    // Who looks for a reason of an import, or goes on in what it has left, does not look for these.
    let wanted = (filter.reason.is_none() && filter.after.is_none()).then(|| claims::asked_for(&asked));
    let (record, at) = (tenant.clone(), path.clone());
    let (mut rows, counts, claimed, claims) = shared
        .read(move |view| {
            let claims = wanted.map(|wanted| claims::read(view, &record, &wanted, &at)).transpose()?;
            let (counts, claimed) = (view.count_queue_by_reason(record.id)?, view.count_claimed_users(record.id)?);
            Ok((view.queue(record.id, &filter)?, counts, claimed, claims.unwrap_or_default()))
        })
        .await?;
    let more = has_more(&mut rows);
    let (reason, q) = (asked.text("reason"), asked.text("q"));
    let at = |after: &str| address(&path, &[("reason", &reason), ("q", &q), ("after", after)]);
    let next = rows.last().filter(|_| more).map(|last| at(&last.place.to_string()));
    let first = asked.get("after").map(|_| at(""));
    let panel = Panel::of(&shared, &tenant, Some("confirm"))?;
    let is_running = panel.as_ref().is_some_and(Panel::is_running);
    Ok(html(&Page {
        chrome: Chrome::tenant(&shared, &visitor, "Matches to confirm", &tenant.name, "import").refreshing(is_running),
        token: shared.access.token(visitor.session()),
        tenant: tenant.name,
        next,
        first,
        path,
        reason,
        q,
        counts,
        claimed,
        claims,
        rows,
        panel,
    }))
}

pub(super) async fn decide(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let path = format!("/applications/{}/import/matches", tenant.name);
    let sent = |name: &str| fields.get(name).unwrap_or_default().trim().to_owned();
    let (reason, q) = (sent("reason"), sent("q"));
    let back = address(&path, &[("reason", &reason), ("q", &q)]);
    if fields.has("confirm-all") || fields.has("confirm-and-make-all") {
        let reason = match reason.as_str() {
            "" => None,
            name => Some(
                REASONS
                    .iter()
                    .find(|(have, _)| *have == name)
                    .map(|(_, reason)| *reason)
                    .ok_or_else(|| Problem::refused("The form names a reason to wait that there is not."))?,
            ),
        };
        let contains = (!q.is_empty()).then_some(q);
        let filter = QueueFilter { reason, contains, limit: Some(PIECE), ..QueueFilter::default() };
        let make = fields.has("confirm-and-make-all");
        if !fields.has(SURE) {
            return ask_first(&shared, &visitor, &tenant, &filter, make, &back).await;
        }
        confirm_many(&shared, &visitor, &tenant, filter, make).await?;
        return Ok(Redirect::to(&back).into_response());
    }
    let decisions = decisions(&fields)?;
    let record = tenant.clone();
    let told = shared
        .write(&visitor, move |change| {
            let mut told = Vec::with_capacity(decisions.len());
            for (user, decision) in &decisions {
                let decision = match decision {
                    Wanted::Decision(decision) => decision.clone(),
                    Wanted::ExactMatch => Decision::Person(exact_match(change, &record, user)?),
                };
                told.push(told_of(user, confirm(change, &record, user, &decision)?));
            }
            Ok(told)
        })
        .await?;
    let text = match told.as_slice() {
        [one] => one.clone(),
        several => format!("{} users were decided about.", several.len()),
    };
    shared.access.sessions.flash(visitor.session(), true, text);
    Ok(Redirect::to(&back).into_response())
}

/// What is to become of a user.
enum Wanted {
    Decision(Decision),
    /// It is the one person whom an exact rule has found.
    ExactMatch,
}

/// What was decided about whom.
fn decisions(fields: &Fields) -> Result<Vec<(String, Wanted)>, Problem> {
    // The button carries the user and the person, so that a row needs no form of its own.
    if let Some(pair) = fields.get("link") {
        let (user, person) =
            pair.split_once(' ').ok_or_else(|| Problem::refused("The form does not say which person the user is."))?;
        return Ok(vec![(user.to_owned(), Wanted::Decision(Decision::Person(person.to_owned())))]);
    }
    // One that a push has found.
    if let Some(user) = fields.get("ignore") {
        return Ok(vec![(user.to_owned(), Wanted::Decision(Decision::Ignore))]);
    }
    let users: Vec<&str> = fields.all("user").collect();
    if users.is_empty() {
        return Err(Problem::refused("No user was selected; tick those that you mean."));
    }
    let wanted = || {
        Ok(match fields.get("selected").unwrap_or_default() {
            "link" => Wanted::ExactMatch,
            "make" => Wanted::Decision(Decision::New),
            "ignore" => Wanted::Decision(Decision::Ignore),
            "choose" => {
                let person = fields.get("person").unwrap_or_default().trim();
                if person.is_empty() {
                    return Err(Problem::refused("No person was named; give the key or the username of one."));
                }
                if users.len() > 1 {
                    return Err(Problem::refused("A person has one user; select one only."));
                }
                Wanted::Decision(Decision::Person(person.to_owned()))
            }
            _ => return Err(Problem::refused("The form does not say what is decided.")),
        })
    };
    users.iter().map(|user| Ok(((*user).to_owned(), wanted()?))).collect()
}

/// The key of the one person whom an exact rule has found for a user.
fn exact_match(change: &WriteTransaction<'_>, tenant: &TenantRecord, user: &str) -> Result<String, Problem> {
    let filter =
        QueueFilter { reason: Some(QueueReason::Matched), contains: Some(user.to_owned()), ..QueueFilter::default() };
    let queued = change.queue(tenant.id, &filter)?.into_iter().find(|queued| queued.user.remote_id == user);
    let candidate = queued.and_then(|queued| queued.candidates.into_iter().next());
    candidate.map(|(key, ..)| key).ok_or_else(|| {
        Problem::refused(&format!(
            "The user {user} has no exact match; nothing was decided. Link it to a person, or leave it."
        ))
    })
}

fn told_of(user: &str, decided: Decided) -> String {
    match decided {
        Decided::Linked { person, off } => {
            let now = format!("The user {user} is the person {} now.", person.key);
            std::iter::once(now).chain(off).collect::<Vec<_>>().join(" ")
        }
        Decided::LeftAlone => format!("The user {user} is left alone, also by later imports."),
        Decided::NotTheirs { people } => format!(
            "The user {user} stays as it is, and is not {}'s; a push that finds it again asks again.",
            people.join("'s or ")
        ),
    }
}

/// Says how many it concerns before all are decided about.
async fn ask_first(
    shared: &Shared,
    visitor: &Visitor,
    tenant: &TenantRecord,
    filter: &QueueFilter,
    make: bool,
    back: &str,
) -> Result<Response, Problem> {
    let (id, filter) = (tenant.id, filter.clone());
    let (reason, q) = (filter.reason, filter.contains.clone().unwrap_or_default());
    let count = move |wanted: QueueReason| QueueFilter { reason: Some(wanted), limit: None, ..filter.clone() };
    let counts = [(QueueReason::Matched, true), (QueueReason::Nobody, make)];
    let (exact, nobody) = shared
        .read(move |view| {
            let mut found = [0, 0];
            for (place, (wanted, counts)) in found.iter_mut().zip(counts) {
                if counts && reason.is_none_or(|reason| reason == wanted) {
                    *place = view.queue(id, &count(wanted))?.len();
                }
            }
            Ok((found[0], found[1]))
        })
        .await?;
    let mut consequences =
        vec![format!("{exact} users are linked to the one person whom an exact rule has found for each.")];
    if make {
        consequences.push(format!("{nobody} people are made, of users whom nobody matches."));
    }
    consequences
        .push("What is ambiguous, taken or partial stays as it is, and so does what a push could not tell.".to_owned());
    let name = if make { "confirm-and-make-all" } else { "confirm-all" };
    let label = if make { format!("Link {exact} and make {nobody}") } else { format!("Link {exact}") };
    let path = format!("/applications/{}/import/matches", tenant.name);
    let mut form = Form::button(path, shared.access.token(visitor.session()), Button::primary(name, &label));
    let reason = reason.map(|reason| reason.name().to_owned()).unwrap_or_default();
    form.hidden = vec![("reason".to_owned(), reason), ("q".to_owned(), q), (SURE.to_owned(), "yes".to_owned())];
    let chrome = Chrome::tenant(shared, visitor, "Confirm all of them", &tenant.name, "import");
    Ok(html(&AskFirst { chrome, consequences, form, back: back.to_owned() }))
}

#[derive(Template)]
#[template(path = "ask_first.html")]
struct AskFirst {
    chrome: Chrome,
    consequences: Vec<String>,
    form: Form,
    back: String,
}

/// Confirms all that are clear, piece by piece, as a job.
async fn confirm_many(
    shared: &Arc<Shared>,
    visitor: &Visitor,
    tenant: &TenantRecord,
    filter: QueueFilter,
    make: bool,
) -> Result<(), Problem> {
    let (directory, actor, record) = (shared.directory.clone(), visitor.actor(), tenant.clone());
    let name = actor.name().to_owned();
    let job = shared.jobs.start(tenant, "confirm", "Confirming of matches", &name, move |reporter| async move {
        let (mut filter, mut linked, mut made, mut looked) = (filter, 0, 0, 0);
        loop {
            let piece = directory.write(&actor, |change| confirm_all(change, &record, &filter, make))?;
            linked += piece.linked;
            made += piece.made;
            if piece.last.is_none() {
                break;
            }
            filter.after = piece.last;
            looked += piece.looked;
            reporter.report("Users looked at", looked, None);
            tokio::task::yield_now().await;
        }
        let left =
            directory.read(|view| view.count_queue(record.id)).map_err(|error: DirectoryError| Problem::from(error))?;
        Ok(JobReport::short(
            true,
            format!("{linked} users were linked and {made} people made; {left} users still wait."),
        ))
    })?;
    jobs::wait(job, QUICK).await;
    Ok(())
}
