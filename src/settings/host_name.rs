//! From what an admin pastes as the My Domain to the address to sign in at.

/// Scheme and host to sign in at, without a slash at the end; or what is wrong, as the end of a sentence.
///
/// Plain http is accepted for this machine alone, where an emulated organisation may run: anything else would send the
/// admin's password over the network in the clear.
pub(super) fn login_url(value: &str) -> Result<String, String> {
    let lower = value.trim_end_matches('/').to_ascii_lowercase();
    if let Some(authority) = lower.strip_prefix("http://") {
        return if is_loopback(authority) {
            Ok(lower)
        } else {
            Err("starts with http://, which would send the password unprotected; only https is allowed".to_owned())
        };
    }
    let host = lower.strip_prefix("https://").unwrap_or(&lower);
    // A pasted address of some page: the host is all that matters.
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some(wrong) = OTHER_HOSTS.iter().find(|other| host.ends_with(other.end)) {
        let kind = wrong.kind;
        // Only what is known to be a name of Salesforce's is quoted.
        let name = host.strip_suffix(wrong.end).filter(|name| wrong.has_name && name.split('.').all(is_label));
        return Err(match name {
            Some(name) => format!("is the address of {kind}; take {name}.my.salesforce.com"),
            None => format!("is the address of {kind}; the host that ends in .my.salesforce.com is meant"),
        });
    }
    // The bare name, as the page My Domain shows it first. The host of this program doesn't know how it goes on.
    if !host.contains('.') && is_label(host) {
        return Err("is only the beginning of a host; enter it whole, up to .my.salesforce.com".to_owned());
    }
    if host.split('.').all(is_label) {
        Ok(format!("https://{host}"))
    } else {
        Err("is not the name of a host".to_owned())
    }
}

/// Hosts of an organization at which nobody signs in.
struct OtherHost {
    end: &'static str,
    kind: &'static str,
    /// Whether the name before the end is that of the My Domain (H, Salesforce Help, My Domain URL Formats).
    has_name: bool,
}

const OTHER_HOSTS: [OtherHost; 8] = [
    OtherHost { end: ".lightning.force.com", kind: "Lightning pages", has_name: true },
    OtherHost { end: ".my.salesforce-setup.com", kind: "Setup", has_name: true },
    OtherHost { end: ".my.site.com", kind: "a site", has_name: true },
    OtherHost { end: ".my.salesforce-sites.com", kind: "a site", has_name: true },
    OtherHost { end: ".vf.force.com", kind: "Visualforce pages", has_name: false },
    OtherHost { end: ".visualforce.com", kind: "Visualforce pages", has_name: false },
    OtherHost { end: ".file.force.com", kind: "files", has_name: false },
    OtherHost { end: ".force.com", kind: "a site", has_name: false },
];

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
        for (pasted, told) in [
            ("acme", "is only the beginning of a host; enter it whole, up to .my.salesforce.com"),
            ("https://acme", "is only the beginning of a host; enter it whole, up to .my.salesforce.com"),
            ("acme.lightning.force.com", "is the address of Lightning pages; take acme.my.salesforce.com"),
            (
                "https://acme--uat.sandbox.lightning.force.com/lightning/page/home",
                "is the address of Lightning pages; take acme--uat.sandbox.my.salesforce.com",
            ),
            (
                "https://acme.my.salesforce-setup.com/lightning/setup/SetupOneHome/home",
                "is the address of Setup; take acme.my.salesforce.com",
            ),
            (
                "acme--uat.sandbox.my.salesforce-setup.com",
                "is the address of Setup; take acme--uat.sandbox.my.salesforce.com",
            ),
            ("https://acme.my.site.com/portal", "is the address of a site; take acme.my.salesforce.com"),
            (
                "acme--c.vf.force.com",
                "is the address of Visualforce pages; the host that ends in .my.salesforce.com is meant",
            ),
            ("acme.force.com", "is the address of a site; the host that ends in .my.salesforce.com is meant"),
            ("acme.secure.force.com", "is the address of a site; the host that ends in .my.salesforce.com is meant"),
            ("acme.my.salesforce-sites.com", "is the address of a site; take acme.my.salesforce.com"),
        ] {
            assert_eq!(login_url(pasted), Err(told.to_owned()), "{pasted}");
        }
        for bad in ["", "a b", "-acme", "acme..com", "user@acme.com", "https://"] {
            assert_eq!(login_url(bad), Err("is not the name of a host".to_owned()), "{bad}");
        }
    }
}
