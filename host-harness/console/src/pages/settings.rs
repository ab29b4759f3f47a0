//! The connector's own settings as fields of a form: what there is to fill in, its help and its choices come from the descriptor.

use std::collections::BTreeMap;

use crate::chrome::moment_text;
use crate::connectors::Known;
use crate::form::{Choice, Control, Field, Form};
use provisioning_directory::config::{PlainValue, TenantConfig};
use provisioning_directory::{DirectoryError, TenantRecord, Timestamp, WriteTransaction};
use provisioning_runtime::Secret;
use provisioning_runtime::wit::{Panel, Setting, SettingKind};

/// The most characters of a setting.
const LIMIT: usize = 1_024;
/// The most characters of a secret: a key of 16,384 bits in PEM has some 13,000.
const SECRET_LIMIT: usize = 16_384;

/// When each secret of a tenant was last set, by its name.
pub(super) type SecretTimes = BTreeMap<String, Timestamp>;

fn plain_name(setting: &Setting) -> String {
    format!("setting.{}", setting.name)
}

fn secret_name(setting: &Setting) -> String {
    format!("secret.{}", setting.name)
}

fn removal_name(setting: &Setting) -> String {
    format!("remove-secret.{}", setting.name)
}

fn of_panel(known: &Known, panel: Panel) -> impl Iterator<Item = &Setting> {
    known.descriptor.settings.iter().filter(move |setting| setting.panel == panel)
}

/// The fields of one panel.
pub(super) fn fields(known: &Known, config: &TenantConfig, secrets: &SecretTimes, panel: Panel) -> Vec<Field> {
    let mut fields = Vec::new();
    for setting in of_panel(known, panel) {
        let value = config.settings.get(&setting.name).map_or("", |value| value.0.as_str());
        let mut field = match &setting.kind {
            SettingKind::Text if setting.multiline => {
                let mut field = Field::new(&plain_name(setting), &setting.label, Control::Area);
                field.values = vec![value.to_owned()];
                field
            }
            SettingKind::Text | SettingKind::Host => Field::text(&plain_name(setting), &setting.label, value),
            SettingKind::Flag => Field::flag(&plain_name(setting), &setting.label, value == "true"),
            SettingKind::Choice(choices) => {
                let none = (!setting.required).then(|| Choice::new("", "(not set)"));
                let choices = none.into_iter().chain(choices.iter().map(|choice| Choice::new(choice, choice)));
                Field::select(&plain_name(setting), &setting.label, choices.collect(), value)
            }
            SettingKind::Secret => {
                let control = Control::Secret { long: setting.multiline };
                Field::new(&secret_name(setting), &setting.label, control).autocomplete("new-password")
            }
        };
        field.limit = LIMIT;
        let mut help = setting.help.clone();
        if matches!(setting.kind, SettingKind::Secret) {
            field.limit = SECRET_LIMIT;
            let state = match secrets.get(&setting.name) {
                Some(at) => {
                    format!("It is set since {} and never shown. What you enter here replaces it.", moment_text(at))
                }
                None => "It is not set.".to_owned(),
            };
            help = format!("{help} {state}");
        } else {
            field.required = setting.required && !matches!(setting.kind, SettingKind::Flag);
        }
        fields.push(field.help(&help));
        if matches!(setting.kind, SettingKind::Secret) && secrets.contains_key(&setting.name) {
            fields.push(Field::flag(&removal_name(setting), &format!("Remove the {}", lower(&setting.label)), false));
        }
    }
    fields
}

/// A label inside a sentence.
fn lower(label: &str) -> String {
    let mut characters = label.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(characters).collect(),
        _ => label.to_owned(),
    }
}

/// Puts the plain settings of a filled form into a configuration.
pub(super) fn take(form: &Form, known: &Known, panel: Panel, config: &mut TenantConfig) {
    for setting in of_panel(known, panel).filter(|setting| !matches!(setting.kind, SettingKind::Secret)) {
        match form.value(&plain_name(setting)) {
            "" => config.settings.remove(&setting.name),
            value => config.settings.insert(setting.name.clone(), PlainValue(value.to_owned())),
        };
    }
}

/// Secrets to be set, and with none to be taken away.
pub(super) type SecretEdits = Vec<(String, Option<Secret>)>;

/// What a filled form says of the secrets.
pub(super) fn secrets(form: &Form, known: &Known, panel: Panel) -> SecretEdits {
    let mut edits = Vec::new();
    for setting in of_panel(known, panel).filter(|setting| matches!(setting.kind, SettingKind::Secret)) {
        let value = form.value(&secret_name(setting));
        if !value.is_empty() {
            edits.push((setting.name.clone(), Some(Secret::new(value.to_owned()))));
        } else if form.flag(&removal_name(setting)) {
            edits.push((setting.name.clone(), None));
        }
    }
    edits
}

/// Keeps them.
pub(super) fn store(
    change: &WriteTransaction<'_>,
    tenant: &TenantRecord,
    edits: &SecretEdits,
) -> Result<(), DirectoryError> {
    edits.iter().try_for_each(|(name, secret)| change.set_secret(tenant, name, secret.as_ref()))
}
