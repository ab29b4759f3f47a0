//! One field of a form.

use askama::Template;
use askama::filters::HtmlSafe;

use super::super::access::Fields;

/// The most characters of a field that does not say otherwise.
const LIMIT: usize = 255;

/// One of several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    /// Why it cannot be chosen; none where it can.
    pub(crate) locked: Option<String>,
}

impl Choice {
    pub(crate) fn new(value: &str, label: &str) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), locked: None }
    }
}

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// A line of text.
    Text,
    /// A whole number between two, both included.
    Number(u64, u64),
    /// Several lines.
    Area,
    /// A secret, which is never shown; an empty one is left as it is. Several lines where `true`.
    Secret { long: bool },
    /// A password that is checked, not kept.
    Password,
    /// A box to tick.
    Flag,
    /// One of several, from a list.
    Select(Vec<Choice>),
    /// One of several, all of them in sight.
    Radios(Vec<Choice>),
    /// Any of several.
    Boxes(Vec<Choice>),
}

/// One field. Shown by its name in a template.
#[derive(Clone, Debug, Template)]
#[template(path = "field.html")]
pub(crate) struct Field {
    /// Unique in its form.
    pub(crate) name: String,
    pub(crate) label: String,
    /// A sentence; empty where there is nothing to say.
    pub(crate) help: String,
    pub(crate) control: Control,
    /// What is filled in; several only where the control takes several.
    pub(crate) values: Vec<String>,
    pub(crate) required: bool,
    /// The most characters.
    pub(crate) limit: usize,
    /// What is wrong with it, in a sentence.
    pub(crate) error: Option<String>,
    /// Why it cannot be changed; none where it can.
    pub(crate) locked: Option<String>,
    /// The token of HTML's `autocomplete`.
    pub(crate) autocomplete: &'static str,
    /// The button that asks for the page anew once a list's choice has changed; the script presses it.
    pub(crate) resend: Option<&'static str>,
}

// The template escapes what it shows.
impl HtmlSafe for Field {}

