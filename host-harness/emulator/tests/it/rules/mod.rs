//! Every rule of the org, each by a request and the refusal that it meets: code, message and fields to the letter.

mod cases;
mod effects;
mod world;

use crate::rules::world::World;

/// One table for all rules. The letter is the fact's confidence; U means that a switch has other words.
#[tokio::test]
async fn every_rule_refuses_in_salesforces_words() {
    let mut failures = Vec::new();
    for case in cases::all() {
        if let Err(difference) = World::meet(&case).await {
            failures.push(format!("{} {}: {difference}", case.confidence, case.name));
        }
    }
    assert!(failures.is_empty(), "{} rules differ:\n{}", failures.len(), failures.join("\n"));
}
