//! The first phase: pages into the directory, each with its cursor.

use std::collections::HashSet;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::spool::Spool;
use super::{ImportOptions, ImportProgress, ImportReport, Turn, new_import, run_whole};
use crate::directory::{
    Actor, AttributeSchema, Directory, DirectoryError, FailureKind, ImportPhase, ImportRun, ImportScopeKind, MatchKeys,
    NewImport, RemoteUser, TenantRecord, WriteTransaction, from_wit, imported_names,
};
use crate::sync::mapping::{imported, username_of};
use crate::sync::retry::{is_of_the_connector, pause};
use crate::sync::session::{Session, was_stopped};
use crate::sync::{Applications, SyncError};
use provisioning_runtime::wit::{Error, ErrorKind, ImportPage, ImportQuery, ImportScope, User};
use provisioning_runtime::{Application, JobError, SandboxFault};

/// How often a page is asked for with fewer users, where the sandbox was ended over it.
const SMALLER_PAGES: u32 = 4;

/// The longest cursor and the longest watermark, in bytes. They are positions, and are kept with each page.
const LONGEST_CURSOR: usize = 64 << 10;

/// Starts a run, with the attributes that the connector lists now.
pub(super) async fn start<A: Applications>(
    directory: &Directory,
    session: &mut Session<'_, A>,
    tenant: &TenantRecord,
    actor: &Actor,
    full: bool,
) -> Result<ImportRun, SyncError> {
    let schema = schema(session).await?;
    let spent = session.spent().await;
    Ok(directory.write(actor, |change| {
        change.add_usage(tenant.id, &spent)?;
        if let Some(schema) = &schema {
            change.set_attribute_schema(tenant.id, schema)?;
        }
        change.start_import(tenant.id, new_import(tenant, full))
    })?)
}

/// The attributes that the connector lists; none where it cannot.
pub(in crate::sync) async fn schema<A: Applications>(
    session: &mut Session<'_, A>,
) -> Result<Option<Vec<AttributeSchema>>, SyncError> {
    let mut attempts = 0;
    loop {
        match session.application().await?.list_attributes().await {
            Ok(listed) => return Ok(Some(listed.iter().map(AttributeSchema::from).collect())),
            Err(JobError::Refused(error)) if is_of_the_connector(&error, &[FailureKind::Unsupported]) => {
                return Ok(None);
            }
            Err(error) => match pause(&error, attempts) {
                Some(time) => {
                    attempts += 1;
                    tokio::time::sleep(time).await;
                }
                None => return Err(error.into()),
            },
        }
    }
}

/// Reads to the last page.
pub(super) async fn read<A: Applications>(
    directory: &Directory,
    session: &mut Session<'_, A>,
    tenant: &TenantRecord,
    actor: &Actor,
    mut run: ImportRun,
    turn: Turn<'_>,
    progress: &(dyn Fn(ImportProgress) + Sync),
) -> Result<ImportRun, SyncError> {
    let limits = tenant.config.import_limits();
    let (attributes, expected) = directory.read(|view| -> Result<_, DirectoryError> {
        let schema = view.attribute_schema(tenant.id)?;
        let seen = view.count_remote_users(tenant.id)?;
        let expected = (run.scope == ImportScopeKind::Full && seen > 0).then_some(seen);
        Ok((imported_names(&tenant.config, &schema), expected))
    })?;
    let mut pager = Pager::new(tenant, attributes, &run);
    // A turn has a page at least, however long the sandbox and the sign-in took: otherwise it would have none for ever.
    let mut pages = 0;
    while run.phase == ImportPhase::Reading && (pages == 0 || !turn.is_over()) {
        pages += 1;
        match pager.next(session).await? {
            Some(page) => {
                let spent = session.spent().await;
                let page = Page::of(page);
                if let Some(over) = limits.exceeded(&page.counted(run.clone()), turn.began) {
                    return Err(exceeded(directory, tenant, actor, run, over)?);
                }
                let mut page = Unstaged::new(page, &run);
                run = loop {
                    let (place, staged) = directory.write(actor, |change| -> Result<_, DirectoryError> {
                        let (place, is_done) = page.stage_some(change, tenant, &run)?;
                        if !is_done {
                            return Ok((place, None));
                        }
                        change.add_usage(tenant.id, &spent)?;
                        Ok((place, Some(page.close(change, tenant, run.clone())?)))
                    })?;
                    if let Some(run) = staged {
                        break run;
                    }
                    page.place = place;
                    tokio::task::yield_now().await;
                };
            }
            None => {
                // The application no longer knows the position, or the watermark: everybody has to be read.
                tracing::warn!(tenant = %tenant.name, "the position of the import is of no use any more; it starts again with everybody");
                run = directory.write(actor, |change| {
                    let stale = ImportRun {
                        phase: ImportPhase::Discarded,
                        reason: Some("the application no longer knew its position".to_owned()),
                        ..run.clone()
                    };
                    change.store_import(&stale)?;
                    change.start_import(tenant.id, NewImport { since: None })
                })?;
            }
        }
        progress(ImportProgress { phase: ImportPhase::Reading, done: run.users, total: expected });
        // An application that answers at once would keep the thread.
        tokio::task::yield_now().await;
    }
    Ok(run)
}

