//! What the program says of the software that it contains.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::support::Fixture;

/// The licence of what the notices are for.
const OWN: &str = "Apache-2.0";

/// The program and the component in it, each with what it runs on.
const BUILT: [(&str, &str); 2] =
    [("host-harness", "x86_64-unknown-linux-gnu"), ("salesforce-portal-connector", "wasm32-unknown-unknown")];

/// What cargo says of the workspace, for a platform.
fn metadata(platform: &str) -> Json {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text<'a>(of: &'a Json, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

/// The packages of others that a package of the workspace is built from; not what builds or tests it.
fn built_from(root: &str, metadata: &Json) -> Vec<Json> {
    let nodes: BTreeMap<&str, &Json> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| (text(node, "id"), node)).collect();
    let packages = metadata["packages"].as_array().unwrap();
    let mut open: Vec<&str> =
        packages.iter().filter(|package| text(package, "name") == root).map(|package| text(package, "id")).collect();
    assert_eq!(open.len(), 1, "{root}");
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            let is_normal = |dependency: &&Json| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
            };
            let dependencies = nodes[id]["deps"].as_array().unwrap().iter().filter(is_normal);
            open.extend(dependencies.map(|dependency| text(dependency, "pkg")));
        }
    }
    let of_others = |package: &&Json| !package["source"].is_null() && seen.contains(text(package, "id"));
    packages.iter().filter(of_others).cloned().collect()
}

/// The licence texts that a package comes with.
fn licences(folder: &Path) -> Vec<String> {
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().to_uppercase();
        let names = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
        path.is_file() && names.iter().any(|start| name.starts_with(start))
    };
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(is_licence).collect();
    files.sort();
    let read = |path: &PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).trim_end().replace("\r\n", "\n");
    files.iter().map(read).filter(|text| !text.is_empty()).collect()
}

/// All notices, as the file has them.
fn notices() -> String {
    let mut packages: Vec<Json> =
        BUILT.iter().flat_map(|(root, platform)| built_from(root, &metadata(platform))).collect();
    packages.sort_by(|a, b| (text(a, "name"), text(a, "version")).cmp(&(text(b, "name"), text(b, "version"))));
    packages.dedup_by(|a, b| a["id"] == b["id"]);
    let of = |package: &Json| licences(Path::new(text(package, "manifest_path")).parent().unwrap());
    // Some come without a text. That of the Apache licence names no authors, so that of another package serves.
    let of_another = |package: &Json| {
        let license = text(package, "license");
        let same = packages.iter().filter(|other| license.starts_with(OWN) && text(other, "license") == license);
        same.map(&of).find(|found| !found.is_empty())
    };
    let mut texts: Vec<String> = Vec::new();
    let mut listed = Vec::new();
    for package in &packages {
        let mut own = of(package);
        if own.is_empty() {
            own = of_another(package).unwrap_or_else(|| panic!("no licence text for {}", text(package, "name")));
        }
        let positions: Vec<usize> = own
            .into_iter()
            .map(|text| {
                texts.iter().position(|known| *known == text).unwrap_or_else(|| {
                    texts.push(text);
                    texts.len() - 1
                })
            })
            .collect();
        listed.push(json!({
            "name": text(package, "name"),
            "version": text(package, "version"),
            "license": text(package, "license"),
            "repository": text(package, "repository"),
            "texts": positions,
        }));
    }
    serde_json::to_string_pretty(&json!({ "packages": listed, "texts": texts })).unwrap() + "\n"
}

#[test]
fn the_notices_are_those_of_all_that_the_program_is_built_from() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("third-party.json");
    let wanted = notices();
    if std::env::var_os("GOLDEN").is_some_and(|wish| wish == "renew") {
        std::fs::write(&file, &wanted).unwrap();
    }
    let is_so = std::fs::read_to_string(&file).unwrap_or_default() == wanted;
    assert!(is_so, "the dependencies have changed; `make notices` writes host-harness/cli/third-party.json anew");
}

#[test]
fn every_package_is_listed_with_its_licence_and_its_text() {
    let fixture = Fixture::new(1, 96);
    let document = fixture.run(&["licenses", "--json"]).json();
    let packages = document["packages"].as_array().unwrap();
    let texts = document["texts"].as_array().unwrap();
    for name in ["wasmtime", "rusqlite", "axum", "wit-bindgen"] {
        let package = packages.iter().find(|package| package["name"] == name);
        let package = package.unwrap_or_else(|| panic!("{name} isn't listed"));
        assert_ne!(package["license"], "", "{name}");
        let first = package["texts"][0].as_u64().unwrap() as usize;
        assert!(texts[first].as_str().unwrap().to_lowercase().contains("licen"), "{name}");
    }
    let readable = fixture.run(&["licenses"]);
    assert_eq!(readable.code, 0);
    assert!(readable.stdout.contains(&format!("licensed under {OWN}")));
    for text in texts {
        assert!(readable.stdout.contains(text.as_str().unwrap()), "{text}");
    }
}
