//! Every operation, struck at every one of its calls: an overload, a connection that is cut before or after the work, and an answer
//! that is cut; once, and some of them from there on until the org is sound again.
//!
//! Nobody gets a second user or contact, what fails says so in words that are true, and once the org is sound the same operation
//! completes what is missing and then finds nothing to write.

use std::cell::RefCell;
use std::rc::Rc;

use salesforce_emulator::{Effect, ErrorBody, Fault, When};
use salesforce_portal_connector::model::{
    Action, Deactivation, DesiredUser, Error, ErrorKind, ImportQuery, ImportScope, Outcome, Probe, PushMode, Result,
    Retry, Status, User, Verdict,
};
use salesforce_portal_connector::operations::{Session, describe, test_credentials};

use crate::ledger::Kept;
use crate::support::{Native, Org, grant, person, secret, set, unless_dropped, writes};

const RENAMES: [(&str, &str); 1] = [("rename-on-deactivation", "true")];
const PLUS: &str = "Customer Community Plus";
const CONTENT: &str = "UserPermissionsSFContentUser";

/// What strikes, from one of the calls on, with what it is called.
fn strikes(calls: usize) -> Vec<(String, Fault)> {
    let effects = [
        ("a 503", Effect::ServerError { status: 503, body: ErrorBody::Json, when: When::BeforeWork }),
        (
            "a page of a gateway behind the work",
            Effect::ServerError { status: 502, body: ErrorBody::Html, when: When::AfterWork },
        ),
        ("a cut before the work", Effect::DropConnection { when: When::BeforeWork }),
        ("a cut behind the work", Effect::DropConnection { when: When::AfterWork }),
        ("a cut answer", Effect::CutBody { bytes: 5 }),
    ];
    let mut strikes = Vec::new();
    for call in 0..calls {
        for (name, effect) in &effects {
            let lasts = matches!(effect, Effect::ServerError { .. } | Effect::DropConnection { when: When::AfterWork });
            for (times, how_often) in [(1, "once"), (u32::MAX, "for good")] {
                if times > 1 && !lasts {
                    continue;
                }
                let skip = u32::try_from(call).unwrap();
                let fault = Fault::new(effect.clone()).skip(skip).times(times);
                strikes.push((format!("{name} at call {call}, {how_often}"), fault));
            }
        }
    }
    strikes
}

/// Runs a piece of work in a faulty org, which is sound again afterwards.
fn struck<T>(org: &Org, case: &str, fault: &Fault, work: impl FnOnce() -> T) -> T {
    org.emulator.inject(fault.clone());
    let done = work();
    let is_met = org.emulator.faults().iter().all(|waiting| waiting.fault.times < fault.times);
    org.emulator.clear_faults();
    assert!(is_met, "{case}: no call met it");
    done
}

/// How many calls a piece of work makes.
fn calls<T>(org: &Org, work: impl FnOnce() -> T) -> usize {
    let (_, journal) = org.observe(work);
    assert!(!journal.is_empty());
    journal.len()
}

/// Holds that an error says what a fault comes to: that it will pass.
fn is_passing(case: &str, error: &Error) {
    assert!(matches!(error.kind, ErrorKind::Transient | ErrorKind::Unreachable), "{case}: {error:?}");
    assert!(matches!(error.retry, Retry::After(_) | Retry::AtOnce), "{case}: {error:?}");
    let words = [
        "a web page ",
        "no answer for ",
        "Salesforce refused ",
        "is overloaded",
        "cut off",
        "could not be dealt with",
        "unavailable",
    ];
    assert!(words.iter().any(|words| error.message.contains(words)), "{case}: {error:?}");
}

/// An operation that only reads gives all that it gives in a sound org, or an error.
fn reads<T: PartialEq + std::fmt::Debug>(org: &Org, what: &str, read: impl Fn() -> Result<T>) {
    let sound = read();
    let (mut failed, mut done) = (0, 0);
    for (case, fault) in strikes(calls(org, &read)) {
        let case = format!("{what}, {case}");
        match struck(org, &case, &fault, &read) {
            Ok(given) => {
                assert_eq!(Ok(given), sound, "{case}");
                done += 1;
            }
            Err(error) => {
                is_passing(&case, &error);
                failed += 1;
                assert_eq!(read(), sound, "{case}, and then healed");
            }
        }
    }
    assert!(failed > 0 && done > 0, "{what}: {failed} failed and {done} didn't");
}