/// A page as it is kept: its users by the directory's names for what they have.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Page {
    users: Vec<RemoteUser>,
    departed: Vec<String>,
    next: Option<String>,
    watermark: Option<String>,
}

impl Page {
    fn of(page: ImportPage) -> Self {
        let ImportPage { attributes, users, departed, next, watermark } = page;
        let users = users.into_iter().map(|user| remote_user(&attributes, user)).collect();
        Self { users, departed, next, watermark }
    }

    /// The run with this page in its numbers.
    fn counted(&self, mut run: ImportRun) -> ImportRun {
        run.pages += 1;
        run.users += self.users.len() as u64;
        run.bytes += self.users.iter().map(RemoteUser::size).sum::<u64>();
        run
    }
}

/// A page on its way into the directory. Its users may come in several transactions: until the last of them keeps the cursor, the
/// page counts as not read, and staging a user twice is staging it once. So it is with those that no page had, who follow the
/// last page.
struct Unstaged {
    page: Page,
    place: Place,
}

/// How far a page is staged.
#[derive(Clone)]
struct Place {
    /// Users that are.
    users: usize,
    /// Behind which id those are still to be looked for that no page had; none where that is done, or not to be done.
    absent_after: Option<String>,
}

impl Unstaged {
    fn new(page: Page, run: &ImportRun) -> Self {
        let is_end = page.next.is_none() && run.scope == ImportScopeKind::Full;
        Self { page, place: Place { users: 0, absent_after: is_end.then(String::new) } }
    }

    /// Stages users until the transaction has had its turn. Returns how far it has come, and whether all are staged.
    fn stage_some(
        &self,
        change: &WriteTransaction<'_>,
        tenant: &TenantRecord,
        run: &ImportRun,
    ) -> Result<(Place, bool), DirectoryError> {
        let mut place = self.place.clone();
        for user in &self.page.users[place.users..] {
            let keys = match_keys(tenant, user);
            change.stage_user(tenant.id, run.id, user, &keys)?;
            place.users += 1;
            if change.has_had_its_turn() {
                let is_done = place.users == self.page.users.len() && place.absent_after.is_none();
                return Ok((place, is_done));
            }
        }
        while let Some(after) = place.absent_after.take() {
            place.absent_after = change.stage_absent(tenant.id, run.id, &after)?;
            if change.has_had_its_turn() {
                break;
            }
        }
        let is_done = place.absent_after.is_none();
        Ok((place, is_done))
    }

    /// Stages what the page says of all, with its cursor.
    fn close(
        &self,
        change: &WriteTransaction<'_>,
        tenant: &TenantRecord,
        run: ImportRun,
    ) -> Result<ImportRun, DirectoryError> {
        let mut run = self.page.counted(run);
        for id in &self.page.departed {
            change.stage_departure(tenant.id, id)?;
        }
        run.cursor.clone_from(&self.page.next);
        if run.cursor.is_none() {
            run.watermark.clone_from(&self.page.watermark);
            run.phase = ImportPhase::Settling;
        }
        change.store_import(&run)?;
        Ok(run)
    }
}

