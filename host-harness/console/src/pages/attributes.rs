//! The attribute mapping: where each of the application's attributes comes from and goes to, by the connector's own list of them,
//! and what that makes of one person.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::saving::{Edit, Made, address};
use super::words::{from_word, word};
use crate::access::{Fields, Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::form::{Merge, Stale, merge, stamp, stamp_name};
use crate::jobs::{self, JobReport};
use crate::problem::Problem;
use crate::shared::Shared;
use provisioning_directory::config::{AttributeMapping, Direction, Mapping, PushWhen};
use provisioning_directory::sync::{Applications as _, approval, check_mapping, intents, preview};
use provisioning_directory::{AttributeSchema, TenantRecord};

/// The kind of the job.
const READ: &str = "attributes";
/// The most characters of a name or a template.
const LIMIT: usize = 500;

/// One attribute of the application.
struct Row {
    name: String,
    /// What the connector says of it.
    facts: String,
    /// `same`, `name`, `template` or `off`.
    how: String,
    value: String,
    direction: String,
    push: String,
    error: Option<String>,
    /// The stamp of what is stored.
    stamp: String,
}

/// What a push of one person sends.
struct Shown {
    person: String,
    /// By name; none clears.
    values: Vec<(String, Option<String>)>,
    /// What its sources do not let anybody edit here, and which application that is.
    read_only: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "attributes.html")]
struct Page {
    chrome: Chrome,
    tenant: String,
    rows: Vec<Row>,
    error: Option<String>,
    /// What others have changed since the page was opened.
    stale: Vec<Stale>,
    /// Whether the connector was asked for its list.
    known: bool,
    is_source: bool,
    panel: Option<jobs::Panel>,
    person: String,
    shown: Option<Result<Shown, String>>,
}

impl Page {
    fn is_sound(&self) -> bool {
        self.error.is_none() && self.stale.is_empty() && self.rows.iter().all(|row| row.error.is_none())
    }
}

/// Whose preview is wanted.
#[derive(Deserialize)]
pub(super) struct PreviewOf {
    #[serde(default)]
    person: String,
}

fn facts(schema: &AttributeSchema) -> String {
    let mut facts = vec![schema.kind.clone()];
    if schema.required {
        facts.push("a new user needs it".to_owned());
    }
    if !schema.writable {
        facts.push("cannot be pushed".to_owned());
    }
    facts.join(", ")
}

fn rows(schema: &[AttributeSchema], mapping: &Mapping) -> Vec<Row> {
    let unlisted = mapping.keys().filter(|name| !schema.iter().any(|one| one.name == **name));
    let listed = schema.iter().map(|one| (&one.name, facts(one)));
    let names = listed.chain(unlisted.map(|name| (name, "not in the connector's list".to_owned())));
    let row = |(name, facts): (&String, String)| {
        let rule = mapping.get(name).cloned().unwrap_or_default();
        let (how, value) = match (&rule.from, &rule.template) {
            _ if rule.off => ("off", String::new()),
            (_, Some(template)) => ("template", template.clone()),
            (Some(from), None) => ("name", from.clone()),
            (None, None) => ("same", String::new()),
        };
        Row {
            name: name.clone(),
            facts,
            how: how.to_owned(),
            value,
            direction: word(rule.direction),
            push: word(rule.push),
            error: None,
            stamp: String::new(),
        }
    };
    let row = |named| {
        let row: Row = row(named);
        Row { stamp: row.values_stamp(), ..row }
    };
    names.map(row).collect()
}

impl Row {
    fn values_stamp(&self) -> String {
        stamp([self.how.as_str(), &self.value, &self.direction, &self.push])
    }

    /// Takes what was sent. Says what is different if somebody else has changed the rule since the page was opened.
    fn fill(&mut self, sent: &Fields) -> Option<Stale> {
        let stored = (self.how.clone(), self.value.clone(), self.direction.clone(), self.push.clone());
        self.take(sent);
        let said = format!("{} {}, {}, {}", stored.0, stored.1, stored.2, stored.3);
        let typed = match merge(sent.get(&stamp_name(&self.name)), &self.stamp, &self.values_stamp()) {
            Merge::Mine => return None,
            Merge::Theirs => {
                (self.how, self.value, self.direction, self.push) = stored;
                None
            }
            Merge::Conflict => Some(format!("{} {}, {}, {}", self.how, self.value, self.direction, self.push)),
        };
        Some(Stale { label: self.name.clone(), stored: said, typed })
    }

    fn take(&mut self, sent: &Fields) {
        let get = |what: &str| sent.get(&format!("{what}.{}", self.name)).unwrap_or_default().trim().to_owned();
        (self.how, self.value, self.direction, self.push) = (get("how"), get("value"), get("direction"), get("push"));
    }

