//! What the checks work with: jobs, new users, and a look at what the application has.

use std::collections::HashSet;

use ring::rand::{SecureRandom as _, SystemRandom};

use super::check::{Check, CheckVerdict, Checked, Outcome, Unmet, failed, refusal, skipped};
use super::grants::Grants;
use super::{ConformanceReport, Options, Samples, Subject, Target};
use provisioning_runtime::Application as _;
use provisioning_runtime::wit;
use provisioning_runtime::wit::{
    Deactivation, Descriptor, DesiredUser, Error, Features, ImportPage, ImportQuery, ImportScope, PushMode, User,
};
use provisioning_runtime::{ImportedUser, Results, feature_names};

/// Users a page where the size does not matter.
pub(super) const PAGE: u32 = 2_000;

/// Pages after which an import is taken for endless.
const MOST_PAGES: usize = 100_000;

pub(super) struct Bench<'a, T: Target> {
    pub(super) target: &'a T,
    pub(super) samples: &'a Samples,
    options: &'a Options,
    begins: &'a mut dyn FnMut(&Check),
    descriptor: Option<Descriptor>,
    grants: Grants,
    /// Makes the users of this run unlike those of any other.
    run: String,
    users: u32,
    /// Whom the check under way has made.
    made: Vec<String>,
    report: ConformanceReport,
    /// Why nobody signs in, once that was tried.
    closed: Option<Closed>,
}

/// A sign-in that has failed.
struct Closed {
    reason: String,
    /// Whether a check has said so.
    is_told: bool,
}

/// The only result of a batch of one.
pub(super) fn only<R>(results: Results<R>) -> Result<Result<R, Error>, Unmet> {
    let [result] = <[_; 1]>::try_from(results)
        .or_else(|results| failed(format!("{} results came for one record", results.len())))?;
    Ok(result)
}

/// A result that has to be good.
pub(super) fn good<R>(what: &str, result: Result<R, Error>) -> Result<R, Unmet> {
    result.or_else(|error| failed(format!("{what} was refused as {}", refusal(&error))))
}

/// An import of everybody, or of what a scope says, page by page to its end.
pub(super) async fn pages<S: Subject>(
    subject: &mut S,
    scope: ImportScope,
    page_size: u32,
    attributes: &[String],
) -> Result<Vec<ImportPage>, Unmet> {
    let mut query = ImportQuery { scope, page_size, attributes: attributes.to_vec(), grants: false };
    let mut pages = Vec::new();
    let mut cursors = HashSet::new();
    loop {
        let page = subject.import_users(&query).await?;
        let next = page.next.clone();
        pages.push(page);
        let Some(next) = next else { return Ok(pages) };
        if !cursors.insert(next.clone()) || pages.len() >= MOST_PAGES {
            return failed(format!(
                "after {} pages a cursor came a second time, or the pages have no end",
                pages.len()
            ));
        }
        query.scope = ImportScope::Resume(next);
    }
}

/// The users of pages, in their order.
pub(super) fn users(pages: &[ImportPage]) -> impl Iterator<Item = &User> {
    pages.iter().flat_map(|page| &page.users)
}

impl<'a, T: Target> Bench<'a, T> {
    pub(super) fn new(
        target: &'a T,
        samples: &'a Samples,
        options: &'a Options,
        begins: &'a mut dyn FnMut(&Check),
    ) -> Self {
        let mut bytes = [0; 4];
        // Without randomness a second run in the same organization would meet the users of the first, and say so.
        let _ = SystemRandom::new().fill(&mut bytes);
        Self {
            target,
            samples,
            options,
            begins,
            descriptor: None,
            grants: Grants::default(),
            run: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            users: 0,
            made: Vec::new(),
            report: ConformanceReport::default(),
            closed: None,
        }
    }

    /// Makes one check, unless it was not asked for.
    pub(super) async fn check(&mut self, check: &Check, work: impl AsyncFnOnce(&mut Self) -> Outcome) {
        if self.options.only.as_ref().is_some_and(|only| !check.name.starts_with(only.as_str())) {
            return;
        }
        (self.begins)(check);
        let outcome = match self.prevented(check).await {
            Ok(()) => work(self).await,
            Err(unmet) => Err(unmet),
        };
        let (verdict, detail) = match outcome {
            Ok(seen) => (CheckVerdict::Passed, seen),
            Err(Unmet::Failed(seen)) => (CheckVerdict::Failed, seen),
            Err(Unmet::Skipped(why)) => (CheckVerdict::Skipped, why),
        };
        self.settle().await;
        self.report.checks.push(Checked { name: check.name, wants: check.wants, verdict, detail });
    }

    /// Tries the tenant's own settings. If they don't sign in, the next check fails with the reason, and those behind it are skipped.
    pub(super) async fn sign_in(&mut self) {
        let opened = match self.job().await {
            Ok(mut job) => job.open().await.map_err(Unmet::from),
            Err(unmet) => Err(unmet),
        };
        if let Err(Unmet::Failed(reason) | Unmet::Skipped(reason)) = opened {
            self.closed = Some(Closed { reason, is_told: false });
        }
    }

