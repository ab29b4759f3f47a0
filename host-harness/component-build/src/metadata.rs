//! What a component says of itself, which registries and `wasm-tools metadata show` read.

use std::env;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wasm_metadata::{AddMetadata, AddMetadataField};

use super::{REVISION, SOURCE};

/// The metadata of a component.
#[derive(Debug)]
pub(crate) struct Description {
    name: String,
    version: String,
    description: Option<String>,
    license: Option<String>,
    source: Option<String>,
    revision: Option<String>,
}

impl Description {
    /// Asks cargo for what a package's manifest says.
    pub(crate) fn of(cargo: &str, root: &Path, package: &str) -> Result<Self, String> {
        let asked = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
            .current_dir(root)
            .output()
            .map_err(|error| format!("cargo cannot be run to read the manifest of {package}: {error}"))?;
        let metadata: Json = serde_json::from_slice(&asked.stdout).map_err(|_| {
            format!("cargo says nothing of {package}: {}", String::from_utf8_lossy(&asked.stderr).trim())
        })?;
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let manifest = packages
            .iter()
            .find(|one| one["name"] == package)
            .ok_or_else(|| format!("the workspace at {} has no package {package}", root.display()))?;
        let word = |name: &str| manifest[name].as_str().map(str::to_owned);
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        Ok(Self {
            name: package.to_owned(),
            version: word("version").ok_or_else(|| format!("the package {package} has no version"))?,
            description: word("description"),
            license: word("license"),
            source: word("repository").or_else(|| variable(SOURCE)),
            revision: variable(REVISION),
        })
    }

    /// The component with these metadata.
    pub(crate) fn put_into(&self, component: &[u8]) -> Result<Vec<u8>, String> {
        let mut add = AddMetadata::default();
        add.name = AddMetadataField::Set(self.name.clone());
        let mut described = add
            .to_wasm(component)
            .map_err(|error| format!("the metadata of {} cannot be put into its component: {error}", self.name))?;
        // The sections of the tool conventions, which have a text each.
        for (name, text) in [
            ("version", Some(&self.version)),
            ("description", self.description.as_ref()),
            ("licenses", self.license.as_ref()),
            ("source", self.source.as_ref()),
            ("revision", self.revision.as_ref()),
        ] {
            let Some(text) = text else { continue };
            CustomSection { name: name.into(), data: text.as_bytes().into() }.append_to_component(&mut described);
        }
        Ok(described)
    }
}

#[cfg(test)]
mod tests {
    use wasmparser::{Parser, Payload};

    use super::*;

    fn sections(component: &[u8]) -> Vec<(String, String)> {
        let found = Parser::new(0).parse_all(component).filter_map(|payload| match payload.unwrap() {
            Payload::CustomSection(section) => {
                Some((section.name().to_owned(), String::from_utf8_lossy(section.data()).into_owned()))
            }
            _ => None,
        });
        found.collect()
    }

    #[test]
    fn a_component_says_what_it_is() {
        let mut description = Description {
            name: "connector".to_owned(),
            version: "1.2.0".to_owned(),
            description: Some("A connector".to_owned()),
            license: Some("Apache-2.0".to_owned()),
            source: Some("https://source.example/connector".to_owned()),
            revision: Some("0123abcd".to_owned()),
        };
        let put = |description: &Description| description.put_into(b"\0asm\x0d\0\x01\0").unwrap();
        let found = sections(&put(&description));
        for (name, text) in [
            ("version", "1.2.0"),
            ("description", "A connector"),
            ("licenses", "Apache-2.0"),
            ("source", "https://source.example/connector"),
            ("revision", "0123abcd"),
        ] {
            assert!(found.contains(&(name.to_owned(), text.to_owned())), "{name}: {found:?}");
        }
        assert!(found.iter().any(|(name, data)| name == "component-name" && data.ends_with("connector")), "{found:?}");
        description.revision = None;
        assert!(!sections(&put(&description)).iter().any(|(name, _)| name == "revision"));
        assert!(description.put_into(b"nothing").is_err());
    }
}
