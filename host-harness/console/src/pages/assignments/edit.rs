//! The second and third step: what the users are to hold, and what that would write.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::choices::{FIT, Offer, WantedGrants, held};
use super::plan::{IntentPreview, PLANNED};
use super::who::{Who, unassigned};
use crate::access::{Fields, Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::form::{Button, Control, Field, Form, Group};
use crate::jobs::{self, JobReport, Panel};
use crate::pages::listing::{Asked, address};
use crate::pages::people::{lines, report_change};
use crate::pages::work;
use crate::problem::Problem;
use crate::remedy::on_page;
use crate::shared::Shared;
use provisioning_directory::config::imported_as;
use provisioning_directory::sync::intents::{self, Followed};
use provisioning_directory::{
    Assignment, AttributeSchema, AttributeValue, Attributes, DirectoryError, FEDERATION_ID, NewAssignment, Person,
    PersonFilter, PersonStatus, TenantRecord, Timestamp, WriteTransaction,
};

/// People that a page names.
const NAMED: usize = 20;
/// People that are fetched at once, to be assigned.
const PIECE: u32 = 500;
/// How long a page waits for the listing of what can be assigned.
const LISTING: Duration = Duration::from_secs(20);
/// The field of attributes that have none of their own.
const MORE: &str = "attributes";

#[derive(Template)]
#[template(path = "assignment.html")]
struct Page {
    chrome: Chrome,
    path: String,
    token: String,
    people: Vec<Person>,
    count: u64,
    /// What says for whom, in a form.
    hidden: Vec<(String, String)>,
    listed_at: Option<Timestamp>,
    panel: Option<Panel>,
    form: Option<Form>,
    plan: Option<IntentPreview>,
}

impl Page {
    fn more(&self) -> u64 {
        self.count.saturating_sub(self.people.len() as u64)
    }
}

/// What the form is made of.
struct Looked {
    people: Vec<Person>,
    count: u64,
    offer: Offer,
    schema: Vec<AttributeSchema>,
    kept: Option<Assignment>,
}

async fn look(shared: &Shared, tenant: &TenantRecord, who: &Who, sent: Option<&Fields>) -> Result<Looked, Problem> {
    let (id, who, sent) = (tenant.id, who.clone(), sent.cloned());
    shared
        .read(move |view| {
            let (people, count) = who.first(view, id, NAMED.max(PLANNED))?;
            let kept = match people.as_slice() {
                [one] if count == 1 => view.assignment(id, one.id)?,
                _ => None,
            };
            let wanted = kept.as_ref().map_or_else(WantedGrants::new, |kept| held(&kept.grants));
            let offer = Offer::look(view, id, &wanted, sent.as_ref())?;
            Ok(Looked { people, count, offer, schema: view.attribute_schema(id)?, kept })
        })
        .await
}

/// The application's attribute that single sign-on goes by, which is a person's own and stands in the form by itself.
fn federation(tenant: &TenantRecord, schema: &[AttributeSchema]) -> Option<String> {
    let own =
        |one: &&AttributeSchema| one.writable && imported_as(&tenant.config.mapping, &one.name) == Some(FEDERATION_ID);
    schema.iter().find(own).map(|one| one.name.clone())
}

fn form(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, who: &Who, looked: &Looked) -> Form {
    let kept = looked.kept.as_ref().map(|kept| kept.attributes.clone()).unwrap_or_default();
    let own = federation(tenant, &looked.schema).filter(|_| looked.count == 1);
    let mut fields = Vec::new();
    if let Some(name) = &own {
        let value = kept.get(name).map(ToString::to_string).unwrap_or_default();
        let of_person = looked.people.first().and_then(|one| one.attribute(FEDERATION_ID));
        let help = match of_person {
            Some(have) => format!("The name in assertions of single sign-on. Empty means the person's own, {have}."),
            None => "The name in assertions of single sign-on; the person has none of its own.".to_owned(),
        };
        fields.push(Field::text("federation", "Federation ID", &value).help(&help));
    }
    let rest = kept.iter().filter(|(name, _)| Some(*name) != own.as_ref());
    let rest: Vec<String> = rest.map(|(name, value)| format!("{name}={value}")).collect();
    let mut more = Field::new(MORE, "Other attributes for this assignment alone", Control::Area)
        .limit(4096)
        .help("A line each, as name=value, by the application's names. They count before those of the person.");
    more.values = if rest.is_empty() { Vec::new() } else { vec![rest.join("\n")] };
    fields.push(more);
    let exact = looked.kept.as_ref().is_some_and(|kept| kept.exact_grants);
    let mut groups = looked.offer.groups();
    groups.push(Group::new("Attributes", "", fields));
    let push = if tenant.config.to_app.approval { "Make a plan after saving" } else { "Push after saving" };
    groups.push(Group::new(
        "On saving",
        "",
        vec![
            Field::flag("exact", "Take away what is not chosen here from the user", exact),
            Field::flag("push", push, true),
        ],
    ));
    let mut form = Form::new(
        format!("/applications/{}/assignments/edit", tenant.name),
        shared.access.token(visitor.session()),
        groups,
        vec![
            Button::other(FIT, "Show what fits"),
            Button::other("preview", "Show what would be written"),
            Button::primary("save", "Save"),
        ],
    );
    form.hidden = who.hidden();
    form
}

fn page(
    shared: &Shared,
    visitor: &Visitor,
    tenant: &TenantRecord,
    who: &Who,
    looked: Looked,
    form: Form,
    plan: Option<IntentPreview>,
) -> Result<Page, Problem> {
    let title = match (looked.people.as_slice(), &looked.kept) {
        ([one], Some(_)) => format!("Edit the assignment of {}", one.key),
        ([one], None) => format!("Assign {}", one.key),
        _ => format!("Assign {} people", looked.count),
    };
    let path = format!("/applications/{}/assignments", tenant.name);
    Ok(Page {
        chrome: Chrome::tenant(shared, visitor, &title, &tenant.name, "assignments"),
        hidden: who.hidden(),
        path,
        token: shared.access.token(visitor.session()),
        people: looked.people.into_iter().take(NAMED).collect(),
        count: looked.count,
        listed_at: looked.offer.listed_at(),
        panel: Panel::of(shared, tenant, Some("entitlements"))?,
        form: (!looked.offer.is_empty()).then_some(form),
        plan,
    })
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    asked: Asked,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    let who = Who::asked(&asked)?;
    let looked = look(&shared, &tenant, &who, None).await?;
    let form = form(&shared, &visitor, &tenant, &who, &looked);
    Ok(html(&page(&shared, &visitor, &tenant, &who, looked, form, None)?))
}

/// The attributes that the form sets for the assignment. What is wrong stands next to its field.
fn attributes(form: &mut Form, tenant: &TenantRecord, schema: &[AttributeSchema]) -> Attributes {
    let mut attributes = Attributes::new();
    if let (Some(name), value) = (federation(tenant, schema), form.value("federation"))
        && !value.is_empty()
    {
        attributes.insert(name, value.into());
    }
    let pairs = match lines(form.value(MORE)) {
        Ok(pairs) => pairs,
        Err(error) => {
            form.refuse(MORE, &error);
            return attributes;
        }
    };
    for (name, value) in pairs {
        let Some(known) = schema.iter().find(|one| one.name == name && one.writable) else {
            let names: Vec<&str> = schema.iter().filter(|one| one.writable).map(|one| one.name.as_str()).collect();
            form.refuse(
                MORE,
                &format!("the application has no attribute `{name}` that can be set; it has {}", names.join(", ")),
            );
            return attributes;
        };
        let value = match known.kind.as_str() {
            "boolean" => value.parse().map(AttributeValue::Boolean).map_err(|_| "true or false"),
            "integer" => value.parse().map(AttributeValue::Integer).map_err(|_| "a whole number"),
            _ => Ok(AttributeValue::Text(value)),
        };
        match value {
            Ok(value) => {
                attributes.insert(name, value);
            }
            Err(wanted) => form.refuse(MORE, &format!("`{name}` is {wanted}")),
        }
    }
    attributes
}

/// Assigns people by their keys.
fn assign(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    keys: &[String],
    new: &NewAssignment,
) -> Result<Followed, DirectoryError> {
    let mut followed = Followed::default();
    for key in keys {
        let person = change.person(key)?;
        followed.merge(intents::assign(change, tenant, &person, new)?);
    }
    Ok(followed)
}

pub(super) async fn act(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let who = Who::sent(&fields)?;
    let looked = look(&shared, &tenant, &who, Some(&fields)).await?;
    let mut form = form(&shared, &visitor, &tenant, &who, &looked);
    form.fill(&fields);
    let set = attributes(&mut form, &tenant, &looked.schema);
    if fields.has("fit") || !form.is_sound() {
        let sound = form.is_sound();
        let page = page(&shared, &visitor, &tenant, &who, looked, form, None)?;
        return Ok(if sound { html(&page) } else { unsound(&page) });
    }
    let new = new_assignment(&shared, &tenant, &looked, set, form.flag("exact")).await?;
    if fields.has("preview") {
        let keys: Vec<String> = looked.people.iter().take(PLANNED).map(|one| one.key.clone()).collect();
        let record = tenant.clone();
        let plan =
            IntentPreview::of(&shared, &visitor, &tenant, move |change| assign(change, &record, &keys, &new)).await;
        return Ok(match plan {
            Ok(plan) => html(&page(&shared, &visitor, &tenant, &who, looked, form, Some(plan))?),
            Err(problem) => {
                form.error = Some(problem.what);
                unsound(&page(&shared, &visitor, &tenant, &who, looked, form, None)?)
            }
        });
    }
    let push = form.flag("push");
    let keys = match &who {
        Who::These(keys) => keys.clone(),
        Who::All(q) => {
            assign_all(&shared, &visitor, &tenant, q, new, push).await?;
            let page = if push { "push" } else { "assignments" };
            return Ok(Redirect::to(&format!("/applications/{}/{page}", tenant.name)).into_response());
        }
    };
    let record = tenant.clone();
    let what = match keys.len() {
        1 => "The assignment was saved.".to_owned(),
        several => format!("{several} assignments were saved."),
    };
    let saved = shared.write(&visitor, move |change| Ok(assign(change, &record, &keys, &new)?)).await;
    match saved {
        Ok(followed) => {
            let has_tasks = !followed.tasks.is_empty();
            report_change(&shared, &visitor, &what, followed);
            Ok(after_saving(&shared, &visitor, &tenant, push && has_tasks))
        }
        Err(problem) if problem.status.is_server_error() => Err(problem),
        Err(problem) => {
            form.error = Some(problem.what);
            Ok(unsound(&page(&shared, &visitor, &tenant, &who, looked, form, None)?))
        }
    }
}

async fn new_assignment(
    shared: &Shared,
    tenant: &TenantRecord,
    looked: &Looked,
    attributes: Attributes,
    exact_grants: bool,
) -> Result<NewAssignment, Problem> {
    let (id, offer) = (tenant.id, looked.offer.clone());
    let mut grants = shared.read(move |view| offer.grants(view, id)).await?;
    // What is of no kind that the connector has now is kept as it is.
    let kept = looked.kept.iter().flat_map(|kept| &kept.grants);
    grants.extend(kept.filter(|grant| !looked.offer.has(&grant.kind)).cloned());
    Ok(NewAssignment { grants, attributes, exact_grants })
}

/// Pushes, or makes a plan, where that was wanted, and leads to where it can be watched.
pub(super) fn after_saving(shared: &Arc<Shared>, visitor: &Visitor, tenant: &TenantRecord, push: bool) -> Response {
    if !push {
        return Redirect::to(&format!("/applications/{}/assignments", tenant.name)).into_response();
    }
    let start = if tenant.config.to_app.approval { work::start_plan } else { work::start_push };
    if let Err(problem) = start(shared, visitor, tenant) {
        shared.access.sessions.flash(visitor.session(), false, problem.sentence());
    }
    Redirect::to(&format!("/applications/{}/push", tenant.name)).into_response()
}

/// Assigns everybody whom a search finds, piece by piece, as a job, and pushes or makes a plan in the end where that is wanted.
async fn assign_all(
    shared: &Arc<Shared>,
    visitor: &Visitor,
    tenant: &TenantRecord,
    q: &str,
    new: NewAssignment,
    push: bool,
) -> Result<(), Problem> {
    let (directory, actor, record) = (shared.directory.clone(), visitor.actor(), tenant.clone());
    let applications = Arc::clone(&shared.applications);
    let (name, filter) = (actor.name().to_owned(), unassigned(tenant.id, q));
    // Each page shows the jobs of its kind, and this one leads to the page that shows how it ends.
    let kind = if push { "push" } else { "assign" };
    let job = shared.jobs.start(tenant, kind, "Assigning of people", &name, move |reporter| async move {
        let total = directory
            .read(|view| view.count_people_of(&filter))
            .map_err(|error: DirectoryError| Problem::from(error))?;
        let (mut after, mut done, mut tasks): (Option<String>, u64, usize) = (None, 0, 0);
        let mut off: Vec<String> = Vec::new();
        loop {
            let piece = PersonFilter { after: after.clone(), limit: Some(PIECE), ..filter.clone() };
            let people = directory.read(|view| view.people(&piece))?;
            let Some(last) = people.last() else { break };
            after = Some(last.key.clone());
            done += people.len() as u64;
            let mut followed = Followed::default();
            let each =
                directory.write_in_turns(&actor, &people, |change, one| -> Result<Followed, DirectoryError> {
                    // It may have gone out of use since it was found, or been assigned.
                    let person = change.person_by_id(one.id)?;
                    if person.status == PersonStatus::Active && change.assignment(record.id, person.id)?.is_none() {
                        return intents::assign(change, &record, &person, &new);
                    }
                    Ok(Followed::default())
                })?;
            each.into_iter().for_each(|one| followed.merge(one));
            tasks += followed.tasks.len();
            for sentence in followed.off {
                if !off.contains(&sentence) {
                    off.push(sentence);
                }
            }
            reporter.report("People assigned", done, Some(total));
            tokio::task::yield_now().await;
        }
        let off: String = off.iter().map(|sentence| format!(" {}.", on_page(sentence))).collect();
        let assigned = format!("{done} people were assigned.{off}");
        if push && tasks > 0 {
            let begin = format!("{assigned} ");
            return Ok(work::carry_out(&directory, &applications, &record, &actor, &reporter, &begin).await);
        }
        let waiting = if tasks > 0 { format!(" {tasks} tasks wait for the next push.") } else { String::new() };
        Ok(JobReport::short(true, format!("{assigned}{waiting}")))
    })?;
    jobs::wait(job, Duration::from_secs(2)).await;
    Ok(())
}

/// Has the connector list what can be assigned, and comes back to the form.
pub(super) async fn list_choices(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let who = Who::sent(&fields)?;
    let hidden = who.hidden();
    let values: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let job = work::start_entitlements(&shared, &visitor, &tenant)?;
    jobs::wait(job, LISTING).await;
    Ok(Redirect::to(&address(&format!("/applications/{}/assignments/edit", tenant.name), &values)).into_response())
}