fn open(org: &Org, more: &[(&str, &str)]) -> Result<Session<Native>> {
    Session::open(Native::new(), org.settings_with(more))
}

#[test]
fn a_description_needs_no_call_and_lists_are_whole_or_an_error() {
    let org = Org::start(3, 991);
    let (_, journal) = org.observe(describe);
    assert!(journal.is_empty());
    reads(&org, "list-attributes", || open(&org, &[])?.list_attributes());
    for kind in ["role", "feature-license"] {
        reads(&org, kind, || open(&org, &[])?.list_entitlements(kind, None));
    }
}

#[test]
fn probes_that_cannot_be_tried_are_told_as_failed_and_pass_again() {
    let org = Org::start(3, 993);
    let probe = || test_credentials(Native::new(), org.settings());
    let verdicts = |probes: &[Probe]| probes.iter().map(|one| (one.name, one.verdict)).collect::<Vec<_>>();
    let sound = verdicts(&probe());
    assert!(sound.iter().all(|(_, verdict)| *verdict == Verdict::Passed), "{sound:?}");
    let mut failed = 0;
    for (case, fault) in strikes(calls(&org, probe)) {
        let probes = struck(&org, &case, &fault, probe);
        assert_eq!(probes.len(), sound.len(), "{case}");
        for probe in probes.iter().filter(|probe| probe.verdict == Verdict::Failed) {
            failed += 1;
            assert!(probe.kind.is_some() && probe.remedy.is_some() && probe.detail.ends_with('.'), "{case}: {probe:?}");
        }
        // What could not be tried is never told as passed.
        if probes.iter().all(|probe| probe.verdict == Verdict::Passed) {
            assert!(case.ends_with("once"), "{case}");
        }
        assert_eq!(verdicts(&probe()), sound, "{case}, and then healed");
    }
    assert!(failed > 0);
}

/// People of whom each case gets one of its own, with a permission set and a group.
struct People<'a> {
    org: &'a Org,
    profile: String,
    grants: Vec<(&'static str, String)>,
    made: usize,
}

impl<'a> People<'a> {
    fn of(org: &'a Org) -> Self {
        for seats in [PLUS, CONTENT.trim_start_matches("UserPermissions")] {
            assert!(org.emulator.set_licence_seats(seats, 10_000).unwrap(), "{seats}");
        }
        let grants = vec![
            ("permission-set", org.id("PermissionSet", "Name = 'Portal_Case_Access'")),
            ("public-group", org.id("Group", "DeveloperName = 'Priority_Customers'")),
        ];
        Self { profile: org.profile("Customer Community Plus User"), org, grants, made: 0 }
    }

    /// With a feature licence, too, for which a push asks what the org has.
    fn with_feature(org: &'a Org) -> Self {
        let mut people = Self::of(org);
        people.grants.push(("feature-license", CONTENT.to_owned()));
        people
    }

    fn next(&mut self) -> DesiredUser {
        self.made += 1;
        let mut person = person(&format!("Person{}", self.made), &self.profile);
        person.grants.extend(self.grants.iter().map(|(kind, id)| grant(kind, id)));
        person
    }

    /// So many who have users already, with the ids of those.
    fn known(&mut self, count: usize) -> Vec<(DesiredUser, String)> {
        let people: Vec<DesiredUser> = (0..count).map(|_| self.next()).collect();
        let made = self.org.session().push_users(&people, &PushMode::Apply).unwrap();
        people.into_iter().zip(made).map(|(person, made)| (person, made.unwrap().id.unwrap())).collect()
    }

    fn first_known(&mut self) -> (DesiredUser, String) {
        self.known(1).remove(0)
    }
}

/// How many users and contacts somebody has.
fn records(org: &Org, person: &DesiredUser) -> (usize, usize) {
    let name = &person.username;
    (org.count(&format!("User WHERE Username = '{name}'")), org.count(&format!("Contact WHERE Email = '{name}'")))
}