fn remote_user(names: &[String], user: User) -> RemoteUser {
    let mut grants: Vec<(String, String)> = user.grants.into_iter().map(|grant| (grant.kind, grant.id)).collect();
    grants.sort();
    RemoteUser {
        remote_id: user.id,
        username: user.username,
        status: user.status.into(),
        modified: user.modified,
        attributes: from_wit(names, user.values),
        grants,
    }
}

/// Gives up a run that has read more than it may, with all that it has brought.
fn exceeded(
    directory: &Directory,
    tenant: &TenantRecord,
    actor: &Actor,
    run: ImportRun,
    over: String,
) -> Result<SyncError, DirectoryError> {
    super::discard_run(directory, tenant, actor, run, &format!("it {over}"))?;
    while directory.write(actor, |change| change.forget_unsettled(tenant.id))? > 0 {}
    Ok(SyncError::TooMuch { tenant: tenant.name.clone(), over })
}

fn match_keys(tenant: &TenantRecord, user: &RemoteUser) -> MatchKeys {
    let mapping = &tenant.config.mapping;
    let attributes = imported(mapping, &user.username, &user.attributes);
    MatchKeys::of(username_of(mapping, &user.username), &attributes)
}

/// Reads all pages into a file and plays the rest in a transaction that is undone, or on a copy.
pub(super) async fn rehearse<A: Applications>(
    directory: &Directory,
    session: &mut Session<'_, A>,
    tenant: &TenantRecord,
    actor: &Actor,
    options: ImportOptions,
    progress: &(dyn Fn(ImportProgress) + Sync),
) -> Result<ImportReport, SyncError> {
    let schema = schema(session).await?;
    let open = directory.read(|view| view.open_import(tenant.id))?;
    // A rehearsal of the first half of a run would tell half of the story, so it reads for itself.
    let begin = |change: &WriteTransaction<'_>| -> Result<ImportRun, DirectoryError> {
        if let Some(run) = &open {
            change.store_import(&ImportRun { phase: ImportPhase::Discarded, ..run.clone() })?;
        }
        if let Some(schema) = &schema {
            change.set_attribute_schema(tenant.id, schema)?;
        }
        change.start_import(tenant.id, new_import(tenant, options.full || open.is_some()))
    };
    let (first, attributes, expected) = directory.rehearse(actor, |change| -> Result<_, DirectoryError> {
        let run = begin(change)?;
        let schema = change.attribute_schema(tenant.id)?;
        Ok((run, imported_names(&tenant.config, &schema), change.count_remote_users(tenant.id)?))
    })?;
    let mut since = first.since.clone();
    let mut pager = Pager::new(tenant, attributes.clone(), &first);
    let (limits, began) = (tenant.config.import_limits(), Instant::now());
    let mut spool = Spool::new(directory.folder())?;
    let mut read = ImportRun { pages: 0, users: 0, bytes: 0, ..first.clone() };
    loop {
        match pager.next(session).await? {
            Some(page) => {
                let page = Page::of(page);
                read = page.counted(read);
                if let Some(over) = limits.exceeded(&read, began) {
                    return Err(SyncError::TooMuch { tenant: tenant.name.clone(), over });
                }
                let is_last = page.next.is_none();
                spool.push(&page)?;
                progress(ImportProgress {
                    phase: ImportPhase::Reading,
                    done: read.users,
                    total: (expected > 0).then_some(expected),
                });
                if is_last {
                    break;
                }
            }
            None => {
                since = None;
                read = ImportRun { pages: 0, users: 0, bytes: 0, ..read };
                spool.clear()?;
                pager =
                    Pager::new(tenant, attributes.clone(), &ImportRun { since: None, cursor: None, ..first.clone() });
            }
        }
    }
    spool.end()?;
    let run = directory.rehearse_apart(actor, |change| -> Result<_, DirectoryError> {
        let mut run = begin(change)?;
        if since != run.since {
            change.store_import(&ImportRun { phase: ImportPhase::Discarded, ..run })?;
            run = change.start_import(tenant.id, NewImport { since: since.as_deref() })?;
        }
        for page in spool.pages()? {
            let page = Unstaged::new(page?, &run);
            if !page.stage_some(change, tenant, &run)?.1 {
                return Ok(None);
            }
            run = page.close(change, tenant, run)?;
        }
        run_whole(change, tenant, run, options.accept)
    })?;
    Ok(ImportReport { run, resumed: false, dry_run: true })
}

