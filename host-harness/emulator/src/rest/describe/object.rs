//! An object in describe's words.

use serde_json::{Map, Value, json};

use super::field::describe as describe_field;
use super::url;
use crate::org::catalogue::{Features, Object, record_types};
use crate::rest::{Context, Version};

/// The record type that objects without record types of their own have (H).
const MASTER_RECORD_TYPE: &str = "012000000000000AAA";

fn urls(object: &Object, version: Version, full: bool) -> Value {
    let mut urls = Map::new();
    let mut put = |name: &str, rest: &str| urls.insert(name.to_owned(), json!(url(version, object, rest)));
    put("rowTemplate", "/{ID}");
    put("describe", "/describe");
    put("sobject", "");
    if object.is_layoutable() {
        put("compactLayouts", "/describe/compactLayouts");
        put("layouts", "/describe/layouts");
        put("defaultValues", "/defaultValues?recordTypeId&fields");
        put("quickActions", "/quickActions");
        // Users have a resource for their password, and neither list views nor approvals (H).
        if object.name == "User" {
            put("passwordUtilities", "/{ID}/password");
            put("namedLayouts", "/describe/namedLayouts/{LayoutName}");
        } else {
            put("approvalLayouts", "/describe/approvalLayouts");
            put("listviews", "/listviews");
        }
    }
    if full {
        for (name, page) in [("uiDetailTemplate", "{ID}"), ("uiEditTemplate", "{ID}/e"), ("uiNewRecord", "e")] {
            urls.insert(name.to_owned(), json!(format!("/{}/{page}", object.key_prefix).replace("//", "/")));
        }
    }
    Value::Object(urls)
}

fn common(object: &Object, version: Version, full: bool) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
    let layoutable = object.is_layoutable();
    let role = object.name == "UserRole";
    let found = matches!(object.name, "Group" | "UserLicense" | "SetupAuditTrail" | "PermissionSetLicense");
    put("activateable", json!(false));
    put("associateEntityType", Value::Null);
    put("associateParentEntity", Value::Null);
    put("createable", json!(object.createable || object.is_set_up_by_api()));
    put("custom", json!(false));
    put("customSetting", json!(false));
    put("deepCloneable", json!(false));
    put("deletable", json!(object.deletable || object.is_set_up_by_api()));
    put("deprecatedAndHidden", json!(false));
    put("feedEnabled", json!(layoutable));
    put("hasSubtypes", json!(false));
    put("isInterface", json!(false));
    put("isSubtype", json!(false));
    put("keyPrefix", json!(object.key_prefix));
    put("label", json!(object.label));
    put("labelPlural", json!(object.label_plural));
    put("layoutable", json!(layoutable || role));
    put("mergeable", json!(matches!(object.name, "Account" | "Contact")));
    put("mruEnabled", json!(layoutable || role));
    put("name", json!(object.name));
    put("queryable", json!(true));
    put("replicateable", json!(object.is_replicateable()));
    put("retrieveable", json!(true));
    put("searchable", json!(layoutable || role || found));
    put("triggerable", json!(layoutable));
    put("undeletable", json!(object.recycled));
    put("updateable", json!(object.updateable || object.is_set_up_by_api()));
    put("urls", urls(object, version, full));
    map
}

/// An object without its fields, as in the list of all.
pub(super) fn brief(object: &Object, version: Version) -> Value {
    Value::Object(common(object, version, false))
}

fn child_relationships(object: &Object, features: Features) -> Value {
    object
        .children()
        .filter(|(child, field, _)| child.is_in(features) && features.allow(field.needs))
        .map(|(child, field, reference)| {
            // What goes with its parent when that is deleted.
            let cascade = matches!((child.name, field.name), ("Contact", "AccountId") | ("GroupMember", "GroupId"));
            json!({
                "cascadeDelete": cascade,
                "childSObject": child.name,
                "deprecatedAndHidden": false,
                "field": field.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": reference.child_relationship,
                "restrictedDelete": false,
            })
        })
        .collect()
}

fn record_types(context: &Context<'_>, object: &Object) -> Value {
    if !object.is_layoutable() {
        return json!([]);
    }
    let shown = |id: &str, name: [&str; 2], [active, available, default, master]: [bool; 4]| {
        json!({
            "active": active,
            "available": available,
            "defaultRecordTypeMapping": default,
            "developerName": name[0],
            "master": master,
            "name": name[1],
            "recordTypeId": id,
            "urls": {"layout": url(context.version, object, &format!("/describe/layouts/{id}"))},
        })
    };
    let org = context.actor.org;
    let mut list = Vec::new();
    if org.switches().record_types {
        list.extend(record_types::of(&org.facts, object.name).map(|(id, kind)| {
            shown(&id, [kind.developer_name, kind.name], [kind.active, kind.available, kind.default, false])
        }));
    }
    list.push(shown(MASTER_RECORD_TYPE, ["Master", "Master"], [true, true, list.is_empty(), true]));
    Value::Array(list)
}

/// An object with its fields.
pub(super) fn full(context: &Context<'_>, object: &Object) -> Value {
    let features = context.actor.org.switches().features();
    let mut map = common(object, context.version, true);
    let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
    let plural = object.label_plural.to_lowercase();
    let mut scopes = vec![json!({"label": format!("All {plural}"), "name": "everything"})];
    if object.field("OwnerId").is_some() {
        scopes.push(json!({"label": format!("My {plural}"), "name": "mine"}));
    }
    put("actionOverrides", json!([]));
    put("childRelationships", child_relationships(object, features));
    put("compactLayoutable", json!(object.is_layoutable()));
    put("defaultImplementation", Value::Null);
    put("extendedBy", Value::Null);
    put("extendsInterfaces", Value::Null);
    put("fields", object.fields_in(features).map(|field| describe_field(object, field)).collect());
    put("implementedBy", Value::Null);
    put("implementsInterfaces", Value::Null);
    put("listviewable", Value::Null);
    put("lookupLayoutable", Value::Null);
    put("namedLayoutInfos", json!([]));
    put("networkScopeFieldName", Value::Null);
    put("recordTypeInfos", record_types(context, object));
    put("searchLayoutable", json!(object.is_layoutable()));
    put("sobjectDescribeOption", json!("FULL"));
    put("supportedScopes", Value::Array(scopes));
    Value::Object(map)
}
