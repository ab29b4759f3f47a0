//! What an approval means, in sentences that are made from the records alone.

use super::declaration::{Declaration, HostSource, NEW_PASSWORD, Place, Put, SecretForm, SecretUse};

impl Declaration {
    /// What an admin approves: a sentence for each use, and one for the hosts. `label` gives a setting's label by its name; where it
    /// has none, the name stands for it.
    pub fn sentences(&self, label: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
        let mut sentences: Vec<String> = self.uses.iter().map(|one| self.sentence(one, label)).collect();
        let sent: Vec<&String> = self.uses.iter().flat_map(|one| &one.hosts).collect();
        let others = self.hosts.iter().filter(|entry| !sent.contains(&&entry.name));
        let others: Vec<String> = others.map(|entry| self.host_in_words(&entry.name, label)).collect();
        if !others.is_empty() {
            sentences.push(format!("Asks {} without a secret.", listed(&others, "and")));
        }
        sentences
    }

    fn sentence(&self, one: &SecretUse, label: &dyn Fn(&str) -> Option<String>) -> String {
        let hosts: Vec<String> = one.hosts.iter().map(|host| self.host_in_words(host, label)).collect();
        let to = format!("{}, {} {}", listed(&hosts, "or"), one.methods.join("/"), one.path);
        let puts: Vec<String> = one.puts.iter().map(|put| self.put_in_words(put, label)).collect();
        let mut sentence = match puts.as_slice() {
            [] => format!("Asks {to}"),
            puts => format!("Sends {} to {to}", listed(puts, "and")),
        };
        if one.puts.iter().any(|put| put.secret == NEW_PASSWORD) {
            sentence.push_str(match one.path.contains("{id}") {
                true => ", for that user alone",
                false => ", for any user",
            });
        }
        if !one.takes.is_empty() {
            let takes: Vec<String> = one.takes.iter().map(|take| self.take_in_words(&take.secret)).collect();
            sentence.push_str(&format!("; keeps {} of the answer", listed(&takes, "and")));
        }
        if let Some((host, _)) = &one.learns {
            sentence.push_str(&format!("; learns from the answer where {} is", self.host_in_words(host, label)));
        }
        sentence.push('.');
        sentence
    }

    fn put_in_words(&self, put: &Put, label: &dyn Fn(&str) -> Option<String>) -> String {
        let what = if put.secret == NEW_PASSWORD {
            "a user's new password".to_owned()
        } else if self.uses.iter().flat_map(|one| &one.takes).any(|take| take.secret == put.secret) {
            self.take_in_words(&put.secret)
        } else {
            label(&put.secret).unwrap_or_else(|| put.secret.clone())
        };
        let place = match &put.place {
            Place::Header(name, _) => format!("the header field {name}"),
            Place::Json(pointer) => format!("the JSON at {pointer}"),
            Place::Xml(path) => format!("the XML at {path}"),
            Place::Form(field) => format!("the form field {field}"),
        };
        match &put.form {
            SecretForm::Plain => format!("{what} (in {place})"),
            SecretForm::Basic => format!("{what} (with a username, in {place})"),
            SecretForm::Jwt(bounds) => format!(
                "a token that {what} signs (in {place}; issuer {}, subject {}, audience {}, for at most {} seconds)",
                bounds.issuer, bounds.subject, bounds.audience, bounds.lifetime
            ),
        }
    }

    fn take_in_words(&self, name: &str) -> String {
        format!("the {}", name.replace('-', " "))
    }

    fn host_in_words(&self, name: &str, label: &dyn Fn(&str) -> Option<String>) -> String {
        match self.host(name).map(|entry| &entry.source) {
            Some(HostSource::Exact(host)) => host.clone(),
            Some(HostSource::Setting(setting)) => {
                format!("the host of the setting {}", label(setting).unwrap_or_else(|| setting.clone()))
            }
            Some(HostSource::Learned) => format!("the confirmed host `{name}`"),
            None => name.to_owned(),
        }
    }
}

/// Words with commas between, and `last` before the last.
fn listed(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [some @ .., one] => format!("{} {last} {one}", some.join(", ")),
    }
}
