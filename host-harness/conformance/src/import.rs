//! Reading the application's users.

use std::collections::BTreeMap;

use super::Target;
use super::bench::{Bench, PAGE, good, pages, users};
use super::check::{Check, Unmet, ensure, ensure_kind, failed, refusal, refused, repeated, skipped};
use provisioning_runtime::Application as _;
use provisioning_runtime::wit::{Change, ErrorKind, Features, ImportPage, ImportQuery, ImportScope, Value};

pub(super) const CHECKS: &[Check] = &[WHOLE, PAGE_SIZE, RESUME, GARBAGE, ALIGNED, ATTRIBUTES, INCREMENT];

const WHOLE: Check = Check::reading(
    "import.whole",
    "A full import comes to an end, keeps to the page size, and gives no user twice, each with id, username and an RFC 3339 time.",
)
.needing(&[Features::IMPORT_NEW_USERS]);
const PAGE_SIZE: Check = Check::reading("import.page-size", "Pages of one user give the same users as pages of 2,000.")
    .needing(&[Features::IMPORT_NEW_USERS]);
const RESUME: Check = Check::reading(
    "import.resume",
    "From the cursor of every page a new job gives exactly the users that came after it.",
)
.needing(&[Features::IMPORT_NEW_USERS]);
const GARBAGE: Check =
    Check::reading("import.garbage-cursor", "A cursor that is none is refused, and not as a passing error.")
        .needing(&[Features::IMPORT_NEW_USERS]);
const ALIGNED: Check = Check::reading(
    "import.aligned",
    "Every user of a page has one value, or none, for each attribute that the page names, and no name stands twice.",
)
.needing(&[Features::IMPORT_NEW_USERS]);
const ATTRIBUTES: Check = Check::reading(
    "import.attributes",
    "Imported attributes are those of the schema, and of those only what was asked for.",
)
.needing(&[Features::IMPORT_NEW_USERS]);
const INCREMENT: Check = Check::writing(
    "import.increment",
    "An import since the watermark of a full one has the user that was changed in between, with its new value.",
)
.needing(&[Features::INCREMENTAL_IMPORT]);

