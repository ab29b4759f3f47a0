use std::net::Ipv6Addr;

use super::*;
use provisioning_directory::ReadTransaction;

/// A throttle with a directory of its own.
struct Scratch {
    _folder: tempfile::TempDir,
    throttle: Throttle,
}

fn throttle() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let throttle = Throttle::of(&Directory::open(folder.path()).unwrap());
    Scratch { _folder: folder, throttle }
}

impl Scratch {
    fn wait(&self, one: Try<'_>, now: Timestamp) -> Option<Duration> {
        self.throttle.wait(one, now).unwrap()
    }

    fn pause(&self, one: Try<'_>) -> Duration {
        self.throttle.pause(one).unwrap()
    }

    fn fail(&self, one: Try<'_>, now: Timestamp) {
        self.throttle.fail(one, now).unwrap();
    }

    fn succeed(&self, one: Try<'_>) {
        self.throttle.succeed(one).unwrap();
    }
}

const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

const SECOND: Duration = Duration::from_secs(1);

fn address(number: u32) -> IpAddr {
    std::net::Ipv4Addr::from_bits(0x0A00_0000 + number).into()
}

fn from(address: IpAddr, name: &str) -> Try<'_> {
    Try { address, name, browser: None }
}

#[test]
fn the_sixth_failure_from_a_place_is_the_first_to_cost_a_wait_and_each_further_one_doubles_it() {
    let throttle = throttle();
    let now = Timestamp::now();
    let waits = [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900];
    for (tries, seconds) in waits.into_iter().enumerate() {
        throttle.fail(from(ADDRESS, "ada"), now);
        let expected = (seconds > 0).then(|| seconds * SECOND);
        assert_eq!(throttle.wait(from(ADDRESS, "ADA"), now), expected, "after {} failures", tries + 1);
    }
    assert_eq!(throttle.wait(from(ADDRESS, "ada"), now.after(899 * SECOND)), Some(SECOND));
    assert_eq!(throttle.wait(from(ADDRESS, "ada"), now.after(900 * SECOND)), None);
    assert_eq!(throttle.wait(from(ADDRESS, "grace"), now), None);
    throttle.succeed(from(ADDRESS, "Ada"));
    assert_eq!(throttle.wait(from(ADDRESS, "ada"), now), None);
    throttle.fail(from(ADDRESS, "ada"), now);
    assert_eq!(throttle.wait(from(ADDRESS, "ada"), now), None, "it is the first failure again");
}

#[test]
fn guesses_at_a_name_from_many_places_share_one_budget() {
    let throttle = throttle();
    let (start, mut now) = (Timestamp::now(), Timestamp::now());
    let mut guesses = 0;
    // From 60 addresses, each of which tries again within five seconds of when it may, for an hour.
    while now < start.after(3_600 * SECOND) {
        for number in 0..60 {
            if throttle.wait(from(address(number), "ada"), now).is_none() {
                throttle.fail(from(address(number), "ada"), now);
                guesses += 1;
            }
        }
        now = now.after(5 * SECOND);
    }
    println!("guesses at a name from 60 addresses in an hour: {guesses}");
    assert!((60..=75).contains(&guesses), "{guesses}");
    assert_eq!(throttle.wait(from(address(77), "grace"), now), None, "another name has its own");
}

#[test]
fn strangers_keep_nobody_out_who_has_signed_in_before() {
    let throttle = throttle();
    let now = Timestamp::now();
    for number in 0..200 {
        throttle.fail(from(address(number), "ada"), now);
    }
    let known = Try { address: address(1), name: "ada", browser: Some("b1") };
    assert_eq!((throttle.wait(known, now), throttle.pause(known)), (None, Duration::ZERO));
    assert_eq!(
        throttle.wait(from(address(999), "ada"), now),
        Some(60 * SECOND),
        "a stranger waits a minute at the most"
    );
    // Such a browser guesses no faster than anybody else.
    (0..6).for_each(|_| throttle.fail(known, now));
    assert_eq!(throttle.wait(known, now), Some(2 * SECOND));
}

#[test]
fn nobody_is_locked_out_by_where_they_come_from() {
    let throttle = throttle();
    let now = Timestamp::now();
    for number in 0..500 {
        throttle.fail(from(ADDRESS, &format!("name-{number}")), now);
    }
    assert_eq!(throttle.wait(from(ADDRESS, "ada"), now), None);
    assert_eq!(throttle.pause(from(ADDRESS, "ada")), 2 * SECOND);
    assert_eq!(throttle.pause(from(address(1), "ada")), Duration::ZERO);
}

#[test]
fn an_ipv6_network_is_one_place() {
    let throttle = throttle();
    let now = Timestamp::now();
    let of = |network: u16, host: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host));
    for host in 0..6 {
        throttle.fail(from(of(1, host), "ada"), now);
    }
    assert_eq!(throttle.wait(from(of(1, 99), "ada"), now), Some(2 * SECOND));
    assert_eq!(throttle.wait(from(of(2, 99), "ada"), now), None);
}

#[test]
fn failures_are_forgotten_a_quarter_of_an_hour_after_the_last_wait() {
    for (idle, waits) in [(900 * SECOND, true), (900 * SECOND + Duration::from_millis(1), false)] {
        let throttle = throttle();
        let start = Timestamp::now();
        for _ in 0..6 {
            throttle.fail(from(ADDRESS, "ada"), start);
        }
        let now = start.after(2 * SECOND + idle);
        throttle.fail(from(ADDRESS, "ada"), now);
        assert_eq!(throttle.wait(from(ADDRESS, "ada"), now), waits.then_some(4 * SECOND), "{idle:?}");
    }
}

#[test]
fn names_are_told_apart_by_their_first_64_characters() {
    let throttle = throttle();
    let now = Timestamp::now();
    let (same, other) = ("é".repeat(64), "é".repeat(63));
    for number in 0..6 {
        throttle.fail(from(ADDRESS, &format!("{same}{number}")), now);
    }
    assert_eq!(throttle.wait(from(ADDRESS, &same), now), Some(2 * SECOND));
    assert_eq!(throttle.wait(from(ADDRESS, &other), now), None);
}

#[test]
fn a_flood_of_names_does_not_make_the_console_forget_who_has_to_wait() {
    let throttle = throttle();
    let now = Timestamp::now();
    for _ in 0..8 {
        throttle.fail(from(ADDRESS, "ada"), now);
    }
    // Three keys each: the flood alone is more than is remembered.
    for number in 0..1_044 {
        throttle.fail(from(address(number), &format!("name-{number}")), now);
    }
    let remembered = |view: &ReadTransaction<'_>| view.count_sign_in_failures();
    assert_eq!(throttle.throttle.directory.read(remembered).unwrap(), 2_048);
    assert_eq!(throttle.wait(from(ADDRESS, "ada"), now), Some(8 * SECOND));
}

#[test]
fn hosts_of_one_directory_count_together() {
    let one = throttle();
    let other = Throttle::of(&one.throttle.directory);
    let now = Timestamp::now();
    for _ in 0..3 {
        one.fail(from(ADDRESS, "ada"), now);
        other.fail(from(ADDRESS, "ada"), now).unwrap();
    }
    assert_eq!(other.wait(from(ADDRESS, "ada"), now).unwrap(), Some(2 * SECOND));
}
