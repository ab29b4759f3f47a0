//! The attributes of the application's users.

use super::Target;
use super::bench::Bench;
use super::check::{Check, Unmet, ensure, failed, repeated};
use provisioning_runtime::Application as _;
use provisioning_runtime::wit::AttributeDefinition;

pub(super) const CHECKS: &[Check] = &[WELL_FORMED, STABLE];

const WELL_FORMED: Check = Check::reading(
    "schema.well-formed",
    "Attributes have unique names, labels, a type of RFC 7643, a sane length, and no choice twice; a required one is writable.",
);
const STABLE: Check =
    Check::reading("schema.stable", "`list-attributes` gives the same attributes in the same order in another job.");

/// RFC 7643 §2.3, without `binary` and `complex`, which the interface has no values for.
const KINDS: [&str; 6] = ["string", "boolean", "integer", "decimal", "dateTime", "reference"];

pub(super) async fn check<T: Target>(bench: &mut Bench<'_, T>) {
    bench
        .check(&WELL_FORMED, async |bench| {
            let attributes = bench.job().await?.list_attributes().await?;
            well_formed(&attributes)?;
            let writable = attributes.iter().filter(|attribute| attribute.writable).count();
            Ok(format!("{} attributes, {writable} of them writable", attributes.len()))
        })
        .await;
    bench
        .check(&STABLE, async |bench| {
            let first = bench.job().await?.list_attributes().await?;
            let second = bench.job().await?.list_attributes().await?;
            ensure(format!("{first:?}") == format!("{second:?}"), || "two jobs gave two schemas".to_owned())?;
            Ok("two jobs gave the same".to_owned())
        })
        .await;
}

fn well_formed(attributes: &[AttributeDefinition]) -> Result<(), Unmet> {
    ensure(!attributes.is_empty(), || "there are no attributes".to_owned())?;
    if let Some(name) = repeated(attributes.iter().map(|attribute| attribute.name.as_str())) {
        return failed(format!("two attributes are called `{name}`"));
    }
    for attribute in attributes {
        let name = &attribute.name;
        ensure(!name.trim().is_empty() && !attribute.label.trim().is_empty(), || {
            format!("the attribute `{name}` has no name or no label")
        })?;
        ensure(KINDS.contains(&attribute.kind.as_str()), || {
            format!("the attribute `{name}` is of the kind `{}`, which is none of {}", attribute.kind, KINDS.join(", "))
        })?;
        ensure(attribute.max_length != Some(0), || format!("the attribute `{name}` holds no character"))?;
        if let Some(choice) = repeated(attribute.choices.iter().map(String::as_str)) {
            return failed(format!("the attribute `{name}` has the choice `{choice}` twice"));
        }
        ensure(!attribute.required || attribute.writable, || {
            format!("a new user needs the attribute `{name}`, which no push may set")
        })?;
    }
    Ok(())
}
