//! What the pages of both directions share: words of the configuration, feature switches, and what was saved.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connectors::Known;
use crate::form::Field;
use provisioning_directory::config::TenantConfig;
use provisioning_directory::sync::Feature;

/// A value of the configuration by the word that stands for it in TOML.
pub(super) fn word<T: Serialize>(value: T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The value that a word of TOML stands for; none where there is no such word.
pub(super) fn from_word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// The switch of a feature, with what it does and whether the connector can do it.
pub(super) fn feature(feature: Feature, known: &Known, config: &TenantConfig) -> Field {
    let offered = feature.is_offered(known.descriptor.features);
    Field::flag(feature.setting(), feature.title(), feature.is_on(config))
        .help(&format!("On: {}. Off: {}.", feature.starts(), feature.stops()))
        .locked((!offered).then(|| format!("The connector {} cannot do this.", known.descriptor.name)))
}

/// What was saved, and what follows from it.
pub(super) fn kept(saved: &str, told: &[String], tasks: usize) -> String {
    let mut text = saved.to_owned();
    for sentence in told {
        text.push(' ');
        text.push_str(sentence);
    }
    match tasks {
        0 => {}
        1 => text.push_str(" 1 task waits for the next push."),
        _ => text.push_str(&format!(" {tasks} tasks wait for the next push.")),
    }
    text
}