/// Whether the connector gave a page that cannot be right, which a smaller one would not be either.
fn contradicts_itself(error: &JobError) -> bool {
    matches!(error, JobError::Stopped { fault: SandboxFault::Contradiction(_), .. })
}

/// Asks for one page after the other.
struct Pager {
    query: ImportQuery,
    /// A watermark or cursor that the application no longer knows is replaced once; a second one is an error.
    restarted: bool,
    /// Digests of the cursors so far.
    seen: HashSet<[u8; 16]>,
    tenant: String,
}

impl Pager {
    fn new(tenant: &TenantRecord, attributes: Vec<String>, run: &ImportRun) -> Self {
        let scope = match (&run.cursor, &run.since) {
            (Some(cursor), _) => ImportScope::Resume(cursor.clone()),
            (None, Some(watermark)) => ImportScope::Since(watermark.clone()),
            (None, None) => ImportScope::Full,
        };
        let rules = &tenant.config.to_idp;
        let query = ImportQuery { scope, page_size: rules.page_size, attributes, grants: rules.grants };
        Self { query, restarted: false, seen: HashSet::new(), tenant: tenant.name.clone() }
    }

    /// The next page; none where the position has become useless and everybody has to be read.
    async fn next<A: Applications>(&mut self, session: &mut Session<'_, A>) -> Result<Option<ImportPage>, SyncError> {
        let (mut attempts, mut smaller) = (0, 0);
        let page = loop {
            let error = match session.application().await?.import_users(&self.query).await {
                Ok(page) => break page,
                Err(error) => error,
            };
            if was_stopped(&error) {
                session.close().await;
                if smaller < SMALLER_PAGES && self.query.page_size > 1 && !contradicts_itself(&error) {
                    smaller += 1;
                    self.query.page_size = (self.query.page_size / 4).max(1);
                    continue;
                }
                return Err(error.into());
            }
            if let JobError::Refused(refused) = &error
                && is_stale(refused, &self.query.scope)
                && !self.restarted
            {
                self.restarted = true;
                self.query.scope = ImportScope::Full;
                self.seen.clear();
                return Ok(None);
            }
            let Some(time) = pause(&error, attempts) else { return Err(error.into()) };
            attempts += 1;
            tokio::time::sleep(time).await;
        };
        let longest = [&page.next, &page.watermark].into_iter().flatten().map(String::len).max().unwrap_or_default();
        if longest > LONGEST_CURSOR {
            return Err(SyncError::Misbehaved {
                tenant: self.tenant.clone(),
                what: format!("gave a cursor of {longest} bytes, and {LONGEST_CURSOR} are the most"),
            });
        }
        if let Some(next) = &page.next {
            // A connector that goes in circles would be read for ever.
            if !self.seen.insert(digest(next)) {
                return Err(SyncError::Misbehaved {
                    tenant: self.tenant.clone(),
                    what: "gave the same cursor twice in an import".to_owned(),
                });
            }
            self.query.scope = ImportScope::Resume(next.clone());
        }
        Ok(Some(page))
    }
}

/// Tells cursors apart in less room than they take.
fn digest(text: &str) -> [u8; 16] {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&digest.as_ref()[..16]);
    first
}

/// Whether the connector says that it cannot go on from where it was told to; a connector without increments says that it
/// does not support them.
fn is_stale(error: &Error, scope: &ImportScope) -> bool {
    let is_stale = matches!(error.kind, ErrorKind::StaleReference);
    match scope {
        ImportScope::Full => false,
        ImportScope::Since(_) => is_stale || is_of_the_connector(error, &[FailureKind::Unsupported]),
        ImportScope::Resume(_) => is_stale,
    }
}
