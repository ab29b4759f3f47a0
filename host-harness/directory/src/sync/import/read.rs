//! The first phase: pages into the directory, each with its cursor.

use std::collections::BTreeMap;

use super::{ImportOptions, ImportProgress, ImportReport, new_import, run_whole};
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
    progress: &(dyn Fn(ImportProgress) + Sync),
) -> Result<ImportRun, SyncError> {
    let (attributes, expected) = directory.read(|view| -> Result<_, DirectoryError> {
        let schema = view.attribute_schema(tenant.id)?;
        let seen = view.count_remote_users(tenant.id)?;
        let expected = (run.scope == ImportScopeKind::Full && seen > 0).then_some(seen);
        Ok((imported_names(&tenant.config, &schema), expected))
    })?;
    let mut pager = Pager::new(tenant, attributes, &run);
    while run.phase == ImportPhase::Reading {
        match pager.next(session).await? {
            Some(page) => {
                let spent = session.spent().await;
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
    }
    Ok(run)
}

/// A page on its way into the directory. Its users may come in several transactions: until the last of them keeps the cursor, the
/// page counts as not read, and staging a user twice is staging it once. So it is with those that no page had, who follow the
/// last page.
struct Unstaged {
    page: ImportPage,
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
    fn new(page: ImportPage, run: &ImportRun) -> Self {
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
            let user = remote_user(&self.page.attributes, user.clone());
            let keys = match_keys(tenant, &user);
            change.stage_user(tenant.id, run.id, &user, &keys)?;
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
        mut run: ImportRun,
    ) -> Result<ImportRun, DirectoryError> {
        run.pages += 1;
        run.users += self.page.users.len() as u64;
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

fn match_keys(tenant: &TenantRecord, user: &RemoteUser) -> MatchKeys {
    let mapping = &tenant.config.mapping;
    let attributes = imported(mapping, &user.username, &user.attributes);
    MatchKeys::of(username_of(mapping, &user.username), &attributes)
}

/// Reads all pages into memory and plays the rest in a transaction that is undone, or on a copy.
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
    let mut pages: Vec<ImportPage> = Vec::new();
    let mut users = 0;
    loop {
        match pager.next(session).await? {
            Some(page) => {
                users += page.users.len() as u64;
                let is_last = page.next.is_none();
                pages.push(page);
                progress(ImportProgress {
                    phase: ImportPhase::Reading,
                    done: users,
                    total: (expected > 0).then_some(expected),
                });
                if is_last {
                    break;
                }
            }
            None => {
                (since, users) = (None, 0);
                pages.clear();
                pager =
                    Pager::new(tenant, attributes.clone(), &ImportRun { since: None, cursor: None, ..first.clone() });
            }
        }
    }
    let run = directory.rehearse_apart(actor, |change| -> Result<_, DirectoryError> {
        let mut run = begin(change)?;
        if since != run.since {
            change.store_import(&ImportRun { phase: ImportPhase::Discarded, ..run })?;
            run = change.start_import(tenant.id, NewImport { since: since.as_deref() })?;
        }
        for page in &pages {
            let page = Unstaged::new(page.clone(), &run);
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
    seen: BTreeMap<String, ()>,
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
        Self { query, restarted: false, seen: BTreeMap::new(), tenant: tenant.name.clone() }
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
        if let Some(next) = &page.next {
            // A connector that goes in circles would be read for ever.
            if self.seen.insert(next.clone(), ()).is_some() {
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
