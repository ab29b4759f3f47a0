//! From what an admin pastes as the My Domain to the address to sign in at.

/// Scheme and host to sign in at, without a slash at the end; or what is wrong, as the end of a sentence.
///
/// Plain http is accepted for this machine alone, where an emulated organisation may run: anything else would send the
/// admin's password over the network in the clear.
pub(super) fn login_url(value: &str) -> Result<String, &'static str> {
    let lower = value.trim_end_matches('/').to_ascii_lowercase();
    if let Some(authority) = lower.strip_prefix("http://") {
        return if is_loopback(authority) {
            Ok(lower)
        } else {
            Err("starts with http://, which would send the password unprotected; only https is allowed")
        };
    }
    let host = lower.strip_prefix("https://").unwrap_or(&lower);
    // A pasted address of some page: the host is all that matters.
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if host.ends_with(".lightning.force.com") {
        return Err("is the address of Lightning pages; the host that ends in .my.salesforce.com is meant");
    }
    if host.ends_with(".my.site.com") || host.ends_with(".force.com") {
        return Err("is the address of a site; the host that ends in .my.salesforce.com is meant");
    }
    // The bare name, as the page My Domain shows it first. The host of this program doesn't know how it goes on.
    if !host.contains('.') && is_label(host) {
        return Err("is only the beginning of a host; enter it whole, up to .my.salesforce.com");
    }
    if host.split('.').all(is_label) { Ok(format!("https://{host}")) } else { Err("is not the name of a host") }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_loopback(authority: &str) -> bool {
    let port_of = |host: &str| authority.strip_prefix(host);
    let Some(rest) = port_of("127.0.0.1").or_else(|| port_of("localhost")).or_else(|| port_of("[::1]")) else {
        return false;
    };
    rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_admins_paste_becomes_the_login_address() {
        for (pasted, expected) in [
            ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
            ("https://ACME.my.salesforce.com/", "https://acme.my.salesforce.com"),
            (
                "https://acme--uat.sandbox.my.salesforce.com/lightning/setup",
                "https://acme--uat.sandbox.my.salesforce.com",
            ),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:1/", "http://localhost:1"),
            ("http://[::1]:65535", "http://[::1]:65535"),
        ] {
            assert_eq!(login_url(pasted).as_deref(), Ok(expected), "{pasted}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for pasted in [
            "http://acme.my.salesforce.com",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1:80@evil.example",
            "http://localhost.evil.example:80",
            "http://127.0.0.1:99999",
            "http://127.0.0.2:80",
            "http://10.0.0.1",
        ] {
            assert!(login_url(pasted).unwrap_err().contains("only https"), "{pasted}");
        }
    }

    #[test]
    fn hosts_that_are_no_login_host_are_told_apart() {
        assert!(login_url("acme.lightning.force.com").unwrap_err().contains(".my.salesforce.com"));
        assert!(login_url("acme").unwrap_err().contains("up to .my.salesforce.com"));
        assert!(login_url("https://acme").unwrap_err().contains("up to .my.salesforce.com"));
        assert!(login_url("https://acme.my.site.com/portal").unwrap_err().contains("a site"));
        for bad in ["", "a b", "-acme", "acme..com", "user@acme.com", "https://"] {
            assert_eq!(login_url(bad), Err("is not the name of a host"), "{bad}");
        }
    }
}
