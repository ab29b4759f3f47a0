//! Forms: one description says how a form is shown, filled from what was sent, and checked.
//!
//! A page builds its [`Form`] from what is kept, shows it, and on a submission builds it again and [fills](Form::fill) it. What is
//! wrong then stands next to its field and in a summary above, and what was typed is still there, apart from secrets.

mod field;
mod stale;

use askama::Template;
use askama::filters::HtmlSafe;

use super::access::Fields;

pub(crate) use field::{Choice, Control, Field};
pub(crate) use stale::{Merge, Stale, merge, stamp, stamp_name};

/// Fields under one heading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// Empty where the group needs none.
    pub(crate) title: String,
    /// A sentence for people; empty where there is nothing to say.
    pub(crate) help: String,
    pub(crate) fields: Vec<Field>,
}

impl Group {
    pub(crate) fn new(title: &str, help: &str, fields: Vec<Field>) -> Self {
        Self { title: title.to_owned(), help: help.to_owned(), fields }
    }
}

/// A button that sends the form. Its name is in the fields when it was pressed.
#[derive(Clone, Debug)]
pub(crate) struct Button {
    pub(crate) name: &'static str,
    pub(crate) label: String,
    pub(crate) class: &'static str,
}

impl Button {
    /// The button for what the form is there for.
    pub(crate) fn primary(name: &'static str, label: &str) -> Self {
        Self { name, label: label.to_owned(), class: "primary" }
    }

    pub(crate) fn other(name: &'static str, label: &str) -> Self {
        Self { name, label: label.to_owned(), class: "secondary" }
    }

    /// For what cannot be undone.
    pub(crate) fn danger(name: &'static str, label: &str) -> Self {
        Self { name, label: label.to_owned(), class: "danger" }
    }
}

/// A form. Shown by its name in a template.
#[derive(Clone, Debug, Template)]
#[template(path = "form.html")]
pub(crate) struct Form {
    /// Where it is sent.
    pub(crate) action: String,
    /// The form token of the visitor.
    pub(crate) token: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) buttons: Vec<Button>,
    /// Names and values that go along unseen.
    pub(crate) hidden: Vec<(String, String)>,
    /// What is wrong with the form as a whole.
    pub(crate) error: Option<String>,
    /// What others have changed since the form was shown.
    pub(crate) stale: Vec<Stale>,
    /// The stamps of the stored values that it is made from, by field.
    stamps: Vec<(String, String)>,
}

// The template escapes what it shows.
impl HtmlSafe for Form {}

impl Form {
    pub(crate) fn new(action: String, token: String, groups: Vec<Group>, buttons: Vec<Button>) -> Self {
        let mut form = Self {
            action,
            token,
            groups,
            buttons,
            hidden: Vec::new(),
            error: None,
            stale: Vec::new(),
            stamps: Vec::new(),
        };
        form.stamps =
            form.fields().filter(|field| field.is_stamped()).map(|field| (field.name.clone(), field.stamp())).collect();
        form
    }

    /// A form of one button, with nothing to fill in.
    pub(crate) fn button(action: String, token: String, button: Button) -> Self {
        Self::new(action, token, Vec::new(), vec![button])
    }

    fn fields_mut(&mut self) -> impl Iterator<Item = &mut Field> {
        self.groups.iter_mut().flat_map(|group| &mut group.fields)
    }

    /// All fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.groups.iter().flat_map(|group| &group.fields)
    }

    /// Takes what was sent, and checks each field by itself. Returns whether the form is sound so far.
    pub(crate) fn fill(&mut self, sent: &Fields) -> bool {
        let stored = std::mem::take(&mut self.stamps);
        let mut stale = Vec::new();
        for field in self.fields_mut() {
            let as_stored = field.clone();
            field.fill(sent);
            let Some((_, stamp)) = stored.iter().find(|(name, _)| *name == field.name) else { continue };
            let how = merge(sent.get(&stamp_name(&field.name)), stamp, &field.stamp());
            let label = || field.label.clone();
            match how {
                Merge::Mine => {}
                Merge::Theirs => {
                    stale.push(Stale { label: label(), stored: as_stored.shown(), typed: None });
                    *field = as_stored;
                }
                Merge::Conflict => {
                    stale.push(Stale { label: label(), stored: as_stored.shown(), typed: Some(field.shown()) });
                }
            }
        }
        // The form that is shown again is made from what is stored now.
        (self.stamps, self.stale) = (stored, stale);
        self.is_sound()
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_sound(&self) -> bool {
        self.error.is_none() && self.stale.is_empty() && self.fields().all(|field| field.error.is_none())
    }

    /// Says what is wrong with a field; with the form, where it has no such field.
    pub(crate) fn refuse(&mut self, name: &str, error: &str) {
        let field = self.fields_mut().find(|field| field.name == name).map(|field| &mut field.error);
        let place = match field {
            Some(place) => place,
            None => &mut self.error,
        };
        *place = Some(error.to_owned());
    }

    /// The value of a field; empty where it has none.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.fields().find(|field| field.name == name).map_or("", Field::value)
    }

    /// The values of a field that takes several.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        self.fields().find(|field| field.name == name).map(|field| field.values.clone()).unwrap_or_default()
    }

    /// Whether a box is ticked.
    pub(crate) fn flag(&self, name: &str) -> bool {
        !self.value(name).is_empty()
    }

    /// A number; none where the field is empty. [`Self::fill`] has checked that it is one.
    pub(crate) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.value(name).parse().ok()
    }

    /// What is filled in, as it would be sent again. Never a secret.
    pub(crate) fn sent(&self) -> Vec<(String, String)> {
        let shown = self.fields().filter(|field| {
            field.locked.is_none() && !matches!(field.control, Control::Secret { .. } | Control::Password)
        });
        let values = shown.flat_map(|field| field.values.iter().map(|value| (field.name.clone(), value.clone())));
        values.chain(self.seen()).collect()
    }

    /// The stamps, as they are sent.
    pub(crate) fn seen(&self) -> impl Iterator<Item = (String, String)> {
        self.stamps.iter().map(|(field, stamp)| (stamp_name(field), stamp.clone()))
    }

    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        let errors = self
            .fields()
            .filter_map(|field| Some((field.target(), format!("{}: {}", field.label, field.error.as_deref()?))));
        errors.collect()
    }
}

#[cfg(test)]
mod tests;
