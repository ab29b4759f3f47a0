//! Reading all users, several ranges of ids side by side.
//!
//! Each request of a range asks for its next users, and for what the users of the request before hold: one round trip a page. The
//! first request of an import counts the users, too. If they are more than a few pages, the second one counts the cells that the
//! rest is parted by ([`ranges`]), and from then on as many ranges are under way as the client's width allows, also while
//! the host stores a page.
//!
//! A reader lives as long as its session. Where an import goes on is in the cursor alone: the users of each range that were
//! given. What was read beyond that is read again by the next session.

use super::cursor::{Cursor, Left};
use super::holdings::{self, Holdings, Kind, Who};
use super::ranges::{self, Cell, Range};
use super::{Job, SUBJECT, has_type, malformed, watermark};
use crate::host::{Host, Level};
use crate::model::{Error, ImportPage, Result, User};
use crate::operations::ID;
use crate::salesforce::client::{Client, Pending};
use crate::salesforce::composite::{self, Answer, MOST_QUERIES, Read};
use crate::salesforce::id::Id;
use crate::salesforce::record::Record;
use crate::salesforce::soql::{Condition, Literal, Select};

/// Most records that Salesforce gives in one answer (H).
const LARGEST_PAGE: u32 = 2000;

/// Pages up to which the users are read one page after another: to part them would cost more calls than it saves waiting.
const FEW: u64 = 4;

/// Requests that count the cells; each counts five.
const COUNTS: u64 = 7;

/// A reading of all users that is under way.
pub(in crate::operations) struct Reader<H: Host> {
    /// The cursor that it has given last. Empty at the start.
    position: String,
    began: Option<u64>,
    readings: Vec<Reading<H>>,
    /// Counts of cells that are under way.
    cells: Vec<Pending<H>>,
    /// The last user of all, as far as is known.
    last: Option<Id>,
    /// Requests started so far.
    started: u64,
}

/// One range of it.
struct Reading<H: Host> {
    /// What is left to be given.
    open: Range,
    /// What is left to be read. `None` if nothing is.
    unread: Option<Range>,
    /// Users that were read, and of which isn't known yet what they hold.
    rows: Option<Rows>,
    request: Option<Request<H>>,
    /// Whether its users are about to be parted.
    waits: bool,
}

struct Rows {
    ids: Vec<Id>,
    users: Vec<User>,
}

/// A request that is under way.
struct Request<H: Host> {
    /// Its place among all requests of the reader, counted from 1.
    number: u64,
    pending: Pending<H>,
    /// Whether it asks for users.
    users: bool,
    /// Whether it counts them all.
    census: bool,
    holdings: Vec<Kind>,
}

impl<H: Host> Reading<H> {
    fn new(range: Range) -> Self {
        Self { open: range, unread: Some(range), rows: None, request: None, waits: false }
    }

    /// Whether there is something to ask for that isn't asked for.
    fn is_idle(&self) -> bool {
        self.request.is_none() && (self.rows.is_some() || (self.unread.is_some() && !self.waits))
    }

    fn is_done(&self) -> bool {
        self.request.is_none() && self.rows.is_none() && self.unread.is_none()
    }
}

impl<H: Host> Reader<H> {
    /// Of everybody.
    pub(super) fn new() -> Self {
        Self::of(vec![Range { after: None, end: None, left: 0 }], None)
    }

    /// From a position on.
    pub(super) fn resume(ranges: Vec<Range>, began: u64, position: String) -> Self {
        Self { position, ..Self::of(ranges, Some(began)) }
    }

    fn of(ranges: Vec<Range>, began: Option<u64>) -> Self {
        let readings = ranges.into_iter().map(Reading::new).collect();
        Self { position: String::new(), began, readings, cells: Vec::new(), last: None, started: 0 }
    }

    /// Whether it goes on from this cursor.
    pub(super) fn is_at(&self, cursor: &str) -> bool {
        self.position == cursor
    }

