use super::*;

fn policy(rules: &[&str], loopback: &[u16]) -> EgressPolicy {
    EgressPolicy { allow: rules.iter().map(|rule| rule.parse().unwrap()).collect(), loopback: loopback.to_vec() }
}

fn verdict(policy: &EgressPolicy, url: &str) -> &'static str {
    match policy.allows(&Url::parse(url).unwrap()) {
        Ok(()) => "allowed",
        Err(Refusal::NotListed { .. }) => "not listed",
        Err(Refusal::NotHttps { .. }) => "not https",
        Err(Refusal::Loopback { .. }) => "loopback",
        Err(Refusal::BareAddress { .. }) => "bare address",
        Err(Refusal::PrivateAddress { .. }) => "private",
        Err(Refusal::NoHost) => "no host",
    }
}

#[test]
fn requests_pass_only_where_a_rule_names_the_host() {
    let listed = policy(&["login.example.com", "*.my.example.com", "other.example.com:8443"], &[]);
    for (url, expected) in [
        ("https://login.example.com/services", "allowed"),
        ("https://LOGIN.example.com./services", "allowed"),
        ("https://login.example.com:443/", "allowed"),
        ("https://login.example.com:444/", "not listed"),
        ("https://acme.my.example.com/", "allowed"),
        ("https://a.b.my.example.com/", "allowed"),
        ("https://my.example.com/", "not listed"),
        ("https://evilmy.example.com/", "not listed"),
        ("https://login.example.com.evil.com/", "not listed"),
        ("https://evil-login.example.com/", "not listed"),
        ("https://other.example.com:8443/", "allowed"),
        ("https://other.example.com/", "not listed"),
        ("http://login.example.com/", "not https"),
        ("https://user@login.example.com/", "no host"),
        ("https://login.example.com@evil.com/", "no host"),
        ("ftp://login.example.com/", "no host"),
        ("https://203.0.113.7/", "bare address"),
        ("https://127.0.0.1/", "loopback"),
        ("http://127.1.2.3:8080/", "loopback"),
        ("http://2130706433/", "loopback"),
        ("http://0x7f.1/", "loopback"),
        ("http://[::1]/", "loopback"),
        ("http://[::ffff:127.0.0.1]/", "loopback"),
        ("http://localhost:1/", "loopback"),
        ("http://a.localhost:1/", "loopback"),
    ] {
        assert_eq!(verdict(&listed, url), expected, "{url}");
    }
}

#[test]
fn a_port_of_this_machine_is_opened_and_nothing_else() {
    let open = policy(&[], &[8080, 8443]);
    for (url, expected) in [
        ("http://127.0.0.1:8080/", "allowed"),
        ("http://localhost:8080/", "allowed"),
        ("https://[::1]:8443/", "allowed"),
        ("http://127.0.0.1:8720/", "loopback"),
        ("http://localhost/", "loopback"),
        ("https://[::1]/", "loopback"),
        ("http://10.0.0.1/", "not https"),
        ("https://10.0.0.1/", "bare address"),
        ("https://169.254.169.254/", "bare address"),
        ("https://login.example.com/", "not listed"),
    ] {
        assert_eq!(verdict(&open, url), expected, "{url}");
    }
}

#[test]
fn a_refusal_names_host_and_rule() {
    let refusal = policy(&["login.example.com"], &[]).allows(&Url::parse("https://evil.test/").unwrap()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the host evil.test:443 is not in this tenant's egress list (login.example.com); add it to `egress.allow` if the tenant may reach it"
    );
}

