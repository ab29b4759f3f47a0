//! Adding and editing a person. What comes from an application stands there too, and cannot be changed here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::find;
use super::list::STATUSES;
use crate::access::{Submission, Visitor};
use crate::chrome::{Chrome, html, unsound};
use crate::form::{Button, Choice, Control, Field, Form, Group};
use crate::pages::listing::person;
use crate::problem::Problem;
use crate::remedy::on_page;
use crate::shared::Shared;
use provisioning_directory::sync::intents::{self, Followed, read_only};
use provisioning_directory::{AttributeValue, Attributes, NewPerson, Person, PersonEdit, WriteTransaction};

/// Attributes that most applications know, offered also where the person has none of them (RFC 7643, section 4.1, and the
/// directory's own).
const COMMON: [&str; 6] = ["givenName", "familyName", "email", "title", "mobilePhone", "federationId"];
/// The most characters of an attribute.
const LONGEST: usize = 4096;
/// The field for attributes that have none of their own.
const MORE: &str = "more";

#[derive(Template)]
#[template(path = "form_page.html")]
struct Page {
    chrome: Chrome,
    lead: String,
    form: Form,
}

/// The name of an attribute's field.
fn field_name(attribute: &str) -> String {
    format!("attribute-{attribute}")
}

/// An attribute's field; several values stand a line each.
fn field(name: &str, value: Option<&AttributeValue>, source: Option<&str>) -> Field {
    let locked = source.map(|tenant| format!("It comes from {tenant} and is changed there."));
    let field = match value {
        Some(AttributeValue::Many(values)) => {
            let mut field = Field::new(&field_name(name), name, Control::Area).help("Several values, a line each.");
            field.values = vec![values.join("\n")];
            field
        }
        Some(AttributeValue::Boolean(on)) => Field::select(
            &field_name(name),
            name,
            ["", "true", "false"].map(|one| Choice::new(one, one)).to_vec(),
            if *on { "true" } else { "false" },
        ),
        value => Field::text(&field_name(name), name, &value.map(ToString::to_string).unwrap_or_default()),
    };
    field.limit(LONGEST).locked(locked)
}

fn more() -> Field {
    Field::new(MORE, "More attributes", Control::Area)
        .help("A line each, as name=value, by the directory's names.")
        .limit(LONGEST)
}

/// A value as a form has it, of the type that the attribute has so far.
fn parsed(text: &str, like: Option<&AttributeValue>) -> Result<Option<AttributeValue>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(match like {
        Some(AttributeValue::Many(_)) => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            AttributeValue::Many(lines.map(str::to_owned).collect())
        }
        Some(AttributeValue::Boolean(_)) => AttributeValue::Boolean(text == "true"),
        Some(AttributeValue::Integer(_)) => {
            AttributeValue::Integer(text.trim().parse().map_err(|_| "enter a whole number".to_owned())?)
        }
        Some(AttributeValue::Text(_)) | None => AttributeValue::Text(text.to_owned()),
    }))
}

/// Lines of the form `name=value`.
pub(in crate::pages) fn lines(text: &str) -> Result<Vec<(String, String)>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |line: &str| match line.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write each line as name=value".to_owned()),
    };
    lines.map(pair).collect()
}

/// Reads all attribute fields of a form. What is wrong stands next to its field.
fn read(form: &mut Form, kept: &Attributes) -> BTreeMap<String, Option<AttributeValue>> {
    let mut read = BTreeMap::new();
    let mut wrong = Vec::new();
    for field in form.fields() {
        let Some(name) = field.name.strip_prefix("attribute-") else { continue };
        if field.locked.is_some() {
            continue;
        }
        match parsed(field.value(), kept.get(name)) {
            Ok(value) if value.as_ref() != kept.get(name) => {
                read.insert(name.to_owned(), value);
            }
            Ok(_) => {}
            Err(error) => wrong.push((field.name.clone(), error)),
        }
    }
    match lines(form.value(MORE)) {
        Ok(pairs) => read.extend(pairs.into_iter().map(|(name, value)| {
            let value = parsed(&value, kept.get(&name)).unwrap_or(Some(AttributeValue::Text(value)));
            (name, value)
        })),
        Err(error) => wrong.push((MORE.to_owned(), error)),
    }
    for (name, error) in wrong {
        form.refuse(&name, &error);
    }
    read
}

fn form(shared: &Shared, visitor: &Visitor, person: &Person, sourced: &[(String, String)]) -> Form {
    let source = |name: &str| sourced.iter().find(|(have, _)| have == name).map(|(_, tenant)| tenant.as_str());
    let locked = |name: &str| source(name).map(|tenant| format!("It comes from {tenant} and is changed there."));
    let statuses = STATUSES.iter().map(|(name, _)| Choice::new(name, name)).collect();
    let names: BTreeSet<&str> = person.attributes.keys().map(String::as_str).chain(COMMON).collect();
    let attributes = names.iter().map(|name| field(name, person.attributes.get(*name), source(name)));
    Form::new(
        format!("{}/edit", self::person(&person.key)),
        shared.access.token(visitor.session()),
        vec![
            Group::new(
                "",
                "",
                vec![
                    Field::text("username", "Username", &person.username)
                        .required()
                        .limit(512)
                        .locked(locked("username")),
                    Field::select("status", "Status", statuses, person.status.name())
                        .required()
                        .locked(locked("status")),
                ],
            ),
            Group::new("Attributes", "An empty field clears its attribute.", attributes.chain([more()]).collect()),
        ],
        vec![Button::primary("save", "Save")],
    )
}