    /// The next page.
    pub(super) fn page(&mut self, job: &Job<'_, H>) -> Result<ImportPage> {
        loop {
            self.part_by_counts(job);
            self.fill(job);
            let Some(at) = self.oldest() else { return Ok(self.give(job, Vec::new())) };
            if let Some(users) = self.take_in(job, at)? {
                return Ok(self.give(job, users));
            }
        }
    }

    /// Ends what is under way.
    pub(super) fn give_up(self, client: &Client<H>) {
        let requests = self.readings.into_iter().filter_map(|reading| reading.request);
        requests.map(|request| request.pending).chain(self.cells).for_each(|pending| client.discard(pending));
    }

    fn give(&mut self, job: &Job<'_, H>, users: Vec<User>) -> ImportPage {
        let began = self.began.unwrap_or_else(|| job.client.host().now().as_secs());
        let is_last = self.readings.is_empty();
        let ranges = self.readings.iter().map(|reading| reading.open).collect();
        let cursor = Cursor { population: job.population, began, left: Left::Ranges(ranges) };
        self.position = cursor.to_string();
        let next = (!is_last).then(|| self.position.clone());
        let watermark = is_last.then(|| watermark(job.population, began));
        ImportPage { attributes: job.attributes(), users, departed: Vec::new(), next, watermark }
    }

    /// The place of the range that has waited longest.
    fn oldest(&self) -> Option<usize> {
        let numbers = self.readings.iter().enumerate();
        let numbers = numbers.filter_map(|(at, reading)| Some((reading.request.as_ref()?.number, at)));
        numbers.min().map(|(_, at)| at)
    }

    /// Starts as many requests as may be under way.
    fn fill(&mut self, job: &Job<'_, H>) {
        loop {
            let under_way = self.readings.iter().filter(|reading| reading.request.is_some()).count() + self.cells.len();
            if under_way >= job.client.width() {
                return;
            }
            let idle = self.readings.iter().position(Reading::is_idle).or_else(|| self.part_longest(job.limit()));
            let Some(at) = idle else { return };
            self.started += 1;
            // Who reads one range at a time has no use for a count.
            let census = self.began.is_none() && self.readings.len() == 1 && job.client.width() > 1;
            let number = self.started;
            if let Some(reading) = self.readings.get_mut(at) {
                reading.request = Some(ask(job, reading, number, census));
            }
        }
    }

    /// Parts the range that has most users left, and gives the place of its second half.
    fn part_longest(&mut self, limit: u32) -> Option<usize> {
        let last = self.last;
        let open = self.readings.iter_mut().filter(|reading| !reading.waits);
        let longest = open.max_by_key(|reading| reading.unread.map_or(0, |unread| unread.left))?;
        let unread = longest.unread.as_mut().filter(|unread| unread.left > 2 * u64::from(limit))?;
        let second = unread.part(last)?;
        longest.open.end = unread.end;
        self.readings.push(Reading::new(second));
        Some(self.readings.len() - 1)
    }

    /// Takes an answer in. Returns users whose holdings it told.
    fn take_in(&mut self, job: &Job<'_, H>, at: usize) -> Result<Option<Vec<User>>> {
        let Some(request) = self.readings.get_mut(at).and_then(|reading| reading.request.take()) else {
            return Ok(None);
        };
        let Request { pending, users, census, holdings, .. } = request;
        let response = job.client.finish(pending).map_err(|failed| failed.error)?;
        if self.began.is_none() {
            self.began = Some(job.began(&response));
        }
        let count = usize::from(users) + usize::from(census) + holdings.len();
        let answers = composite::answers(&response, count, SUBJECT)?;
        let (read, told) = answers.split_at(usize::from(users));
        let (counted, told) = told.split_at(usize::from(census));
        let mut known = None;
        if let Some(reading) = self.readings.get_mut(at) {
            known = reading.rows.take();
            if let [answer] = read {
                reading.take_users(job, answer)?;
            }
        }
        if let [answer] = counted {
            self.note_census(job, at, answer);
        }
        // What comes next goes out before this is worked on.
        self.fill(job);
        let given = match known {
            Some(rows) => Some(rows.held(job, &holdings, told)?),
            None => None,
        };
        if let Some(reading) = self.readings.get_mut(at) {
            if let Some((last, _)) = &given {
                let read = reading.rows.as_ref().map_or(0, |rows| rows.ids.len() as u64);
                let left = read + reading.unread.map_or(0, |unread| unread.left);
                reading.open = Range { after: Some(*last), left, ..reading.open };
            }
            if reading.is_done() {
                self.readings.remove(at);
            }
        }
        Ok(given.map(|(_, users)| users))
    }

