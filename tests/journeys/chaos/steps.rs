//! What can happen.

use proptest::prelude::*;

/// Numbers of people, and of the names that go round among them.
pub(crate) const PEOPLE: u8 = 4;
pub(crate) const NAMES: u8 = 5;

/// Requests of a job at which something may happen.
const REQUESTS: u32 = 16;

/// What is wanted of a person.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Intent {
    /// Added where it is not there, put into use and assigned.
    Hire {
        person: u8,
        name: u8,
    },
    Assign {
        person: u8,
    },
    Unassign {
        person: u8,
    },
    Status {
        person: u8,
        active: bool,
    },
    Rename {
        person: u8,
        name: u8,
    },
    Title {
        person: u8,
        title: Option<u8>,
    },
    Federation {
        person: u8,
        id: Option<u8>,
    },
    Unlink {
        person: u8,
    },
    Remove {
        person: u8,
    },
}

/// A job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job {
    Push,
    Import,
    /// A plan, and its application.
    Plan,
}

/// What happens at a request of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// The job ends with its process, while the request is on its way.
    Kill { request: u32 },
    /// The connection breaks before anything is done.
    Drop { request: u32 },
    /// It was done, and the answer is lost.
    LoseAnswer { request: u32 },
    /// It was done, and the answer is cut off.
    ShortenAnswer { request: u32 },
    /// A gateway says 503, before the work or behind it.
    Gateway { request: u32, done: bool },
    /// The organization refuses the records.
    Refuse { request: u32 },
    /// Somebody wants something else meanwhile.
    Meanwhile { request: u32, intent: Intent },
    /// And the process ends on top.
    MeanwhileAndKill { request: u32, intent: Intent },
}

/// What the organization's own admin does to the user of a person.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Deactivate,
    Freeze,
    Rename { name: u8 },
    Title,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Intent(Intent),
    Job { job: Job, cut: Option<Cut> },
    Edit { person: u8, edit: Edit },
}

fn intent() -> impl Strategy<Value = Intent> {
    let person = || 0..PEOPLE;
    let name = || 0..NAMES;
    prop_oneof![
        5 => (person(), name()).prop_map(|(person, name)| Intent::Hire { person, name }),
        1 => person().prop_map(|person| Intent::Assign { person }),
        3 => person().prop_map(|person| Intent::Unassign { person }),
        2 => (person(), any::<bool>()).prop_map(|(person, active)| Intent::Status { person, active }),
        3 => (person(), name()).prop_map(|(person, name)| Intent::Rename { person, name }),
        2 => (person(), proptest::option::of(0u8..3)).prop_map(|(person, title)| Intent::Title { person, title }),
        1 => (person(), proptest::option::of(0u8..3)).prop_map(|(person, id)| Intent::Federation { person, id }),
        1 => person().prop_map(|person| Intent::Unlink { person }),
        2 => person().prop_map(|person| Intent::Remove { person }),
    ]
}

fn cut() -> impl Strategy<Value = Cut> {
    let request = || 0..REQUESTS;
    prop_oneof![
        4 => request().prop_map(|request| Cut::Kill { request }),
        1 => request().prop_map(|request| Cut::Drop { request }),
        2 => request().prop_map(|request| Cut::LoseAnswer { request }),
        1 => request().prop_map(|request| Cut::ShortenAnswer { request }),
        1 => (request(), any::<bool>()).prop_map(|(request, done)| Cut::Gateway { request, done }),
        1 => request().prop_map(|request| Cut::Refuse { request }),
        3 => (request(), intent()).prop_map(|(request, intent)| Cut::Meanwhile { request, intent }),
        2 => (request(), intent()).prop_map(|(request, intent)| Cut::MeanwhileAndKill { request, intent }),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let job = prop_oneof![5 => Just(Job::Push), 2 => Just(Job::Import), 1 => Just(Job::Plan)];
    let edit = prop_oneof![
        Just(Edit::Deactivate),
        Just(Edit::Freeze),
        (0..NAMES).prop_map(|name| Edit::Rename { name }),
        Just(Edit::Title),
    ];
    prop_oneof![
        5 => intent().prop_map(Step::Intent),
        4 => (job, proptest::option::weighted(0.7, cut())).prop_map(|(job, cut)| Step::Job { job, cut }),
        1 => (0..PEOPLE, edit).prop_map(|(person, edit)| Step::Edit { person, edit }),
    ]
}
