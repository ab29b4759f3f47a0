//! The duplicate rule for contacts: whoever has the same e-mail address and last name, or the same name on the same
//! account, is found already.
//!
//! Salesforce's standard rule compares by likeness; this one by equality, which is enough for a client to meet its
//! refusal.

use rusqlite::params;
use serde_json::{Value as Json, json};

use super::Actor;
use crate::error::ApiError;
use crate::org::clock;
use crate::org::store::{self, Row};
use crate::org::switches::DuplicateRule;

/// Duplicates that a refusal shows at most.
const SHOWN: u32 = 10;

/// Refuses a contact that the org's rule finds already there (H for shape and words).
pub(super) fn check(actor: &Actor<'_>, after: &Row, own_id: Option<&str>) -> Result<(), ApiError> {
    let switches = actor.org.switches();
    let alerts = match switches.contact_duplicates {
        DuplicateRule::Off => return Ok(()),
        DuplicateRule::Alert if actor.options.allow_duplicates => return Ok(()),
        DuplicateRule::Alert => true,
        DuplicateRule::Block => false,
    };
    let found = matches(actor, after, own_id.unwrap_or_default())?;
    if found.is_empty() {
        return Ok(());
    }
    let message = "You're creating a duplicate record. We recommend you use an existing record instead.";
    let result = json!({
        "allowSave": alerts,
        "duplicateRule": "Standard_Contact_Duplicate_Rule",
        "duplicateRuleEntityType": "Contact",
        "errorMessage": message,
        "matchResults": [{
            "entityType": "Contact",
            "errors": [],
            "matchEngine": "FuzzyMatchEngine",
            "matchRecords": found.iter().map(|id| shown(actor, id)).collect::<Result<Vec<Json>, ApiError>>()?,
            "rule": "Standard_Contact_Match_Rule_v1_1",
            "size": found.len(),
            "success": true,
        }],
    });
    let key = if switches.duplicate_result_spelt_right { "duplicateResult" } else { "duplicateResut" };
    Err(ApiError { extra: Some((key, Box::new(result))), ..ApiError::new(400, "DUPLICATES_DETECTED", message) })
}

fn matches(actor: &Actor<'_>, row: &Row, own_id: &str) -> Result<Vec<String>, ApiError> {
    let text = |field: &str| store::text(row, field);
    let mut by_email = actor.db.prepare_cached(
        "SELECT Id FROM Contact WHERE Email = ?1 AND LastName = ?2 AND Id <> ?3 AND IsDeleted = 0 LIMIT ?4",
    )?;
    let mut by_name = actor.db.prepare_cached(
        "SELECT Id FROM Contact WHERE AccountId = ?1 AND LastName = ?2 AND Id <> ?3 AND IsDeleted = 0
           AND FirstName IS ?5 LIMIT ?4",
    )?;
    let id = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let mut found: Vec<String> = by_email
        .query_map(params![text("Email"), text("LastName"), own_id, SHOWN], id)?
        .collect::<rusqlite::Result<_>>()?;
    for same in by_name
        .query_map(params![text("AccountId"), text("LastName"), own_id, SHOWN, text("FirstName")], id)?
        .collect::<rusqlite::Result<Vec<_>>>()?
    {
        if !found.contains(&same) {
            found.push(same);
        }
    }
    Ok(found)
}

fn shown(actor: &Actor<'_>, id: &str) -> Result<Json, ApiError> {
    let url = format!("/services/data/v64.0/sobjects/Contact/{id}");
    let mut record = json!({"attributes": {"type": "Contact", "url": url}, "Id": id});
    if actor.options.show_duplicates
        && let Some(map) = record.as_object_mut()
    {
        actor.db.prepare_cached("SELECT Name, Email, SystemModstamp FROM Contact WHERE Id = ?1")?.query_row(
            [id],
            |row| {
                map.insert("Name".to_owned(), json!(row.get::<_, Option<String>>(0)?));
                map.insert("Email".to_owned(), json!(row.get::<_, Option<String>>(1)?));
                map.insert("SystemModstamp".to_owned(), json!(clock::rest_datetime(row.get(2)?)));
                Ok(())
            },
        )?;
    }
    Ok(json!({"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}))
}