    /// Takes note of how many users there are, and has cells counted if they are many.
    fn note_census(&mut self, job: &Job<'_, H>, at: usize, answer: &Answer<'_>) {
        let Ok(cell) = cell(answer) else { return };
        let (Some(reading), Some(Cell { users, last, .. })) = (self.readings.get_mut(at), cell) else { return };
        let (Some(unread), limit) = (&mut reading.unread, u64::from(job.limit())) else { return };
        unread.left = users.saturating_sub(reading.rows.as_ref().map_or(0, |rows| rows.ids.len() as u64));
        self.last = Some(last);
        let Some(after) = unread.after.filter(|_| unread.left > FEW * limit && job.client.width() > 1) else { return };
        reading.waits = true;
        let requests = COUNTS.min(job.client.width() as u64 - 1);
        let counts: Vec<Select> = ranges::cells(after, last, requests * MOST_QUERIES as u64)
            .into_iter()
            .map(|(after, end)| census(job, &Range { after: Some(after), end: Some(end), left: 0 }))
            .collect();
        for some in counts.chunks(MOST_QUERIES) {
            let reads: Vec<Read<'_>> = some.iter().map(Read::Query).collect();
            self.cells.push(job.client.start(composite::reading(job.client, &reads), SUBJECT));
        }
    }

    /// Parts the users by the counts that were asked for. Where those fail, they are read one page after another.
    fn part_by_counts(&mut self, job: &Job<'_, H>) {
        if self.cells.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.cells);
        // All of them are finished, so that none is left under way.
        let counted: Vec<Result<Vec<Cell>>> = pending.into_iter().map(|pending| counted(job, pending)).collect();
        let cells: Result<Vec<Vec<Cell>>> = counted.into_iter().collect();
        let Some(reading) = self.readings.iter_mut().find(|reading| reading.waits) else { return };
        reading.waits = false;
        let (Some(after), cells) = (reading.unread.and_then(|unread| unread.after), cells) else { return };
        match cells {
            Ok(cells) => {
                let users = reading.unread.map_or(0, |unread| unread.left);
                let parts = (users / (2 * u64::from(job.limit()))).clamp(1, job.client.width() as u64);
                let mut ranges = ranges::plan(after, &cells.concat(), parts).into_iter();
                if let Some(first) = ranges.next() {
                    reading.unread = Some(first);
                    reading.open.end = first.end;
                }
                self.readings.extend(ranges.map(Reading::new));
            }
            Err(error) => {
                let fields = [("reason", error.message.as_str())];
                job.client.host().log(Level::Warn, "the import reads one page after another", &fields);
            }
        }
    }
}

impl<H: Host> Reading<H> {
    /// Takes in users that were read.
    fn take_users(&mut self, job: &Job<'_, H>, answer: &Answer<'_>) -> Result<()> {
        let page = answer.page(SUBJECT)?;
        let Some(unread) = self.unread.take() else { return Ok(()) };
        let mut ids = ids(&page.records)?;
        let read = ids.len();
        // Since it was asked for, a part of the range may have gone to another reading.
        ids.retain(|id| unread.end.is_none_or(|end| *id <= end));
        // Salesforce may give fewer rows than LIMIT and say so by `done`; the rest then follows behind the last id (H).
        let is_end = ids.len() < read || (page.done && read < job.limit() as usize);
        if !is_end {
            // Without progress, the next request would be this one again, for ever.
            let last = ids.last().copied().filter(|last| unread.after != Some(*last));
            let after = Some(last.ok_or_else(|| malformed("a page that is not the last and has no new users"))?);
            self.unread = Some(Range { after, left: unread.left.saturating_sub(read as u64), ..unread });
        }
        if !ids.is_empty() {
            let users =
                page.records.iter().zip(&ids).map(|(record, id)| job.user(record, id)).collect::<Result<_>>()?;
            self.rows = Some(Rows { ids, users });
        }
        Ok(())
    }
}

