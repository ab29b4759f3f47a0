//! A look at a component before anything of it is compiled.
//!
//! Compiling takes much longer than reading, and how much longer is in the hands of whoever wrote the component. So what a component
//! asks for and which version it speaks is read off its bytes, and what would take a compiler too long is refused.

use wasmparser::{Encoding, Instance, Parser, Payload};

use super::error::LoadError;
use super::given::given;
use super::interface::{self, InterfaceVersion, Spoken};

/// The longest component. One that brings an interpreter of JavaScript or Python has been seen to take 8 to 40 MB.
const LONGEST: usize = 64 << 20;

/// The longest function, in bytes. The time for a function grows faster than its length: one of a megabyte took minutes. The longest
/// of the embedded connector has 60 KiB, and the longest of CPython 3.14 has 417 KiB.
const LONGEST_FUNCTION: usize = 512 << 10;

/// The most functions. The embedded connector has 2,500, CPython 20,000.
const MOST_FUNCTIONS: usize = 100_000;

/// The most modules and components in a component, which are compiled one by one. Linkers make three or four, and componentize-py, which
/// links C libraries like shared ones, some forty.
const MOST_MODULES: usize = 64;

/// The most core instances of a component. componentize-py was seen to make 38.
pub(crate) const MOST_INSTANCES: u32 = 64;

/// The most memories of a component. One that is linked of several programs has one for each; three were seen.
pub(crate) const MOST_MEMORIES: u32 = 4;

/// The most tables of a component. Each program has one or two, and so has each adapter.
pub(crate) const MOST_TABLES: u32 = 16;

/// What a component needs of an engine. What stands in it once is counted once, even if it is instantiated repeatedly; the store
/// counts again when it is ([`super::limits`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) instances: u32,
    pub(crate) memories: u32,
    pub(crate) tables: u32,
}

/// What a component asks for and gives.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) size: Size,
    pub(crate) interface: InterfaceVersion,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
}

impl Size {
    /// Whether this is no more than `other`.
    pub(crate) fn fits(self, other: Self) -> bool {
        self.instances <= other.instances && self.memories <= other.memories && self.tables <= other.tables
    }

    fn check(self) -> Result<(), String> {
        for (has, most, what) in [
            (self.instances, MOST_INSTANCES, "core instances"),
            (self.memories, MOST_MEMORIES, "memories"),
            (self.tables, MOST_TABLES, "tables"),
        ] {
            if has > most {
                return Err(format!("it has {has} {what}, and {most} are the most"));
            }
        }
        Ok(())
    }
}

/// Reads what a component asks for and gives.
///
/// # Errors
/// When it is no component, asks for something that no connector is given, does not speak the version that is served, or is larger
/// than what is compiled.
pub(crate) fn survey(bytes: &[u8]) -> Result<Survey, LoadError> {
    if bytes.len() > LONGEST {
        return Err(too_large(format!("it is {} bytes long, and {LONGEST} are the most", bytes.len())));
    }
    let no_component = |reason: &dyn std::fmt::Display| LoadError::NotAComponent(reason.to_string());
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let (mut depth, mut modules, mut functions) = (0_usize, 0_usize, 0_usize);
    let (mut size, mut needed) = (Ok(()), Size::default());
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| no_component(&error))? {
            Payload::Version { encoding, .. } => {
                if depth == 0 && encoding != Encoding::Component {
                    return Err(no_component(&"it is a core module, which must be wrapped into a component"));
                }
                depth += 1;
                modules += 1;
                if modules > MOST_MODULES {
                    size = size.and(Err(format!("it has more than {MOST_MODULES} modules")));
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    imports.push(import.map_err(|error| no_component(&error))?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    exports.push(export.map_err(|error| no_component(&error))?.name.name.to_owned());
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    let instance = instance.map_err(|error| no_component(&error))?;
                    needed.instances += u32::from(matches!(instance, Instance::Instantiate { .. }));
                }
            }
            Payload::MemorySection(section) => needed.memories += section.count(),
            Payload::TableSection(section) => needed.tables += section.count(),
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                let length = body.range().len();
                if length > LONGEST_FUNCTION {
                    size = size.and(Err(format!(
                        "a function of it is {length} bytes long, and {LONGEST_FUNCTION} are the most"
                    )));
                }
                if functions > MOST_FUNCTIONS {
                    size = size.and(Err(format!("it has more than {MOST_FUNCTIONS} functions")));
                }
            }
            _ => {}
        }
    }
    // What it asks for is the better reason, where there are two.
    let interface = checked(&imports, &exports)?;
    size.and_then(|()| needed.check()).map_err(too_large)?;
    Ok(Survey { size: needed, interface, imports, exports })
}

fn checked(imports: &[String], exports: &[String]) -> Result<InterfaceVersion, LoadError> {
    if let Some(foreign) = imports.iter().find(|import| given(import).is_none()) {
        return Err(LoadError::ForeignImport(foreign.clone()));
    }
    match interface::interface_version(exports) {
        Spoken::Served(version) => Ok(version),
        Spoken::Other(found) => {
            Err(LoadError::OtherVersion { found: found.to_owned(), served: InterfaceVersion::SERVED })
        }
        Spoken::Nothing => Err(LoadError::NotAConnector("it exports nothing of that name".to_owned())),
    }
}

fn too_large(reason: String) -> LoadError {
    LoadError::TooLarge(reason)
}
