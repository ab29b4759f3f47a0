//! Searches among users.
//!
//! Without a filter and an order, a page is read where it is. A filter that names a user by an index reads that user alone. All
//! other searches walk through the client's users piece by piece and keep no more than the page: what is wanted in an order is kept
//! in a heap of that size.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json};

use super::{render, rendered, store};
use crate::answer::Answer;
use crate::protocol::error::ScimError;
use crate::protocol::filter::{self, Filter, Operator, Subject};
use crate::protocol::order::{Order, SortKey};
use crate::protocol::page::{self, From};
use crate::request::Search;
use crate::service::{Caller, Shared};
use provisioning_directory::{ReadTransaction, ScimClientId, ScimKey, ScimUser};

/// Users that are read at once.
const PIECE: usize = 500;

pub(crate) async fn search(shared: &Shared, caller: &Arc<Caller>, search: Search) -> Result<Answer, ScimError> {
    let (own, places) = (Arc::clone(caller), Arc::clone(&shared.places));
    shared.read(move |view| found(view, &own, &search, &places)).await
}

/// Where the page that each client last read by its index ends: at which index the next begins, and behind which number. To find that
/// by the index alone, all users before it are counted: of 100,000 that doubles the time of a page.
#[derive(Default)]
pub(crate) struct Places(Mutex<HashMap<ScimClientId, (usize, i64)>>);

impl Places {
    fn get(&self, client: ScimClientId, start: usize) -> Option<i64> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(&client).filter(|(next, _)| *next == start).map(|(_, number)| *number)
    }

    fn put(&self, client: ScimClientId, next: usize, number: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(client, (next, number));
    }
}

fn found(view: &ReadTransaction<'_>, caller: &Caller, search: &Search, places: &Places) -> Result<Answer, ScimError> {
    let Search { filter, order, page, projection, mark } = search;
    let client = caller.client.id;
    let (users, total, next) = match (filter, order) {
        (None, None) => {
            let total = store(view.count_scim_users(client))?;
            let after = match &page.from {
                From::Index(start) => match places.get(client, *start) {
                    Some(number) => Some(number),
                    None => store(view.scim_user_before(client, start - 1))?,
                },
                From::Cursor(None) => Some(0),
                From::Cursor(Some(position)) => Some(number(position)?),
            };
            let users = match after {
                Some(after) => store(view.scim_users(client, after, page.count))?,
                None => Vec::new(),
            };
            if let (From::Index(start), Some(last)) = (&page.from, users.last()) {
                places.put(client, start.saturating_add(users.len()), last.number);
            }
            let next = users.last().filter(|_| users.len() == page.count).map(|last| last.number.to_string());
            (users, total, next)
        }
        (filter, order) => walk(view, caller, filter.as_ref(), order.as_ref(), page)?,
    };
    let mut resources = Vec::with_capacity(users.len());
    for user in &users {
        resources.push(rendered(view, caller, user, projection)?);
    }
    let next = next.map(|position| page::encode(&position, mark));
    Ok(Answer::new(200, page::answer(page, total, resources, next)))
}

fn number(position: &str) -> Result<i64, ScimError> {
    position.parse().map_err(|_| {
        ScimError::bad(
            crate::protocol::error::ScimType::InvalidCursor,
            "the cursor is damaged; begin again with an empty one",
        )
    })
}

/// What a filter must name a user by, if an index has it.
fn key(caller: &Caller, filter: &Filter) -> Option<ScimKey> {
    filter.necessary().into_iter().find_map(|term| {
        let Filter::Compare(name, Operator::Eq, Json::String(value)) = term else { return None };
        let (None, attribute) = name.find(&caller.schemas.user)? else { return None };
        match (attribute.name.as_str(), &name.sub) {
            ("id", None) => Some(ScimKey::Id(value.clone())),
            ("externalId", None) => Some(ScimKey::ExternalId(value.clone())),
            ("userName", None) => Some(ScimKey::Name(value.clone())),
            _ => None,
        }
    })
}

