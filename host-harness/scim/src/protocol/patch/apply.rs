//! Operations on a resource in the form of its schema.

use serde_json::{Map, Value as Json};

use super::{MOST_TRIALS, Op, Operation};
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::filter::{Filter, Operator, matches_value};
use crate::protocol::path::{AttributeName, Path};
use crate::protocol::schema::{Attribute, Kind, Mutability, Resource, Schema};
use crate::protocol::shape::{MOST_VALUES, keep_one_primary, of_attribute, one, within};

/// Applies operations, one after the other. After an error the document is in between: throw it away.
///
/// # Errors
/// `mutability` if a path names what clients may not set, `noTarget` if it finds nothing that could be set, `invalidValue` if a
/// value isn't fit.
pub fn apply(resource: &Resource, document: &mut Map<String, Json>, operations: &[Operation]) -> Result<(), ScimError> {
    let mut work = Work { resource, trials: 0 };
    for operation in operations {
        match &operation.path {
            Some(path) => work.at_path(document, operation.op, path, &operation.value, true)?,
            None => work.without_path(document, operation.op, &operation.value)?,
        }
    }
    // What has no attribute left isn't there.
    document.retain(|_, value| !matches!(value, Json::Object(parts) if parts.is_empty()));
    Ok(())
}

struct Work<'a> {
    resource: &'a Resource,
    /// How often filters were tried on values.
    trials: usize,
}