#[test]
fn a_rule_that_opens_hosts_which_it_does_not_name_is_warned_of() {
    let warning = |rule: &str| rule.parse::<HostRule>().unwrap().warning();
    let said = warning("*.my.example.com:8443").unwrap();
    for part in ["`*.my.example.com:8443`", "every host under my.example.com", "`your-own.my.example.com`"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(warning("acme.my.example.com"), None);
}

#[test]
fn malformed_rules_are_refused() {
    for rule in ["", "*", "*.com", "https://a.example", "a.example/x", "a*.example.com", "a..b", "a.example:x", "a b"] {
        assert!(rule.parse::<HostRule>().is_err(), "{rule}");
    }
    assert_eq!("*.My.Example.com:8443".parse::<HostRule>().unwrap().to_string(), "*.my.example.com:8443");
}

/// What each kind of rule allows of hosts that look alike.
#[test]
fn a_rule_opens_the_hosts_that_it_names_and_no_other() {
    for (rule, url, expected) in [
        // An exact name: neither what stands below it nor above it, nor what only ends or begins as it does.
        ("login.example.com", "https://login.example.com/", "allowed"),
        ("login.example.com", "https://a.login.example.com/", "not listed"),
        ("login.example.com", "https://a.b.login.example.com/", "not listed"),
        ("login.example.com", "https://alogin.example.com/", "not listed"),
        ("login.example.com", "https://example.com/", "not listed"),
        ("login.example.com", "https://com/", "not listed"),
        ("login.example.com", "https://login.example.co/", "not listed"),
        ("login.example.com", "https://login.example.com.evil.test/", "not listed"),
        ("LOGIN.Example.com", "https://login.EXAMPLE.com/", "allowed"),
        ("localhost.example.com", "https://localhost.example.com/", "allowed"),
        ("notlocalhost", "https://notlocalhost/", "allowed"),
        // Everything below a domain: not the domain itself, and no other domain that ends as it does.
        ("*.example.com", "https://a.example.com/", "allowed"),
        ("*.example.com", "https://a.b.c.example.com/", "allowed"),
        ("*.example.com", "https://example.com/", "not listed"),
        ("*.example.com", "https://.example.com/", "not listed"),
        ("*.example.com", "https://aexample.com/", "not listed"),
        ("*.example.com", "https://a.example.com.evil.test/", "not listed"),
        // Another port is another service.
        ("a.example.com", "https://a.example.com:443/", "allowed"),
        ("a.example.com", "https://a.example.com:8443/", "not listed"),
        ("a.example.com:443", "https://a.example.com/", "allowed"),
        ("a.example.com:8443", "https://a.example.com:8443/", "allowed"),
        ("a.example.com:8443", "https://a.example.com:8444/", "not listed"),
        ("a.example.com:8443", "https://a.example.com/", "not listed"),
        ("*.example.com:8443", "https://a.example.com:8443/", "allowed"),
        ("*.example.com:8443", "https://a.example.com/", "not listed"),
        // Plain http goes nowhere but to this machine, whatever the rule.
        ("a.example.com", "http://a.example.com/", "not https"),
        ("a.example.com:80", "http://a.example.com/", "not https"),
        ("a.example.com:80", "http://a.example.com:443/", "not https"),
        ("*.example.com", "http://a.example.com:443/", "not https"),
        // A password in the address goes nowhere either.
        ("a.example.com", "https://:secret@a.example.com/", "no host"),
        ("a.example.com", "https://me:secret@a.example.com/", "no host"),
        ("a.example.com", "wss://a.example.com/", "no host"),
        ("a.example.com", "data:text/plain,a.example.com", "no host"),
    ] {
        assert_eq!(verdict(&policy(&[rule], &[]), url), expected, "{rule}: {url}");
    }
}

/// Addresses written in any of the ways that a URL knows, under a policy that is as open as it can be without loopback.
#[test]
fn an_address_is_no_name_in_whatever_way_it_is_written() {
    let open = policy(&["*.example.com", "*.0.0.1", "*.113.7"], &[]);
    for (url, expected) in [
        ("https://203.0.113.7/", "bare address"),
        ("https://8.8.8.8/", "bare address"),
        ("https://0xcb.0.0x71.7/", "bare address"),
        ("https://3405803783/", "bare address"),
        ("https://0/", "bare address"),
        ("https://[2001:db8::1]/", "bare address"),
        ("https://[::ffff:8.8.8.8]/", "bare address"),
        ("https://[::]/", "bare address"),
        ("http://203.0.113.7/", "not https"),
        ("https://126.255.255.255/", "bare address"),
        ("https://127.0.0.0/", "loopback"),
        ("https://127.255.255.255/", "loopback"),
        ("https://128.0.0.0/", "bare address"),
        ("https://[::1]/", "loopback"),
        ("https://[::2]/", "bare address"),
        ("https://[::ffff:127.255.255.255]/", "loopback"),
        ("https://[::ffff:128.0.0.0]/", "bare address"),
    ] {
        assert_eq!(verdict(&open, url), expected, "{url}");
    }
}

#[test]
fn this_machine_goes_by_localhost_and_by_every_name_below_it() {
    for (name, expected) in [
        ("localhost", true),
        ("LOCALHOST", true),
        ("localhost.", true),
        ("a.localhost", true),
        ("a.b.LocalHost.", true),
        (".localhost", false),
        ("alocalhost", false),
        ("localhost.a", false),
        ("local", false),
        ("älocalhost", false),
        ("ä.localhost", true),
        ("", false),
    ] {
        assert_eq!(is_localhost(name), expected, "{name}");
    }
}

#[test]
fn a_rule_is_a_host_name_of_bearable_length() {
    let label = |length| "a".repeat(length);
    let name = |last| format!("{0}.{0}.{0}.{1}", label(63), label(last));
    assert_eq!((name(61).len(), name(62).len()), (253, 254));
    for (rule, sound) in [
        (format!("{}.example", label(63)), true),
        (format!("{}.example", label(64)), false),
        (name(61), true),
        (name(62), false),
        ("a_b-c.example".to_owned(), true),
        ("a.example:65535".to_owned(), true),
        ("a.example:65536".to_owned(), false),
        ("a.example:".to_owned(), false),
        ("*.a.example".to_owned(), true),
        ("*.example".to_owned(), false),
        ("a.*.example".to_owned(), false),
        ("*a.example".to_owned(), false),
        ("*.*.example".to_owned(), false),
        (".a.example".to_owned(), false),
        ("a.example.".to_owned(), false),
        ("*.".to_owned(), false),
        ("https://a.example".to_owned(), false),
        ("a.example/path".to_owned(), false),
        ("a.example:443/path".to_owned(), false),
        ("ä.example".to_owned(), false),
        ("[::1]".to_owned(), false),
    ] {
        assert_eq!(rule.parse::<HostRule>().is_ok(), sound, "{rule}");
    }
}

#[test]
fn a_rule_reads_back_as_it_is_shown() {
    for rule in ["a.example", "*.a.example", "a.example:444", "*.a.example:80"] {
        assert_eq!(rule.parse::<HostRule>().unwrap().to_string(), rule);
    }
    assert_eq!("a.example:443".parse::<HostRule>().unwrap().to_string(), "a.example");
}

#[test]
fn a_policy_for_an_emulator_reaches_its_port_alone() {
    let policy = EgressPolicy::this_machine("http://127.0.0.1:8080");
    assert_eq!((policy.allow.len(), policy.loopback.as_slice()), (0, &[8080][..]));
    assert_eq!(verdict(&policy, "http://localhost:8080/"), "allowed");
    let refusal = policy.allows(&Url::parse("http://127.0.0.1:8720/applications").unwrap()).unwrap_err().to_string();
    assert!(refusal.contains("127.0.0.1:8720") && refusal.contains("reach the ports 8080;"), "{refusal}");
    assert!(EgressPolicy::this_machine("no address").loopback.is_empty());
}