async fn page(shared: &Shared, visitor: &Visitor, key: String) -> Result<(Page, Person), Problem> {
    let (person, sourced) = shared
        .read(move |view| {
            let person = find(view, &key)?;
            let sourced = read_only(view, &person)?;
            Ok((person, sourced))
        })
        .await?;
    let lead = "Applications that the person is assigned to follow with the next push.".to_owned();
    let form = form(shared, visitor, &person, &sourced);
    let title = format!("Edit {}", person.key);
    Ok((Page { chrome: Chrome::top(shared, visitor, &title, "people"), lead, form }, person))
}

/// Reports on the next page what an intent has changed.
pub(in crate::pages) fn report_change(shared: &Shared, visitor: &Visitor, what: &str, followed: Followed) {
    let sessions = &shared.access.sessions;
    let tasks = followed.tasks.len();
    let text = match (followed.changed, tasks) {
        (false, 0) => "Nothing is different.".to_owned(),
        (_, 0) => what.to_owned(),
        (_, 1) => format!("{what} One task waits for the next push."),
        (_, _) => format!("{what} {tasks} tasks wait for the next push."),
    };
    sessions.flash(visitor.session(), true, text);
    for sentence in followed.off {
        sessions.flash(visitor.session(), false, format!("{}.", on_page(&sentence)));
    }
}

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    visitor: Visitor,
) -> Result<Response, Problem> {
    Ok(html(&page(&shared, &visitor, key).await?.0))
}

pub(super) async fn save(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
    submission: Submission,
) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let (mut page, kept) = page(&shared, &visitor, key).await?;
    page.form.fill(&fields);
    let attributes = read(&mut page.form, &kept.attributes);
    if !page.form.is_sound() {
        return Ok(unsound(&page));
    }
    let status = STATUSES.iter().find(|(name, _)| *name == page.form.value("status")).map(|(_, status)| *status);
    let username = page.form.value("username").to_owned();
    let edit = PersonEdit {
        username: (username != kept.username).then_some(username),
        status: status.filter(|status| *status != kept.status),
        attributes,
    };
    let seen = kept.clone();
    let edited = move |change: &WriteTransaction<'_>| {
        // The form was compared with what was stored a moment ago.
        if find(change, &seen.key)? != seen {
            return Err(Problem::just_changed());
        }
        Ok(intents::edit_person(change, &seen.key, &edit)?)
    };
    let saved = shared.write(&visitor, edited).await;
    match saved {
        Ok(followed) => {
            report_change(&shared, &visitor, "The person was changed.", followed);
            Ok(Redirect::to(&person(&kept.key)).into_response())
        }
        Err(problem) if problem.status.is_server_error() => Err(problem),
        Err(problem) => {
            page.form.error = Some(problem.what);
            Ok(unsound(&page))
        }
    }
}

fn new_page(shared: &Shared, visitor: &Visitor) -> Page {
    let attributes = COMMON.iter().map(|name| field(name, None, None));
    let form = Form::new(
        "/add-person".to_owned(),
        shared.access.token(visitor.session()),
        vec![
            Group::new(
                "",
                "",
                vec![
                    Field::text("key", "Key", "")
                        .required()
                        .limit(512)
                        .help("What the person is known by for good, such as a staff number."),
                    Field::text("username", "Username", "").required().limit(512),
                ],
            ),
            Group::new("Attributes", "", attributes.chain([more()]).collect()),
        ],
        vec![Button::primary("add", "Add the person")],
    );
    let lead = "A person is pushed to the applications that it is assigned to.".to_owned();
    Page { chrome: Chrome::top(shared, visitor, "Add a person", "people"), lead, form }
}

pub(super) async fn show_new(State(shared): State<Arc<Shared>>, visitor: Visitor) -> Result<Response, Problem> {
    Ok(html(&new_page(&shared, &visitor)))
}

pub(super) async fn add(State(shared): State<Arc<Shared>>, submission: Submission) -> Result<Response, Problem> {
    let Submission { visitor, fields } = submission;
    let mut page = new_page(&shared, &visitor);
    page.form.fill(&fields);
    let attributes = read(&mut page.form, &Attributes::new());
    if !page.form.is_sound() {
        return Ok(unsound(&page));
    }
    let new = NewPerson {
        key: page.form.value("key").to_owned(),
        username: page.form.value("username").to_owned(),
        attributes: attributes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
    };
    let added = shared.write(&visitor, move |change| Ok(change.add_person(&new)?)).await;
    match added {
        Ok(added) => {
            shared.access.sessions.flash(visitor.session(), true, format!("{} was added.", added.key));
            Ok(Redirect::to(&person(&added.key)).into_response())
        }
        Err(problem) if problem.status.is_server_error() => Err(problem),
        Err(problem) => {
            page.form.error = Some(problem.what);
            Ok(unsound(&page))
        }
    }
}
