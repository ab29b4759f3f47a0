//! The documents keep up with the code.

use salesforce_emulator::Switches;

#[test]
fn every_switch_is_documented_with_its_default() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/emulator.md");
    let text = std::fs::read_to_string(file).unwrap();
    let switches = serde_json::to_value(Switches::default()).unwrap();
    let missing: Vec<String> = switches
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, default)| format!("| `{name}` | `{default}` |"))
        .filter(|row| !text.contains(row.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/emulator.md lacks the rows that begin with:\n{}", missing.join("\n"));
}
