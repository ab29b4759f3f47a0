//! Three hosts of one PostgreSQL database, of which one after another is killed, stopped for longer than its leases last, or cut off
//! from the database. The organizations end as if nothing had happened, and nobody has worked for a tenant beside another.
//!
//! Needs a server (`scripts/postgres.sh`). The sizes are small by default; `PROVISIONING_SOAK=1` takes those of a real installation.

mod journal;
mod process;
mod proxy;
mod world;

use std::time::{Duration, Instant};

use self::process::Host;
use self::world::{Lease, World};

/// How much is done, how often something happens to a host, and how long leases last.
pub(super) struct Size {
    tenants: usize,
    /// People that each tenant gets before each blow.
    people: usize,
    /// How often each kind of blow falls.
    turns: usize,
    heartbeat: Duration,
    lease: Duration,
    /// How long the hosts have for what is left after the last blow.
    rest: Duration,
}

fn size() -> Size {
    if std::env::var_os("PROVISIONING_SOAK").is_some() {
        let (heartbeat, lease) = (Duration::from_secs(15), Duration::from_secs(60));
        Size { tenants: 200, people: 5, turns: 3, heartbeat, lease, rest: Duration::from_secs(1_800) }
    } else {
        let (heartbeat, lease) = (Duration::from_secs(1), Duration::from_secs(4));
        Size { tenants: 12, people: 2, turns: 1, heartbeat, lease, rest: Duration::from_secs(240) }
    }
}

/// What happens to a host.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// It is killed (SIGKILL), and another one is started in its place.
    Kill,
    /// It is stopped (SIGSTOP) for longer than its leases last, and goes on.
    Pause,
    /// Its connections to the database are cut, and it gets no new ones for longer than its leases last. It still reaches the
    /// organizations.
    Cut,
    /// The database's server is started again.
    Restart,
}

/// What a dead host's tenant waits for beside its lease: another host's next look.
const LOOK: Duration = Duration::from_secs(15);

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// Below `end`.
    fn roll(&mut self, end: usize) -> usize {
        // The constants of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn of_three_hosts_one_after_another_fails_and_every_tenant_is_served_once() {
    if test_database::server().is_none() {
        return;
    }
    let size = size();
    let mut world = World::new(&size);
    let mut hosts: Vec<Host> = (0..3).map(|number| world.start_host(number, &size)).collect();
    let mut dice = Dice(17);
    let (mut orphans, mut waited) = (0, Duration::ZERO);
    let blows = [Blow::Kill, Blow::Pause, Blow::Cut];
    let mut rounds: Vec<Blow> = (0..size.turns).flat_map(|_| blows).collect();
    rounds.insert(rounds.len() - 1, Blow::Restart);
    for (round, blow) in rounds.into_iter().enumerate() {
        world.ask_for_work(round, size.people);
        // In the middle of it: one of those that are at work.
        let at_work = |world: &World| -> Vec<usize> {
            let leases = world.leases();
            (0..hosts.len()).filter(|number| leases.iter().any(|lease| hosts[*number].holds(lease))).collect()
        };
        world.wait("two hosts to work", |world| at_work(world).len() > 1);
        let working = at_work(&world);
        let number = if working.is_empty() { dice.roll(hosts.len()) } else { working[dice.roll(working.len())] };
        let before: Vec<Lease> = world.leases().into_iter().filter(|lease| hosts[number].holds(lease)).collect();
        let at = Instant::now();
        match blow {
            Blow::Kill => {
                hosts[number].kill();
                let (found, longest) = world.wait_for_heirs(&before, at, size.heartbeat, size.lease + LOOK);
                orphans += found;
                waited = waited.max(longest);
                hosts[number] = world.start_host(number, &size);
            }
            Blow::Pause => {
                hosts[number].pause();
                let (found, longest) = world.wait_for_heirs(&before, at, size.heartbeat, size.lease + LOOK);
                orphans += found;
                waited = waited.max(longest);
                std::thread::sleep((size.lease + size.heartbeat).saturating_sub(at.elapsed()));
                hosts[number].go_on();
            }
            Blow::Cut => {
                hosts[number].cut();
                let (found, longest) = world.wait_for_heirs(&before, at, size.heartbeat, size.lease + LOOK);
                orphans += found;
                waited = waited.max(longest);
                std::thread::sleep((size.lease + size.heartbeat).saturating_sub(at.elapsed()));
                hosts[number].mend();
            }
            Blow::Restart => world.restart_database(),
        }
        println!("{blow:?} of host {number}, which worked for {} tenants: {:?}", before.len(), at.elapsed());
        for host in &mut hosts {
            host.must_run();
        }
    }
    world.wait_for_the_end(size.rest);
    let said: Vec<String> = hosts.into_iter().map(Host::end).collect();
    assert!(orphans > 0, "no blow fell on a host that worked for a tenant");

    let people = world.people_once_and_as_wanted();
    let jobs = journal::one_job_at_a_time(&world);
    // Hosts that lost their leases have noticed it.
    let noticed = said.iter().filter(|said| said.contains("silent for longer than its lease lasts")).count();
    assert!(noticed > 0, "no host has noticed that it had lost a lease");
    println!(
        "{people} people of {} tenants; {jobs} jobs, none beside another of its tenant; {orphans} tenants of hosts that had gone were \
         taken over, the last after {waited:?} (leases last {:?}); {noticed} hosts noticed that they had lost one",
        size.tenants, size.lease
    );
}