impl Rows {
    /// The users with what they hold, and the id of the last.
    fn held<H: Host>(self, job: &Job<'_, H>, kinds: &[Kind], answers: &[Answer<'_>]) -> Result<(Id, Vec<User>)> {
        let Self { ids, mut users } = self;
        let mut holdings = Holdings::new(&ids);
        holdings.read(job.client, kinds, answers)?;
        users.iter_mut().zip(&ids).for_each(|(user, id)| holdings.give(*id, user));
        let last = ids.last().copied().ok_or_else(|| malformed("no users where there were some"))?;
        Ok((last, users))
    }
}

/// Asks for the next users of a range, for what those that were read hold, and at the start how many there are.
fn ask<H: Host>(job: &Job<'_, H>, reading: &Reading<H>, number: u64, census: bool) -> Request<H> {
    let users = reading.unread.filter(|_| !reading.waits).map(|unread| {
        let of_range = Select::new("User", &[]).with(&job.fields()).filter(&condition(job, &unread));
        of_range.order_by(ID).limit(job.limit())
    });
    let counted = census.then(|| self::census(job, &reading.open));
    let held = match &reading.rows {
        Some(rows) => holdings::queries(&Who::Range(&rows.ids, job.population), job.schema),
        None => Vec::new(),
    };
    let queries = users.iter().chain(&counted).chain(held.iter().map(|(_, query)| query));
    let reads: Vec<Read<'_>> = queries.map(Read::Query).collect();
    let pending = job.client.start(composite::reading(job.client, &reads), SUBJECT);
    let holdings = held.iter().map(|(kind, _)| *kind).collect();
    Request { number, pending, users: users.is_some(), census, holdings }
}

/// How many users of a range there are, and which are the first and the last.
fn census<H: Host>(job: &Job<'_, H>, range: &Range) -> Select {
    Select::census("User").filter(&condition(job, range))
}

/// The users of a range.
fn condition<H: Host>(job: &Job<'_, H>, range: &Range) -> Condition {
    let mut conditions = vec![has_type("UserType", &job.population.user_types())];
    conditions.extend(range.after.map(|after| Condition::above(ID, Literal::Id(after))));
    conditions.extend(range.end.map(|end| Condition::up_to(ID, Literal::Id(end))));
    Condition::all(&conditions)
}

/// Waits for counts.
fn counted<H: Host>(job: &Job<'_, H>, pending: Pending<H>) -> Result<Vec<Cell>> {
    let response = job.client.finish(pending).map_err(|failed| failed.error)?;
    let cells = composite::parts(&response, SUBJECT)?.iter().map(cell).collect::<Result<Vec<_>>>()?;
    Ok(cells.into_iter().flatten().collect())
}

/// Reads the answer to a [`census`]. Returns `None` if nobody is there.
fn cell(answer: &Answer<'_>) -> Result<Option<Cell>> {
    let page = answer.page(SUBJECT)?;
    let row = page.records.first().ok_or_else(unreadable)?;
    let users = row.number(Select::COUNTED).ok_or_else(unreadable)?;
    let id = |name| row.text(name).and_then(|id| Id::parse(id).ok());
    match (users, id(Select::LEAST), id(Select::GREATEST)) {
        (0, ..) => Ok(None),
        (users, Some(first), Some(last)) => Ok(Some(Cell { users, first, last })),
        _ => Err(unreadable()),
    }
}

fn unreadable() -> Error {
    malformed("a count that can't be read")
}

fn ids(records: &[Record<'_>]) -> Result<Vec<Id>> {
    let id = |record: &Record<'_>| record.text("Id").and_then(|id| Id::parse(id).ok());
    records.iter().map(|record| id(record).ok_or_else(|| malformed("a user without an id"))).collect()
}

impl<H: Host> Job<'_, H> {
    /// Users of one request.
    fn limit(&self) -> u32 {
        self.page_size.clamp(1, LARGEST_PAGE)
    }
}
