//! Schemas and types of resources as `/Schemas` and `/ResourceTypes` give them.

use serde_json::{Map, Value as Json, json};

use super::{Attribute, Kind, Mutability, Resource, Returned, Schema, Uniqueness};

/// A schema as a resource. `base` is the address of the service.
pub fn schema(schema: &Schema, base: &str) -> Json {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) },
    })
}

/// A type of resources as a resource.
pub fn resource_type(resource: &Resource, base: &str) -> Json {
    let extensions: Vec<Json> =
        resource.extensions.iter().map(|schema| json!({ "schema": schema.id, "required": false })).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": resource.name,
        "name": resource.name,
        "endpoint": resource.endpoint,
        "description": resource.description,
        "schema": resource.core.id,
        "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", resource.name) },
    })
}

fn attribute(attribute: &Attribute) -> Json {
    let mut rendered = Map::new();
    let mut put = |name: &str, value: Json| rendered.insert(name.to_owned(), value);
    put("name", attribute.name.clone().into());
    put("type", attribute.kind.to_string().into());
    put("multiValued", attribute.many.into());
    put("description", attribute.description.clone().into());
    put("required", attribute.required.into());
    put("caseExact", attribute.case_exact.into());
    let mutability = match attribute.mutability {
        Mutability::ReadOnly => "readOnly",
        Mutability::ReadWrite => "readWrite",
        Mutability::WriteOnly => "writeOnly",
        Mutability::Immutable => "immutable",
    };
    put("mutability", mutability.into());
    let returned = match attribute.returned {
        Returned::Always => "always",
        Returned::Never => "never",
        Returned::Default => "default",
    };
    put("returned", returned.into());
    let uniqueness = match attribute.uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
    };
    put("uniqueness", uniqueness.into());
    if !attribute.canonical.is_empty() {
        put("canonicalValues", attribute.canonical.clone().into());
    }
    if attribute.kind == Kind::Reference {
        put("referenceTypes", attribute.references.clone().into());
    }
    if attribute.kind == Kind::Complex {
        put("subAttributes", attribute.sub.iter().map(self::attribute).collect::<Vec<_>>().into());
    }
    rendered.into()
}
