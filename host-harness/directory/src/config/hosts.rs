//! The hosts of a tenant, as its component declares them.

use std::collections::BTreeMap;

use super::TenantConfig;
use provisioning_runtime::Declaration;

impl TenantConfig {
    /// The settings as texts.
    fn texts(&self) -> BTreeMap<String, String> {
        self.settings.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
    }

    /// Lists the hosts that the component needs by its settings. What was listed for earlier settings alone is taken out, and what an
    /// admin has listed beside that stays. Returns what was added.
    pub fn list_hosts(&mut self, before: Option<&Self>, declaration: &Declaration) -> Vec<String> {
        let old = before.map(|before| declaration.proposed_hosts(&before.texts())).unwrap_or_default();
        let new = declaration.proposed_hosts(&self.texts());
        if before.is_some() && old == new {
            return Vec::new();
        }
        self.egress.allow.retain(|rule| new.contains(rule) || !old.contains(rule));
        let added: Vec<String> = new.into_iter().filter(|host| !self.egress.allow.contains(host)).collect();
        self.egress.allow.extend(added.iter().cloned());
        added
    }

    /// Of the secrets that the tenant has, those that would go to another host than before: they have to be entered again.
    pub fn secrets_to_enter_again<'a>(
        &self,
        before: &Self,
        declaration: &Declaration,
        kept: impl Iterator<Item = &'a str>,
    ) -> Vec<&'a str> {
        let (old, new) = (before.texts(), self.texts());
        let moved = declaration.secrets_that_move(&old, &new);
        kept.filter(|name| moved.contains(name)).collect()
    }
}