impl Work<'_> {
    /// An operation whose value names the attributes. Okta sends whole resources so, with their `id`, and Entra keys that are paths.
    fn without_path(&mut self, document: &mut Map<String, Json>, op: Op, value: &Json) -> Result<(), ScimError> {
        for (key, value) in value.as_object().into_iter().flatten() {
            let names_schema =
                key.eq_ignore_ascii_case(&self.resource.core.id) || self.resource.extension(key).is_some();
            if names_schema {
                for (name, value) in value.as_object().into_iter().flatten() {
                    if let Ok(mut path) = Path::parse(name) {
                        path.attribute.schema.get_or_insert_with(|| key.clone());
                        self.at_path(document, op, &path, value, false)?;
                    }
                }
            } else if let Ok(path) = Path::parse(key) {
                self.at_path(document, op, &path, value, false)?;
            }
        }
        Ok(())
    }

    /// An operation on what a path names. With `is_explicit`, what clients may not set is refused and not passed over.
    fn at_path(
        &mut self,
        document: &mut Map<String, Json>,
        op: Op,
        path: &Path,
        value: &Json,
        is_explicit: bool,
    ) -> Result<(), ScimError> {
        let Path { attribute: name, filter } = path;
        if name.name.is_empty() {
            return self.at_schema(document, op, name, value);
        }
        // What the schema doesn't have is passed over, as in a whole resource.
        let Some((extension, attribute)) = name.find(self.resource) else { return Ok(()) };
        let part = match &name.sub {
            None => None,
            Some(sub) => match Attribute::find(&attribute.sub, sub) {
                Some(part) => Some(part),
                None => return Ok(()),
            },
        };
        let is_fixed = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
        if is_fixed(attribute) || part.is_some_and(is_fixed) {
            if !is_explicit {
                return Ok(());
            }
            return Err(ScimError::bad(
                ScimType::Mutability,
                format!("the attribute `{}` is the host's own and cannot be changed; leave it out", name.name),
            ));
        }
        let place = within(document, extension);
        match (filter, part) {
            (Some(filter), part) => self.at_some(place, op, attribute, filter, part, value)?,
            (None, Some(part)) if attribute.many => self.at_some_part(place, op, attribute, part, value)?,
            (None, Some(part)) => self.at_part(place, op, attribute, part, value)?,
            (None, None) => self.at_whole(place, op, attribute, value)?,
        }
        self.forget_empty(document, extension);
        Ok(())
    }

    /// The path is a schema's URN: its attributes are the value's.
    fn at_schema(
        &mut self,
        document: &mut Map<String, Json>,
        op: Op,
        name: &AttributeName,
        value: &Json,
    ) -> Result<(), ScimError> {
        let urn = name.schema.as_deref().unwrap_or_default();
        if op == Op::Remove && !value.is_object() {
            if let Some(schema) = self.resource.extension(urn) {
                document.remove(&schema.id);
            }
            return Ok(());
        }
        let nested = Json::Object(Map::from_iter([(urn.to_owned(), value.clone())]));
        self.without_path(document, op, &nested)
    }

    fn at_whole(
        &mut self,
        place: &mut Map<String, Json>,
        op: Op,
        attribute: &Attribute,
        value: &Json,
    ) -> Result<(), ScimError> {
        if op == Op::Remove {
            // Entra removes values of a list by naming them.
            let named = if attribute.many { of_attribute(attribute, value)? } else { None };
            let Some(Json::Array(named)) = named else {
                place.remove(&attribute.name);
                return Ok(());
            };
            if let Some(Json::Array(values)) = place.get_mut(&attribute.name) {
                self.try_often(values.len().saturating_mul(named.len()))?;
                values.retain(|have| !named.iter().any(|gone| is_same(have, gone)));
            }
            return Ok(());
        }
        let value = of_attribute(attribute, value)?;
        match (value, attribute.kind) {
            (None, _) if op == Op::Replace => drop(place.remove(&attribute.name)),
            (None, _) => {}
            (Some(Json::Array(more)), _) if op == Op::Add => {
                let have = place.entry(attribute.name.clone()).or_insert_with(|| Json::Array(Vec::new()));
                let Some(have) = have.as_array_mut() else { return Ok(()) };
                self.try_often(have.len().saturating_mul(more.len()))?;
                for value in more {
                    add(attribute, have, value)?;
                }
            }
            // Parts that the value doesn't name stay (RFC 7644 §3.5.2.3).
            (Some(Json::Object(parts)), Kind::Complex) => match place.get_mut(&attribute.name) {
                Some(Json::Object(have)) => have.extend(parts),
                _ => drop(place.insert(attribute.name.clone(), Json::Object(parts))),
            },
            (Some(value), _) => drop(place.insert(attribute.name.clone(), value)),
        }
        Ok(())
    }

    fn at_part(
        &mut self,
        place: &mut Map<String, Json>,
        op: Op,
        attribute: &Attribute,
        part: &Attribute,
        value: &Json,
    ) -> Result<(), ScimError> {
        let value = if op == Op::Remove { None } else { of_attribute(part, value)? };
        let Some(value) = value else {
            if op != Op::Add
                && let Some(whole) = place.get_mut(&attribute.name).and_then(Json::as_object_mut)
            {
                whole.remove(&part.name);
            }
            return Ok(());
        };
        let whole = place.entry(attribute.name.clone()).or_insert_with(|| Json::Object(Map::new()));
        if let Some(whole) = whole.as_object_mut() {
            whole.insert(part.name.clone(), value);
        }
        Ok(())
    }

    /// A part of every value of a list.
    fn at_some_part(
        &mut self,
        place: &mut Map<String, Json>,
        op: Op,
        attribute: &Attribute,
        part: &Attribute,
        value: &Json,
    ) -> Result<(), ScimError> {
        let value = if op == Op::Remove { None } else { of_attribute(part, value)? };
        let values = place.entry(attribute.name.clone()).or_insert_with(|| Json::Array(Vec::new()));
        let Some(values) = values.as_array_mut() else { return Ok(()) };
        if values.is_empty()
            && let Some(value) = &value
        {
            values.push(Json::Object(Map::from_iter([(part.name.clone(), value.clone())])));
            return Ok(());
        }
        for one in values.iter_mut().filter_map(Json::as_object_mut) {
            match &value {
                Some(value) => drop(one.insert(part.name.clone(), value.clone())),
                None if op == Op::Add => {}
                None => drop(one.remove(&part.name)),
            }
        }
        values.retain(|value| !matches!(value, Json::Object(parts) if parts.is_empty()));
        keep_one_primary(values);
        Ok(())
    }

    /// Those values of a list that fulfil a filter.
    fn at_some(
        &mut self,
        place: &mut Map<String, Json>,
        op: Op,
        attribute: &Attribute,
        filter: &Filter,
        part: Option<&Attribute>,
        value: &Json,
    ) -> Result<(), ScimError> {
        let values = match place.get_mut(&attribute.name) {
            Some(Json::Array(values)) => values,
            Some(_) | None => {
                if op == Op::Remove {
                    return Ok(());
                }
                place.insert(attribute.name.clone(), Json::Array(Vec::new()));
                match place.get_mut(&attribute.name) {
                    Some(Json::Array(values)) => values,
                    _ => return Ok(()),
                }
            }
        };
        self.try_often(values.len())?;
        let mut found = Vec::new();
        for (at, value) in values.iter().enumerate() {
            if matches_value(filter, attribute, value)? {
                found.push(at);
            }
        }
        let new = match part {
            _ if op == Op::Remove => None,
            Some(part) => {
                of_attribute(part, value)?.map(|value| Json::Object(Map::from_iter([(part.name.clone(), value)])))
            }
            None => match value {
                Json::Array(values) if values.len() == 1 => {
                    values.first().map_or(Ok(None), |value| one(attribute, value))?
                }
                value => one(attribute, value)?,
            },
        };
        if found.is_empty() && op != Op::Remove {
            // A client that sets the work address of somebody who has none means one to be made; what it is to be is in the filter.
            let Some(mut made) = described(filter, attribute)? else {
                return Err(ScimError::bad(
                    ScimType::NoTarget,
                    format!("no value of `{}` fulfils the filter of the path; add one first", attribute.name),
                ));
            };
            if let Some(Json::Object(parts)) = new {
                made.extend(parts);
                add(attribute, values, Json::Object(made))?;
            }
            keep_one_primary(values);
            return Ok(());
        }
        for at in found.into_iter().rev() {
            match (&new, part) {
                (Some(Json::Object(parts)), _) => {
                    let is_preferred = parts.get("primary") == Some(&Json::Bool(true));
                    if is_preferred {
                        values
                            .iter_mut()
                            .filter_map(Json::as_object_mut)
                            .for_each(|other| drop(other.remove("primary")));
                    }
                    if let Some(have) = values.get_mut(at).and_then(Json::as_object_mut) {
                        have.extend(parts.clone());
                    }
                }
                (Some(new), _) => {
                    if let Some(have) = values.get_mut(at) {
                        *have = new.clone();
                    }
                }
                (None, Some(part)) if op != Op::Add => {
                    if let Some(have) = values.get_mut(at).and_then(Json::as_object_mut) {
                        have.remove(&part.name);
                    }
                }
                (None, None) if op != Op::Add => drop(values.remove(at)),
                (None, _) => {}
            }
        }
        values.retain(|value| !matches!(value, Json::Object(parts) if parts.is_empty()));
        keep_one_primary(values);
        Ok(())
    }

    fn try_often(&mut self, times: usize) -> Result<(), ScimError> {
        self.trials = self.trials.saturating_add(times);
        if self.trials > MOST_TRIALS {
            return Err(ScimError::bad(
                ScimType::TooMany,
                format!("the operations compare values more than {MOST_TRIALS} times; send them in several requests"),
            ));
        }
        Ok(())
    }

    fn forget_empty(&self, document: &mut Map<String, Json>, extension: Option<&Schema>) {
        let empty = |value: &Json| match value {
            Json::Array(values) => values.is_empty(),
            Json::Object(parts) => parts.is_empty(),
            _ => false,
        };
        within(document, extension).retain(|_, value| !empty(value));
        document.retain(|_, value| !empty(value));
    }
}

