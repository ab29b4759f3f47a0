//! What the pages of both directions share: words of the configuration and feature switches.

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