fn push(org: &Org, kept: &Rc<RefCell<Kept>>, person: &DesiredUser) -> Result<Outcome> {
    let session = Session::open(Native::keeping(kept), org.settings())?;
    session.push_users(std::slice::from_ref(person), &PushMode::Apply)?.remove(0)
}

/// Runs an operation in a sound org, which completes it, and again, which writes nothing.
fn completes(org: &Org, case: &str, work: impl Fn() -> Result<Outcome>) {
    let healed = work();
    assert!(healed.is_ok(), "{case}, and then healed: {healed:?}");
    let (again, journal) = org.observe(&work);
    let again = again.unwrap();
    assert_eq!((again.action, &again.changes), (Action::Unchanged, &Vec::new()), "{case}, and then again");
    assert_eq!(writes(&journal), Vec::<String>::new(), "{case}, and then again");
}

#[test]
fn a_new_person_gets_one_user_and_one_contact_whatever_strikes() {
    let org = Org::start(3, 994);
    let mut people = People::of(&org);
    let first = people.next();
    let count = calls(&org, || push(&org, &Kept::new(), &first).unwrap());
    let (mut whole, mut half) = (0, 0);
    for (case, fault) in strikes(count) {
        let person = people.next();
        let kept = Kept::new();
        let result = struck(&org, &case, &fault, || push(&org, &kept, &person));
        let left = records(&org, &person);
        match result {
            Ok(outcome) => assert_eq!((outcome.action, left), (Action::Created, (1, 1)), "{case}"),
            Err(error) => {
                is_passing(&case, &error);
                // What may be there is told, and nothing is told that isn't.
                let told = ["may have been made", "has been made", "could not be deleted again"];
                let is_told = told.iter().any(|words| error.message.contains(words));
                assert!(left == (0, 0) || is_told, "{case}: {left:?} and {error:?}");
                assert!(left.0 == 1 || !error.message.contains("itself has been made"), "{case}: {error:?}");
                whole += usize::from(left == (1, 1));
                half += usize::from(left == (0, 1));
            }
        }
        completes(&org, &case, || push(&org, &kept, &person));
        assert_eq!(records(&org, &person), (1, 1), "{case}");
        assert!(kept.borrow().undecided.is_empty(), "{case}");
        let id = org.id("User", &format!("Username = '{}'", person.username));
        assert_eq!(kept.borrow().user_of(&person.key), Some(id.clone()), "{case}");
        assert_eq!(org.count(&format!("GroupMember WHERE UserOrGroupId = '{id}'")), 1, "{case}");
    }
    assert!(whole > 0 && half > 0, "{whole} users and {half} contacts were left by what failed");
}

#[test]
fn a_changed_person_gets_every_change_once_whatever_strikes() {
    let org = Org::start(3, 995);
    let mut people = People::with_feature(&org);
    let changed = |(mut person, id): (DesiredUser, String)| {
        person.id = Some(id);
        person.changes.push(set("title", "Countess"));
        // The set and the group go, and so does the licence.
        person.grants.truncate(1);
        person.exact_grants = true;
        person
    };
    let first = changed(people.first_known());
    let strikes = strikes(calls(&org, || push(&org, &Kept::new(), &first).unwrap()));
    for ((case, fault), known) in strikes.iter().zip(people.known(strikes.len())) {
        let person = changed(known);
        let kept = Kept::new();
        match struck(&org, case, fault, || push(&org, &kept, &person)) {
            Ok(outcome) => assert_eq!((outcome.action, outcome.changes.len()), (Action::Updated, 5), "{case}"),
            Err(error) => is_passing(case, &error),
        }
        completes(&org, case, || push(&org, &kept, &person));
        assert_eq!(records(&org, &person), (1, 1), "{case}");
        let id = person.id.as_deref().unwrap();
        let user = format!(
            "User WHERE Id = '{id}' AND Title = 'Countess' AND Contact.Title = 'Countess' AND {CONTENT} = false"
        );
        assert_eq!(org.count(&user), 1, "{case}");
        assert_eq!(org.count(&format!("GroupMember WHERE UserOrGroupId = '{id}'")), 0, "{case}");
    }
}

fn deactivate(org: &Org, id: &str, how: Deactivation) -> Result<Outcome> {
    open(org, &RENAMES)?.deactivate_users(&[id.to_owned()], how, &PushMode::Apply)?.remove(0)
}

