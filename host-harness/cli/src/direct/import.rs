//! `import` without a directory: reads the application's users and prints them.

use std::collections::BTreeMap;
use std::io;

use clap::Args;

use crate::context::Context;
use crate::failure::{DONE, Failure};
use crate::global::Global;
use crate::output::{Output, complain, json_text, progress, write_json};
use crate::view::{ErrorView, UsageView, UserView, attribute_texts, status_name};
use provisioning_directory::config::StandardInput;
use provisioning_runtime::wit::{ImportPage, ImportQuery, ImportScope, User};

/// Rows that a table on a terminal shows where nobody asks for more.
const ROWS: usize = 25;

/// What to read and print, which tenants of the data folder know themselves.
#[derive(Args)]
pub(crate) struct ReadOptions {
    /// Attributes to read, separated by commas; the connector's default set where there are none.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    attributes: Vec<String>,
    /// Read the users' grants too.
    #[arg(long)]
    grants: bool,
    /// Users a page.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    page_size: u32,
    /// Go on from the cursor that an earlier import printed as `next`.
    #[arg(long, value_name = "CURSOR", conflicts_with = "since")]
    resume: Option<String>,
    /// Read what has changed since the watermark that an earlier import printed.
    #[arg(long, value_name = "WATERMARK")]
    since: Option<String>,
    /// Stop after this many pages; `next` says where to go on.
    #[arg(long, value_name = "PAGES", value_parser = clap::value_parser!(u32).range(1..))]
    pages: Option<u32>,
    /// Show all users in the table, not only the first.
    #[arg(long)]
    all: bool,
}

/// What an import has come to, beside the users themselves.
#[derive(Default)]
pub(crate) struct Imported {
    pub(crate) pages: u32,
    pub(crate) users: usize,
    pub(crate) statuses: BTreeMap<&'static str, usize>,
    pub(crate) departed: Vec<String>,
    pub(crate) next: Option<String>,
    pub(crate) watermark: Option<String>,
}