/// A user and its place in the order.
struct Placed {
    place: Place,
    user: ScimUser,
    descending: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Place {
    key: SortKey,
    number: i64,
}

impl Placed {
    fn order(one: &Place, other: &Place, descending: bool) -> Ordering {
        let order = Order {
            by: crate::protocol::path::AttributeName { schema: None, name: String::new(), sub: None },
            descending,
        };
        order.compare(&one.key, &other.key).then(one.number.cmp(&other.number))
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Placed {}

impl PartialOrd for Placed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Placed {
    fn cmp(&self, other: &Self) -> Ordering {
        Self::order(&self.place, &other.place, self.descending)
    }
}

type Walked = (Vec<ScimUser>, u64, Option<String>);

fn walk(
    view: &ReadTransaction<'_>,
    caller: &Caller,
    filter: Option<&Filter>,
    order: Option<&Order>,
    page: &page::Page,
) -> Result<Walked, ScimError> {
    let needs_groups = filter.is_some_and(names_groups);
    let is_found = |user: &ScimUser| -> Result<Option<Map<String, Json>>, ScimError> {
        let mut resource = render::bare(caller, user);
        if needs_groups {
            render::with_groups(view, caller, user, &mut resource)?;
        }
        let fits = match filter {
            Some(filter) => filter::matches(filter, Subject { schema: &caller.schemas.user, resource: &resource })?,
            None => true,
        };
        Ok(fits.then_some(resource))
    };
    let mut kept = Kept::new(caller, order, page)?;
    if let Some(key) = filter.and_then(|filter| key(caller, filter)) {
        for user in store(view.scim_users_by(caller.client.id, &key))? {
            if let Some(resource) = is_found(&user)? {
                kept.take(user, &resource);
            }
        }
        return Ok(kept.done());
    }
    let mut after = 0;
    loop {
        let piece = store(view.scim_users(caller.client.id, after, PIECE))?;
        let Some(last) = piece.last() else { return Ok(kept.done()) };
        after = last.number;
        for user in piece {
            if let Some(resource) = is_found(&user)? {
                kept.take(user, &resource);
            }
        }
    }
}

fn names_groups(filter: &Filter) -> bool {
    match filter {
        Filter::And(one, other) | Filter::Or(one, other) => names_groups(one) || names_groups(other),
        Filter::Not(inner) => names_groups(inner),
        Filter::Present(name) | Filter::Compare(name, ..) | Filter::Within(name, _) => {
            name.name.eq_ignore_ascii_case("groups")
        }
    }
}

/// The page of what is found, so far.
struct Kept<'a> {
    caller: &'a Caller,
    order: Option<&'a Order>,
    total: u64,
    /// How many at the start are before the page; of no use with a cursor.
    skip: usize,
    count: usize,
    is_cursor: bool,
    /// Behind what a page by cursor begins.
    after: Option<Place>,
    /// Whether something follows behind the page.
    more: bool,
    plain: Vec<ScimUser>,
    sorted: BinaryHeap<Placed>,
}

impl<'a> Kept<'a> {
    fn new(caller: &'a Caller, order: Option<&'a Order>, page: &page::Page) -> Result<Self, ScimError> {
        let (skip, after, is_cursor) = match &page.from {
            From::Index(start) => (start - 1, None, false),
            From::Cursor(None) => (0, None, true),
            From::Cursor(Some(position)) => (0, Some(Place::read(position)?), true),
        };
        Ok(Self {
            caller,
            order,
            total: 0,
            skip,
            count: page.count,
            is_cursor,
            after,
            more: false,
            plain: Vec::new(),
            sorted: BinaryHeap::new(),
        })
    }

    fn take(&mut self, user: ScimUser, resource: &Map<String, Json>) {
        self.total += 1;
        let Some(order) = self.order else {
            if self.after.as_ref().is_some_and(|after| user.number <= after.number) {
                return;
            }
            if !self.is_cursor && self.total <= self.skip as u64 {
                return;
            }
            if self.plain.len() < self.count {
                self.plain.push(user);
            } else {
                self.more = true;
            }
            return;
        };
        let place = Place { key: order.key(&self.caller.schemas.user, resource), number: user.number };
        if self.after.as_ref().is_some_and(|after| Placed::order(&place, after, order.descending).is_le()) {
            return;
        }
        self.sorted.push(Placed { place, user, descending: order.descending });
        if self.sorted.len() > self.skip.saturating_add(self.count) {
            self.more = true;
            self.sorted.pop();
        }
    }

    fn done(self) -> Walked {
        let Self { order, total, skip, count, more, plain, sorted, .. } = self;
        if order.is_none() {
            let next = plain.last().filter(|_| more).map(|last| last.number.to_string());
            return (plain, total, next);
        }
        let sorted: Vec<Placed> = sorted.into_sorted_vec().into_iter().skip(skip).take(count).collect();
        let next = sorted.last().filter(|_| more).map(|last| last.place.write());
        (sorted.into_iter().map(|placed| placed.user).collect(), total, next)
    }
}

impl Place {
    /// As a cursor has it.
    fn write(&self) -> String {
        match &self.key {
            SortKey::Nothing => format!("{}", self.number),
            SortKey::Number(number) => format!("{} n{}", self.number, number.to_bits()),
            SortKey::Text(text) => format!("{} t{text}", self.number),
        }
    }

    fn read(position: &str) -> Result<Self, ScimError> {
        let (first, key) = match position.split_once(' ') {
            None => (position, SortKey::Nothing),
            Some((first, key)) => match key.split_at_checked(1) {
                Some(("n", bits)) => {
                    (first, bits.parse().map_or(SortKey::Nothing, |bits| SortKey::Number(f64::from_bits(bits))))
                }
                Some((_, text)) => (first, SortKey::Text(text.to_owned())),
                None => (first, SortKey::Nothing),
            },
        };
        Ok(Self { key, number: number(first)? })
    }
}