fn reactivate(org: &Org, id: &str) -> Result<Outcome> {
    open(org, &RENAMES)?.reactivate_users(&[id.to_owned()], &PushMode::Apply)?.remove(0)
}

/// All pages of an import.
fn imported(session: &Session<Native>, scope: &ImportScope, page_size: u32) -> Result<Vec<User>> {
    let (mut users, mut scope) = (Vec::new(), scope.clone());
    loop {
        let query = ImportQuery { scope, page_size, attributes: Vec::new(), grants: true };
        let page = session.import_users(&query)?;
        users.extend(page.users);
        match page.next {
            Some(next) => scope = ImportScope::Resume(next),
            None => return Ok(users),
        }
    }
}

#[test]
fn imports_give_every_user_or_an_error() {
    let org = Org::start(1, 992);
    let known = People::with_feature(&org).known(3);
    deactivate(&org, &known[2].1, Deactivation::Freeze).unwrap();
    let portal_users = org.count("User WHERE ContactId != null");
    let half = u32::try_from(portal_users / 2 + 1).unwrap();
    let holds = |what: &str, users: &[User]| {
        assert_eq!(users.len(), portal_users, "{what}");
        // What they hold stands in answers of its own, which nobody misses who holds nothing.
        assert!(users.iter().any(|user| user.status == Status::Frozen), "{what}");
        for kind in ["permission-set", "public-group", "feature-license"] {
            let has = |user: &&User| user.grants.iter().any(|grant| grant.kind == kind);
            assert!(users.iter().filter(has).count() >= known.len(), "{what}: {kind}");
        }
    };
    let full = || imported(&open(&org, &[])?, &ImportScope::Full, half);
    holds("a full import", &full().unwrap());
    reads(&org, "a full import", full);
    // Within a session, which knows the schema.
    let (session, since) = (open(&org, &[]).unwrap(), ImportScope::Since("3.since.15.0".to_owned()));
    let changes = || imported(&session, &since, half);
    holds("an import of changes", &changes().unwrap());
    reads(&org, "an import of changes", changes);
}

#[test]
fn a_leaver_is_out_of_use_and_comes_back_whatever_strikes() {
    let ways = [
        (Deactivation::Deactivate, "IsActive = false AND ContactId != null"),
        (Deactivation::Freeze, "IsActive = true"),
        (Deactivation::DeactivateOrFreeze, "IsActive = false AND ContactId != null"),
        (Deactivation::Unlink, "IsActive = false AND ContactId = null"),
    ];
    for (how, state) in ways {
        let org = Org::start(3, 996);
        let mut people = People::of(&org);
        let (_, first) = people.first_known();
        let leaving = strikes(calls(&org, || deactivate(&org, &first, how).unwrap()));
        let mut gone = people.known(leaving.len());
        for ((case, fault), (_, id)) in leaving.iter().zip(&gone) {
            let case = format!("{how:?}, {case}");
            if let Err(error) = struck(&org, &case, fault, || deactivate(&org, id, how)) {
                is_passing(&case, &error);
            }
            completes(&org, &case, || deactivate(&org, id, how));
            assert_eq!(org.count(&format!("User WHERE Id = '{id}' AND {state}")), 1, "{case}");
            let is_frozen = org.count(&format!("UserLogin WHERE UserId = '{id}' AND IsFrozen = true")) == 1;
            assert_eq!(is_frozen, how == Deactivation::Freeze, "{case}");
        }
        if how == Deactivation::Unlink {
            continue;
        }
        let returning = strikes(calls(&org, || reactivate(&org, &first).unwrap()));
        let more = people.known(returning.len().saturating_sub(gone.len()));
        for (_, id) in &more {
            deactivate(&org, id, how).unwrap();
        }
        gone.extend(more);
        for ((case, fault), (person, id)) in returning.iter().zip(&gone) {
            let case = format!("back from {how:?}, {case}");
            if let Err(error) = struck(&org, &case, fault, || reactivate(&org, id)) {
                is_passing(&case, &error);
            }
            completes(&org, &case, || reactivate(&org, id));
            let back = format!("User WHERE Id = '{id}' AND IsActive = true AND Username = '{}'", person.username);
            assert_eq!(org.count(&back), 1, "{case}");
            assert_eq!(org.count(&format!("UserLogin WHERE UserId = '{id}' AND IsFrozen = true")), 0, "{case}");
        }
    }
}