    async fn prevented(&mut self, check: &Check) -> Result<(), Unmet> {
        if let Some(closed) = &mut self.closed {
            if closed.is_told {
                return skipped("nobody could sign in");
            }
            closed.is_told = true;
            return failed(format!("with the tenant's own settings nobody could sign in: {}", closed.reason));
        }
        if check.writes && !self.options.writes {
            return skipped("it writes to the application, which was not allowed");
        }
        if check.needs.is_empty() {
            return Ok(());
        }
        let Ok(descriptor) = self.descriptor().await else {
            return skipped("the connector does not say what it offers");
        };
        match check.needs.iter().find(|needed| !descriptor.features.contains(**needed)) {
            Some(missing) => skipped(format!("the connector does not offer {}", feature_names(*missing).join(", "))),
            None => Ok(()),
        }
    }

    /// What the connector says of itself.
    pub(super) async fn descriptor(&mut self) -> Result<Descriptor, Unmet> {
        if let Some(descriptor) = &self.descriptor {
            return Ok(descriptor.clone());
        }
        let descriptor = self.job().await?.describe().await?;
        Ok(self.descriptor.insert(descriptor).clone())
    }

    /// A new job.
    pub(super) async fn job(&self) -> Result<T::Subject, Unmet> {
        Ok(self.target.start(self.target.tenant()).await?)
    }

    /// Everybody, read by a new job.
    pub(super) async fn everybody(&self) -> Result<Vec<User>, Unmet> {
        let pages = pages(&mut self.job().await?, ImportScope::Full, PAGE, &[]).await?;
        Ok(pages.into_iter().flat_map(|page| page.users).collect())
    }

    /// A user as the application has it, read by a new job.
    pub(super) async fn imported(&self, id: &str, attributes: &[String]) -> Result<ImportedUser, Unmet> {
        let pages = pages(&mut self.job().await?, ImportScope::Full, PAGE, attributes).await?;
        match pages.iter().flat_map(ImportPage::imported).find(|user| user.id == id) {
            Some(user) => Ok(user),
            None => failed(format!("a full import does not have the user {id}")),
        }
    }

    /// A user that is not there yet and that the application takes.
    pub(super) async fn new_user(&mut self, subject: &mut T::Subject) -> Result<DesiredUser, Unmet> {
        let Some(sample) = &self.samples.user else { return skipped("the samples hold no [user]") };
        self.users += 1;
        let mut user = sample.user(&format!("{}x{}", self.run, self.users));
        user.grants = self.grants.by_name(subject, &sample.grants).await?;
        Ok(user)
    }

    /// Pushes one user, and remembers whom that has made.
    pub(super) async fn push(
        &mut self,
        subject: &mut T::Subject,
        user: &DesiredUser,
    ) -> Result<Result<wit::Outcome, Error>, Unmet> {
        only(self.push_all(subject, std::slice::from_ref(user), &PushMode::Apply).await?)
    }

    /// Pushes users, and remembers whom that has made.
    pub(super) async fn push_all(
        &mut self,
        subject: &mut T::Subject,
        users: &[DesiredUser],
        mode: &PushMode,
    ) -> Result<Results<wit::Outcome>, Unmet> {
        let results = subject.push_users(users, mode).await?;
        if !matches!(mode, PushMode::Plan) {
            let ids = results.iter().filter_map(|result| result.as_ref().ok()).filter_map(|outcome| outcome.id.clone());
            self.made.extend(ids);
        }
        Ok(results)
    }

    /// Makes a user, and gives its id and what was pushed.
    pub(super) async fn made_user(&mut self, subject: &mut T::Subject) -> Result<(String, DesiredUser), Unmet> {
        let user = self.new_user(subject).await?;
        let outcome = good("a new user", self.push(subject, &user).await?)?;
        match outcome.id {
            Some(id) => Ok((id, user)),
            None => failed("a user was made and got no id"),
        }
    }

    /// An id that is nobody's.
    pub(super) fn unknown_id(&self) -> String {
        self.samples.unknown_id.clone().unwrap_or_else(|| "no-such-user".to_owned())
    }

    /// Something that no other call of this run gets, for texts with `{n}` that are not part of the sample user.
    pub(super) fn fill(&mut self, text: &str) -> String {
        self.users += 1;
        text.replace("{n}", &format!("{}x{}", self.run, self.users))
    }

    /// Takes the users of the last check out of use, so that the next has their seats.
    async fn settle(&mut self) {
        let mut ids = std::mem::take(&mut self.made);
        ids.sort_unstable();
        ids.dedup();
        let can = self.descriptor.as_ref().is_some_and(|one| one.features.contains(Features::PUSH_USER_DEACTIVATION));
        if can
            && !ids.is_empty()
            && let Ok(mut subject) = self.job().await
            && let Err(error) = subject.deactivate_users(&ids, Deactivation::Deactivate, &PushMode::Apply).await
        {
            tracing::warn!(%error, "the users of a check could not be taken out of use");
        }
        self.report.left_behind.extend(ids);
    }

    pub(super) fn finish(mut self) -> ConformanceReport {
        self.report.sort();
        self.report
    }
}