    /// The rule that it says; none where the attribute goes both ways under its own name.
    fn rule(&mut self) -> Option<AttributeMapping> {
        let rule = self.checked();
        match rule {
            Ok(rule) => (rule != AttributeMapping::default()).then_some(rule),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn checked(&self) -> Result<AttributeMapping, String> {
        let offered = || "choose one of those that are offered".to_owned();
        let direction: Direction = from_word(&self.direction).ok_or_else(offered)?;
        let push: PushWhen = from_word(&self.push).ok_or_else(offered)?;
        if self.value.chars().count() > LIMIT {
            return Err(format!("more than {LIMIT} characters were sent; shorten it"));
        }
        if self.value.chars().any(char::is_control) {
            return Err("it has control characters; type it again".to_owned());
        }
        let rule = AttributeMapping { direction, push, ..AttributeMapping::default() };
        let value = || match self.value.as_str() {
            "" => Err("enter the directory's name or the template, or choose another source".to_owned()),
            value => Ok(Some(value.to_owned())),
        };
        match self.how.as_str() {
            "same" => Ok(rule),
            "off" => Ok(AttributeMapping { off: true, ..AttributeMapping::default() }),
            "name" => Ok(AttributeMapping { from: value()?, ..rule }),
            "template" => Ok(AttributeMapping { template: value()?, ..rule }),
            _ => Err(offered()),
        }
    }
}

async fn page(shared: &Shared, visitor: &Visitor, tenant: &TenantRecord, person: String) -> Result<Page, Problem> {
    let (id, record, wanted) = (tenant.id, tenant.clone(), person.clone());
    let (schema, shown) = shared
        .read(move |view| {
            let schema = view.attribute_schema(id)?;
            if wanted.is_empty() {
                return Ok((schema, None));
            }
            let Some(person) = view.find_person(&wanted)? else {
                return Ok((schema, Some(Err("Nobody has this key or username.".to_owned()))));
            };
            let values = preview(view, &record, &person)?;
            let values = values.into_iter().map(|(name, value)| (name, value.map(|value| value.to_string())));
            let read_only = intents::read_only(view, &person)?;
            Ok((schema, Some(Ok(Shown { person: person.key.clone(), values: values.collect(), read_only }))))
        })
        .await?;
    let panel = jobs::Panel::of(shared, tenant, Some(READ))?;
    let running = panel.as_ref().is_some_and(jobs::Panel::is_running);
    let chrome = Chrome::tenant(shared, visitor, "Attributes", &tenant.name, "attributes").refreshing(running);
    Ok(Page {
        chrome,
        tenant: tenant.name.clone(),
        rows: rows(&schema, &tenant.config.mapping),
        error: None,
        stale: Vec::new(),
        known: !schema.is_empty(),
        is_source: tenant.config.to_idp.mastering.profile,
        panel,
        person,
        shown,
    })
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    Query(wanted): Query<PreviewOf>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let tenant = shared.tenant(&tenant).await?;
    Ok(html(&page(&shared, &visitor, &tenant, wanted.person.trim().to_owned()).await?))
}

pub(super) async fn save(
    State(shared): State<Arc<Shared>>,
    Path(tenant): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let tenant = shared.tenant(&tenant).await?;
    let back = address(&tenant.name, "attributes");
    if fields.has("read") {
        read(&shared, &visitor, &tenant).await?;
        return Ok(Redirect::to(&back).into_response());
    }
    let mut page = page(&shared, &visitor, &tenant, String::new()).await?;
    let mut mapping = Mapping::new();
    for row in &mut page.rows {
        page.stale.extend(row.fill(&fields));
        if let Some(rule) = row.rule() {
            mapping.insert(row.name.clone(), rule);
        }
    }
    if page.is_sound() {
        page.error = check_mapping(&mapping).err();
    }
    if !page.is_sound() {
        return Ok(unsound(&page));
    }
    let known = shared.known(&tenant).await?;
    match Edit::default()
        .make(&shared, &visitor, &tenant, &known, move |config| config.mapping.clone_from(&mapping))
        .await
    {
        Ok(made) => {
            // A mapping changes no source of people's data, so there is nothing to confirm.
            if let Made::Saved(saved) = made {
                saved.report(&shared, &visitor, "The attribute mapping was saved.");
            }
            Ok(Redirect::to(&back).into_response())
        }
        Err(problem) => {
            page.error = Some(problem.sentence());
            Ok(unsound(&page))
        }
    }
}

/// Asks the connector for its list.
async fn read(shared: &Arc<Shared>, visitor: &Visitor, tenant: &TenantRecord) -> Result<(), Problem> {
    let (within, record, actor) = (Arc::clone(shared), tenant.clone(), visitor.actor());
    let by = actor.name().to_owned();
    let job = shared.jobs.start(tenant, READ, "Read the attributes", &by, |reporter| async move {
        reporter.report("Asking the application", 0, None);
        let mut runtime_tenant = within.directory.read(|view| view.runtime_tenant(&record))?;
        let declared = within.applications.declared(&record.config.component()).await?;
        runtime_tenant.approval = Some(approval(&within.directory, &runtime_tenant, &declared)?.0);
        let mut job = within.applications.connect(&runtime_tenant, &record.config.component()).await?;
        let listed = job.list_attributes().await;
        let spent = job.spent().await;
        within.directory.write(&actor, |change| -> Result<JobReport, Problem> {
            change.add_usage(record.id, &spent)?;
            let listed = match &listed {
                Ok(listed) => listed,
                // Kept as a report, so that the usage is kept too.
                Err(error) => return Ok(JobReport::short(false, Problem::from(error.clone()).sentence())),
            };
            let schema: Vec<AttributeSchema> = listed.iter().map(AttributeSchema::from).collect();
            change.set_attribute_schema(record.id, &schema)?;
            Ok(JobReport::short(true, format!("{} attributes were read.", schema.len())))
        })
    })?;
    jobs::wait(job, jobs::PATIENCE).await;
    Ok(())
}