impl ReadOptions {
    /// The first of these options that was given.
    pub(crate) fn stray(&self) -> Option<&'static str> {
        [
            (!self.attributes.is_empty(), "--attributes"),
            (self.grants, "--grants"),
            (self.resume.is_some(), "--resume"),
            (self.since.is_some(), "--since"),
            (self.pages.is_some(), "--pages"),
            (self.all, "--all"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

/// Reads the users of a tenant and prints them.
pub(crate) async fn run(
    global: &Global,
    tenant: &str,
    options: &ReadOptions,
    output: &mut Output,
) -> Result<u8, Failure> {
    let mut context = Context::start(global, tenant, &mut StandardInput::process()).await?;
    // What cannot even begin is an error by itself; what breaks later must not lose the users that were read.
    context.job.open().await?;
    let scope = match (&options.resume, &options.since) {
        (Some(cursor), _) => ImportScope::Resume(cursor.clone()),
        (None, Some(watermark)) => ImportScope::Since(watermark.clone()),
        (None, None) => ImportScope::Full,
    };
    let query = ImportQuery {
        scope,
        page_size: options.page_size,
        attributes: options.attributes.clone(),
        grants: options.grants,
    };
    if output.json() {
        json(&mut context, query, options.pages, output).await
    } else {
        table(&mut context, query, options, output).await
    }
}

/// Reads page after page and gives each user to `each`, with its page. Returns how far it came, and what ended it early.
pub(crate) async fn pages(
    context: &mut Context,
    mut query: ImportQuery,
    limit: Option<u32>,
    mut each: impl FnMut(&ImportPage, &User) -> io::Result<()>,
) -> Result<(Imported, Option<Failure>), Failure> {
    let mut imported = Imported::default();
    if let ImportScope::Resume(cursor) = &query.scope {
        imported.next = Some(cursor.clone());
    }
    let progress = progress("users read", 0, None);
    let ended = loop {
        let page = match context.job.import_users(&query).await {
            Ok(page) => page,
            Err(error) => break Some(Failure::from(error)),
        };
        for user in &page.users {
            each(&page, user)?;
            *imported.statuses.entry(status_name(user.status)).or_insert(0) += 1;
        }
        imported.pages += 1;
        imported.users += page.users.len();
        imported.departed.extend(page.departed);
        imported.next.clone_from(&page.next);
        imported.watermark = page.watermark;
        progress.set_position(imported.users as u64);
        match page.next {
            Some(cursor) if limit.is_none_or(|limit| imported.pages < limit) => {
                query.scope = ImportScope::Resume(cursor);
            }
            _ => break None,
        }
    };
    progress.finish_and_clear();
    Ok((imported, ended))
}

/// One document, written as the pages come: an import of a million users is not held in memory.
async fn json(
    context: &mut Context,
    query: ImportQuery,
    limit: Option<u32>,
    output: &mut Output,
) -> Result<u8, Failure> {
    let tenant = json_text(&context.tenant.name).map_err(io::Error::from)?;
    write!(output.raw(), "{{\n  \"tenant\": {tenant},\n  \"users\": [")?;
    let mut first = true;
    let (imported, ended) = pages(context, query, limit, |page, user| {
        output.raw().write_all(if first { b"\n    " } else { b",\n    " })?;
        first = false;
        write_json(output.raw(), &UserView::new(page, user)).map_err(io::Error::from)
    })
    .await?;
    let field = |name: &str, value: serde_json::Result<String>| -> io::Result<String> {
        Ok(format!(",\n  \"{name}\": {}", value?))
    };
    let usage: UsageView = context.job.usage().into();
    let error: Option<&ErrorView> = ended.as_ref().map(|failure| &failure.error);
    let mut rest = String::from("\n  ]");
    rest += &field("departed", json_text(&imported.departed))?;
    rest += &field("pages", json_text(&imported.pages))?;
    rest += &field("statuses", json_text(&imported.statuses))?;
    rest += &field("next", json_text(&imported.next))?;
    rest += &field("watermark", json_text(&imported.watermark))?;
    rest += &field("error", json_text(&error))?;
    rest += &field("usage", json_text(&usage))?;
    rest += "\n}\n";
    output.raw().write_all(rest.as_bytes())?;
    output.raw().flush()?;
    Ok(ended.map_or(DONE, |failure| {
        complain(&failure.text());
        failure.exit
    }))
}

async fn table(
    context: &mut Context,
    query: ImportQuery,
    options: &ReadOptions,
    output: &mut Output,
) -> Result<u8, Failure> {
    let rows = if options.all { usize::MAX } else { ROWS };
    let mut shown: Vec<Vec<String>> = Vec::new();
    let (imported, ended) = pages(context, query, options.pages, |page, user| {
        if shown.len() < rows {
            let attributes = attribute_texts(page, user, ["givenName", "familyName", "email", "federationId"]);
            let mut row = vec![user.id.clone(), user.username.clone(), status_name(user.status).to_owned()];
            row.extend(attributes);
            shown.push(row);
        }
        Ok(())
    })
    .await?;
    print(&shown, &imported, output)?;
    output.line(&format!("{} requests.", context.job.usage().requests))?;
    match ended {
        None => Ok(DONE),
        Some(mut failure) => {
            if let Some(next) = &imported.next {
                let go_on = format!("go on with --resume '{next}'");
                failure.error.remedy =
                    Some(failure.error.remedy.map_or(go_on.clone(), |remedy| format!("{remedy} Then {go_on}")));
            }
            Err(failure)
        }
    }
}

/// A table of some users and a summary of all.
fn print(shown: &[Vec<String>], imported: &Imported, output: &mut Output) -> Result<(), Failure> {
    let mut table = output.table(&["Id", "Username", "Status", "Given name", "Family name", "E-mail", "Federation id"]);
    for row in shown {
        table.add_row(row);
    }
    if !shown.is_empty() {
        output.print_table(&table)?;
    }
    if imported.users > shown.len() {
        output.line(&format!(
            "… and {} more (--all shows them, --json gives them whole)",
            imported.users - shown.len()
        ))?;
    }
    let statuses: Vec<String> = imported.statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let statuses = if statuses.is_empty() { String::new() } else { format!(" ({})", statuses.join(", ")) };
    output.line(&format!("{} users{statuses} in {} pages.", imported.users, imported.pages))?;
    if let Some(next) = &imported.next {
        output.line(&format!("Go on with --resume '{next}'"))?;
    }
    if let Some(watermark) = &imported.watermark {
        output.line(&format!("The next import reads only changes with --since '{watermark}'"))?;
    }
    Ok(())
}