/// Adds a value to a list, unless it is there. The added one becomes the preferred one if it says so.
fn add(attribute: &Attribute, values: &mut Vec<Json>, value: Json) -> Result<(), ScimError> {
    if values.contains(&value) {
        return Ok(());
    }
    if values.len() >= MOST_VALUES {
        return Err(ScimError::value(format!(
            "the attribute `{}` would have more than {MOST_VALUES} values; remove some first",
            attribute.name
        )));
    }
    if value.get("primary") == Some(&Json::Bool(true)) {
        values.iter_mut().filter_map(Json::as_object_mut).for_each(|other| drop(other.remove("primary")));
    }
    values.push(value);
    Ok(())
}

/// Whether a value of a list is the one that a client names: by `value`, or else by all that it says of it.
fn is_same(have: &Json, named: &Json) -> bool {
    match (have.get("value"), named.get("value")) {
        (Some(have), Some(named)) => have == named,
        _ => have == named,
    }
}

/// What a filter of equations says of a value. `None` if it says something else.
fn described(filter: &Filter, attribute: &Attribute) -> Result<Option<Map<String, Json>>, ScimError> {
    let mut parts = Map::new();
    for term in filter.necessary() {
        let Filter::Compare(AttributeName { name, sub: None, .. }, Operator::Eq, value) = term else { return Ok(None) };
        let Some(part) = Attribute::find(&attribute.sub, name).filter(|part| part.is_writable()) else {
            return Ok(None);
        };
        let Some(value) = one(part, value)? else { return Ok(None) };
        parts.insert(part.name.clone(), value);
    }
    Ok(Some(parts))
}