/// Users a page of `import.whole`: few, so that a small test organization has several pages.
const WHOLE_PAGE: u32 = 25;
/// Pages that `import.page-size` reads at most; in a large organization its small pages hold more than one user.
const MOST_SMALL_PAGES: usize = 100;
/// Pages that `import.resume` goes on from.
const RESUMED_PAGES: usize = 8;

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&WHOLE, async |bench| {
            let pages = pages(&mut bench.job().await?, ImportScope::Full, WHOLE_PAGE, &[]).await?;
            well_formed(&pages, WHOLE_PAGE)?;
            Ok(format!("{} users in {} pages", users(&pages).count(), pages.len()))
        })
        .await;
    bench
        .check(&PAGE_SIZE, async |bench| {
            let large = by_id(&pages(&mut bench.job().await?, ImportScope::Full, PAGE, &[]).await?);
            let size = large.len().div_ceil(MOST_SMALL_PAGES).max(1) as u32;
            let small_pages = pages(&mut bench.job().await?, ImportScope::Full, size, &[]).await?;
            well_formed(&small_pages, size)?;
            let small = by_id(&small_pages);
            let stray: Vec<&String> =
                large.keys().chain(small.keys()).filter(|id| large.get(*id) != small.get(*id)).collect();
            match stray.first() {
                Some(id) => {
                    failed(format!("pages of {size} and of {PAGE} differ in {} users, such as {id}", stray.len()))
                }
                None => Ok(format!("{} users, in pages of {size} and of {PAGE}", large.len())),
            }
        })
        .await;
    bench
        .check(&RESUME, async |bench| {
            let everybody = bench.everybody().await?.len();
            let size = everybody.div_ceil(RESUMED_PAGES).max(1) as u32;
            let whole = pages(&mut bench.job().await?, ImportScope::Full, size, &[]).await?;
            for (at, page) in whole.iter().enumerate() {
                let Some(cursor) = &page.next else { continue };
                let rest = pages(&mut bench.job().await?, ImportScope::Resume(cursor.clone()), size, &[]).await?;
                // In which order they come is the connector's to choose, each time anew.
                let ids = |pages: &[ImportPage]| {
                    let mut ids: Vec<String> = users(pages).map(|user| user.id.clone()).collect();
                    ids.sort_unstable();
                    ids
                };
                let (wanted, found) = (ids(&whole[at + 1..]), ids(&rest));
                ensure(wanted == found, || {
                    format!("from page {}, {} users were to come and {} came", at + 1, wanted.len(), found.len())
                })?;
            }
            if whole.len() < 2 {
                return skipped("there are too few users for a second page");
            }
            Ok(format!("from each of {} cursors", whole.len() - 1))
        })
        .await;
    bench
        .check(&GARBAGE, async |bench| {
            let query = ImportQuery {
                scope: ImportScope::Resume("no cursor at all".to_owned()),
                page_size: 10,
                attributes: Vec::new(),
                grants: false,
            };
            let what = "the cursor `no cursor at all`";
            let error = refused(what, bench.job().await?.import_users(&query).await)?;
            ensure_kind(
                &error,
                what,
                |kind| matches!(kind, ErrorKind::StaleReference | ErrorKind::InvalidValue),
                "stale-reference or invalid-value",
            )?;
            Ok(refusal(&error))
        })
        .await;
    bench
        .check(&ALIGNED, async |bench| {
            let pages = pages(&mut bench.job().await?, ImportScope::Full, PAGE, &[]).await?;
            for page in &pages {
                page.check().or_else(|misshapen| failed(misshapen.to_string()))?;
            }
            let most = pages.iter().map(|page| page.attributes.len()).max().unwrap_or_default();
            Ok(format!("{} users with up to {most} attributes", users(&pages).count()))
        })
        .await;
    bench
        .check(&ATTRIBUTES, async |bench| {
            let mut job = bench.job().await?;
            let schema = job.list_attributes().await?;
            let known: Vec<&str> = schema.iter().map(|attribute| attribute.name.as_str()).collect();
            let everything = pages(&mut job, ImportScope::Full, PAGE, &[]).await?;
            let names = |pages: &[ImportPage]| -> Vec<String> {
                pages.iter().flat_map(|page| page.attributes.iter().cloned()).collect()
            };
            let named = names(&everything);
            if let Some(stray) = named.iter().find(|name| !known.contains(&name.as_str())) {
                return failed(format!("a page has the attribute `{stray}`, which the schema does not have"));
            }
            let Some(wanted) = named.first().cloned() else { return skipped("no user has an attribute") };
            let some = pages(&mut job, ImportScope::Full, PAGE, std::slice::from_ref(&wanted)).await?;
            match names(&some).into_iter().find(|name| *name != wanted) {
                Some(stray) => failed(format!("only `{wanted}` was asked for, and `{stray}` came")),
                None => Ok(format!("{} attributes in the schema, `{wanted}` alone when asked for", known.len())),
            }
        })
        .await;
    bench
        .check(&INCREMENT, async |bench| {
            let Some(change) = bench.samples.change.clone() else { return skipped("the samples hold no [change]") };
            let mut job = bench.job().await?;
            let (id, mut user) = bench.made_user(&mut job).await?;
            let full = pages(&mut job, ImportScope::Full, PAGE, &[]).await?;
            let Some(watermark) = full.last().and_then(|page| page.watermark.clone()) else {
                return failed("the last page of a full import has no watermark");
            };
            let early = full.iter().rev().skip(1).any(|page| page.watermark.is_some());
            ensure(!early, || "a page before the last has a watermark".to_owned())?;
            user.id = Some(id.clone());
            let [value, _] = &change.values;
            user.changes = vec![Change { name: change.attribute.clone(), value: Some(Value::Text(value.clone())) }];
            good("a change", bench.push(&mut job, &user).await?)?;
            let attributes = [change.attribute.clone()];
            let since = pages(&mut bench.job().await?, ImportScope::Since(watermark), PAGE, &attributes).await?;
            let Some(found) = since.iter().flat_map(ImportPage::imported).find(|user| user.id == id) else {
                return failed(format!(
                    "the increment has {} users, and not the one that was changed",
                    users(&since).count()
                ));
            };
            ensure(found.text(&change.attribute) == Some(value.as_str()), || {
                format!("the increment has `{}` as {:?}", change.attribute, found.text(&change.attribute))
            })?;
            ensure(since.last().is_some_and(|page| page.watermark.is_some()), || {
                "the increment has no watermark".to_owned()
            })?;
            Ok(format!("{} users of {}", users(&since).count(), users(&full).count()))
        })
        .await;
}

/// What has to be the same whatever the page size.
fn by_id(pages: &[ImportPage]) -> BTreeMap<String, String> {
    pages.iter().flat_map(ImportPage::imported).map(|user| (user.id.clone(), format!("{user:?}"))).collect()
}

fn well_formed(pages: &[ImportPage], size: u32) -> Result<(), Unmet> {
    if let Some(id) = repeated(users(pages).map(|user| user.id.as_str())) {
        return failed(format!("the user {id} came twice"));
    }
    for page in pages {
        ensure(page.users.len() <= size as usize, || format!("a page of {size} has {} users", page.users.len()))?;
    }
    for user in users(pages) {
        ensure(!user.id.is_empty() && !user.username.is_empty(), || {
            format!("a user has no id or no username: `{}`", user.id)
        })?;
        ensure(chrono::DateTime::parse_from_rfc3339(&user.modified).is_ok(), || {
            format!("the user {} was last changed at `{}`, which is no time of RFC 3339", user.id, user.modified)
        })?;
    }
    Ok(())
}