#[test]
fn a_password_is_set_or_told_as_open_whatever_strikes() {
    let org = Org::start(3, 997);
    let mut people = People::of(&org);
    let sync = |id: &str, password: &str| {
        open(&org, &[("verify-passwords", "true")])?.sync_passwords(&[(id.to_owned(), secret(password))])?.remove(0)
    };
    let (_, first) = people.first_known();
    let strikes = strikes(calls(&org, || sync(&first, "enigma-1843-x").unwrap()));
    for ((case, fault), (person, id)) in strikes.iter().zip(people.known(strikes.len())) {
        let password = format!("enigma-{}-x", person.key);
        let result = struck(&org, case, fault, || sync(&id, &password));
        let is_set = org.emulator.check_password(&person.username, &password);
        match result {
            Ok(()) => assert!(is_set, "{case}"),
            Err(error) => {
                let told = ["may have been set all the same", "has been set, but signing in to the portal"];
                assert!(!is_set || told.iter().any(|words| error.message.contains(words)), "{case}: {error:?}");
                assert!(is_set || !error.message.contains("has been set, but"), "{case}: {error:?}");
                assert!(matches!(error.retry, Retry::After(_)), "{case}: {error:?}");
            }
        }
        // Salesforce takes no password twice (H), so the second time it is the portal that says whether it is set.
        assert_eq!(sync(&id, &password), Ok(()), "{case}, and then healed");
        assert!(org.emulator.check_password(&person.username, &password), "{case}");
    }
}

/// Pushes somebody until this many calls were made, as a host that is killed then.
fn cut_off(org: &Org, kept: &Rc<RefCell<Kept>>, person: &DesiredUser, requests: u64) {
    let host = Native::keeping(kept);
    host.lose_answer_after(requests);
    let cut = unless_dropped(|| {
        let session = Session::open(host, org.settings()).unwrap();
        session.push_users(std::slice::from_ref(person), &PushMode::Apply).map(|_| ())
    });
    assert_eq!(cut, None);
}

#[test]
fn what_a_push_has_left_is_taken_back_whatever_strikes() {
    let org = Org::start(3, 998);
    let mut people = People::of(&org);
    let first = people.next();
    let requests = calls(&org, || push(&org, &Kept::new(), &first).unwrap());
    // Cut off when the answer to the contact would come, and the one to the user.
    let cuts: Vec<u64> = (0..requests as u64)
        .filter(|at| {
            let (person, kept) = (people.next(), Kept::new());
            cut_off(&org, &kept, &person, *at);
            !kept.borrow().abandoned().is_empty()
        })
        .collect();
    assert_eq!(cuts.len(), 2, "{cuts:?}");
    for cut in cuts {
        let abandoned = |people: &mut People<'_>| {
            let (person, kept) = (people.next(), Kept::new());
            cut_off(&org, &kept, &person, cut);
            let abandoned = kept.borrow().abandoned();
            (person, kept, abandoned)
        };
        let take_back = |kept: &Rc<RefCell<Kept>>, left: &[_]| {
            let session = Session::open(Native::keeping(kept), org.settings())?;
            session.take_back_users(left, Deactivation::Deactivate, &PushMode::Apply)?.remove(0)
        };
        let (_, kept, left) = abandoned(&mut people);
        let count = calls(&org, || take_back(&kept, &left).unwrap());
        for (case, fault) in strikes(count) {
            let case = format!("cut off at request {cut}, {case}");
            let (person, kept, left) = abandoned(&mut people);
            let before = records(&org, &person);
            if let Err(error) = struck(&org, &case, &fault, || take_back(&kept, &left)) {
                is_passing(&case, &error);
            }
            completes(&org, &case, || take_back(&kept, &left));
            let name = &person.username;
            assert_eq!(org.count(&format!("User WHERE Username = '{name}' AND IsActive = true")), 0, "{case}");
            // A contact whose user is there stays.
            assert_eq!(records(&org, &person), (before.0, before.0), "{case}");
        }
    }
}