impl Field {
    pub(crate) fn new(name: &str, label: &str, control: Control) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            help: String::new(),
            control,
            values: Vec::new(),
            required: false,
            limit: LIMIT,
            error: None,
            locked: None,
            autocomplete: "off",
            resend: None,
        }
    }

    pub(crate) fn text(name: &str, label: &str, value: &str) -> Self {
        Self::new(name, label, Control::Text).with(value)
    }

    pub(crate) fn number(name: &str, label: &str, bounds: (u64, u64), value: Option<u64>) -> Self {
        let text = value.map(|value| value.to_string()).unwrap_or_default();
        Self::new(name, label, Control::Number(bounds.0, bounds.1)).with(&text)
    }

    pub(crate) fn flag(name: &str, label: &str, on: bool) -> Self {
        Self::new(name, label, Control::Flag).with(if on { "true" } else { "" })
    }

    pub(crate) fn select(name: &str, label: &str, choices: Vec<Choice>, value: &str) -> Self {
        Self::new(name, label, Control::Select(choices)).with(value)
    }

    pub(crate) fn radios(name: &str, label: &str, choices: Vec<Choice>, value: &str) -> Self {
        Self::new(name, label, Control::Radios(choices)).with(value)
    }

    pub(crate) fn boxes(name: &str, label: &str, choices: Vec<Choice>, values: Vec<String>) -> Self {
        Self { values, ..Self::new(name, label, Control::Boxes(choices)) }
    }

    fn with(mut self, value: &str) -> Self {
        self.values = if value.is_empty() { Vec::new() } else { vec![value.to_owned()] };
        self
    }

    #[must_use]
    pub(crate) fn help(mut self, help: &str) -> Self {
        self.help = help.to_owned();
        self
    }

    #[must_use]
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub(crate) fn limit(mut self, characters: usize) -> Self {
        self.limit = characters;
        self
    }

    #[must_use]
    pub(crate) fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// Has the script press a button of the form once another choice is made.
    #[must_use]
    pub(crate) fn resend(mut self, button: Option<&'static str>) -> Self {
        self.resend = button;
        self
    }

    /// Shows it without letting it be changed, where there is a reason.
    #[must_use]
    pub(crate) fn locked(mut self, why: Option<String>) -> Self {
        self.locked = why;
        self
    }

    pub(crate) fn value(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// The id of its control, or of the group of its controls.
    pub(crate) fn id(&self) -> String {
        id(&self.name)
    }

    /// The id that an error leads to: something that can take the focus.
    pub(crate) fn target(&self) -> String {
        match &self.control {
            Control::Radios(choices) | Control::Boxes(choices) if !choices.is_empty() => format!("{}-0", self.id()),
            _ => self.id(),
        }
    }

    fn described_by(&self) -> String {
        let id = self.id();
        let mut ids = Vec::new();
        if !self.help.is_empty() {
            ids.push(format!("{id}-help"));
        }
        if self.locked.is_some() {
            ids.push(format!("{id}-locked"));
        }
        if self.error.is_some() {
            ids.push(format!("{id}-error"));
        }
        ids.join(" ")
    }

    fn has(&self, value: &str) -> bool {
        self.values.iter().any(|have| have == value)
    }

    /// Whether its value is stored, and shown as it is stored.
    pub(super) fn is_stamped(&self) -> bool {
        self.locked.is_none() && !matches!(self.control, Control::Secret { .. } | Control::Password)
    }

    /// The stamp of its values; in whatever order boxes are ticked.
    pub(super) fn stamp(&self) -> String {
        let mut values: Vec<String> = self.values.iter().map(|value| value.trim().replace("\r\n", "\n")).collect();
        values.sort_unstable();
        super::stamp(values.iter().map(String::as_str))
    }

    /// Its values for people: the labels of what is chosen.
    pub(super) fn shown(&self) -> String {
        let label = |value: &String| match &self.control {
            Control::Flag => "on".to_owned(),
            Control::Select(choices) | Control::Radios(choices) | Control::Boxes(choices) => choices
                .iter()
                .find(|choice| choice.value == *value)
                .map_or_else(|| value.clone(), |choice| choice.label.clone()),
            _ => value.clone(),
        };
        match (self.values.is_empty(), &self.control) {
            (true, Control::Flag) => "off".to_owned(),
            (true, _) => "nothing".to_owned(),
            (false, _) => self.values.iter().map(label).collect::<Vec<_>>().join(", "),
        }
    }

    /// Takes what was sent, and says what is wrong with it.
    pub(super) fn fill(&mut self, sent: &Fields) {
        if self.locked.is_some() {
            return;
        }
        let trims = matches!(self.control, Control::Text | Control::Number(..));
        self.values = sent
            .all(&self.name)
            .map(|value| if trims { value.trim() } else { value })
            .filter(|value| !value.is_empty())
            .map(|value| value.replace("\r\n", "\n"))
            .collect();
        if !matches!(self.control, Control::Boxes(_)) {
            self.values.truncate(1);
        }
        self.error = self.fault();
        if matches!(self.control, Control::Secret { .. } | Control::Password) && self.error.is_some() {
            self.values.clear();
        }
    }

    fn fault(&self) -> Option<String> {
        if self.required && self.values.is_empty() {
            return Some(match self.control {
                Control::Select(_) | Control::Radios(_) | Control::Boxes(_) => "choose one".to_owned(),
                _ => "enter a value".to_owned(),
            });
        }
        let lines = matches!(self.control, Control::Area | Control::Secret { long: true });
        for value in &self.values {
            let count = value.chars().count();
            if count > self.limit {
                return Some(format!("{count} characters were sent, and {} are the most; shorten it", self.limit));
            }
            if value.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\t'))) {
                return Some("it has control characters; type it again".to_owned());
            }
        }
        match &self.control {
            Control::Number(least, most) => {
                let value = self.values.first()?;
                match value.parse::<u64>() {
                    Ok(number) if (*least..=*most).contains(&number) => None,
                    _ => Some(format!("enter a whole number from {least} to {most}")),
                }
            }
            Control::Select(choices) | Control::Radios(choices) | Control::Boxes(choices) => {
                let known = |value: &String| choices.iter().find(|choice| choice.value == *value);
                self.values.iter().find_map(|value| match known(value) {
                    None => Some("choose one of those that are offered".to_owned()),
                    Some(Choice { label, locked: Some(why), .. }) => Some(format!("{label} cannot be chosen: {why}")),
                    Some(_) => None,
                })
            }
            _ => None,
        }
    }
}

/// An id of HTML from a field's name.
fn id(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    format!("field-{}", plain.collect::<String>())
}
