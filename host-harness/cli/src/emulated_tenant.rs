//! A tenant for an emulated organization: its settings, and the files that name it for the other commands.

use std::io::Write as _;
use std::path::Path;

use provisioning_runtime::EgressPolicy;
use salesforce_emulator::Connection;

/// The connector's settings for the organization.
pub(crate) fn settings(org: &Connection) -> [(&'static str, &str); 6] {
    [
        ("instance-type", "my-domain"),
        ("my-domain", &org.url),
        ("username", &org.username),
        ("organization-id", &org.organization_id),
        ("portal-id", &org.portal_id),
        ("account-id", &org.account_id),
    ]
}

/// A tenants file, and the two files of its secrets beside it.
pub(crate) struct TenantFiles<'a> {
    /// The tenants file.
    pub(crate) file: &'a Path,
    /// Its first line, a comment.
    pub(crate) header: &'a str,
    /// The tenant's name.
    pub(crate) tenant: &'a str,
    /// The name of the file with the password.
    pub(crate) password: &'a str,
    /// The name of the file with the security token.
    pub(crate) security_token: &'a str,
}

impl TenantFiles<'_> {
    /// Writes them; only their owner can read the secrets.
    pub(crate) fn write(&self, org: &Connection) -> std::io::Result<()> {
        write_private(&self.file.with_file_name(self.password), &org.password)?;
        write_private(&self.file.with_file_name(self.security_token), &org.security_token)?;
        std::fs::write(self.file, self.text(org))
    }

    fn text(&self, org: &Connection) -> String {
        let tenant = self.tenant;
        let mut text = format!("{}[tenants.{tenant}.settings]\n", self.header);
        for (name, value) in settings(org) {
            text.push_str(&format!("{name} = {}\n", toml::Value::from(value)));
        }
        let [password, token] = [self.password, self.security_token].map(toml::Value::from);
        let ports = EgressPolicy::this_machine(&org.url).loopback;
        text.push_str(&format!(
            "\n[tenants.{tenant}.secrets]\npassword = {{ file = {password} }}\nsecurity-token = {{ file = {token} }}\n\n\
             [tenants.{tenant}.egress]\nloopback = {ports:?}\n"
        ));
        text
    }
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
