//! Whether a component's functions are those of the interface, type by type.
//!
//! Wasmtime compares types too, but not before a function is called, and without the names of records. A connector that was built from
//! another text of the interface is refused here when it is loaded, with the function and the record that differ.

use std::collections::HashMap;
use std::sync::OnceLock;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wit_parser::{
    Function, FunctionKind, Interface, Resolve, SourceMap, Type as Wit, TypeDefKind, TypeId, UnresolvedPackageGroup,
};

use super::interface::CONNECTOR;

/// A file of the interface: its path, and its text.
type File = (&'static str, &'static str);

macro_rules! package {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../wit/", $path)))),*] };
}

/// The text of the interface, package by package, each behind those that it uses.
const PACKAGES: &[&[File]] = &[
    package!("deps/io/world.wit", "deps/io/error.wit", "deps/io/poll.wit", "deps/io/streams.wit"),
    package!("deps/clocks/world.wit", "deps/clocks/wall-clock.wit", "deps/clocks/monotonic-clock.wit"),
    package!("types.wit", "log.wit", "ledger.wit", "secrets.wit", "http.wit", "connector.wit"),
];

/// The text of the interface: the path of each file in a folder of WIT, and what is in it. A connector is built from these.
pub fn interface_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    PACKAGES.iter().copied().flatten().copied()
}

/// The interface as it is written.
struct Expected {
    resolve: Resolve,
    connector: Interface,
}

/// Reads the text of the interface, once.
fn expected() -> Result<&'static Expected, String> {
    static EXPECTED: OnceLock<Result<Expected, String>> = OnceLock::new();
    EXPECTED.get_or_init(read).as_ref().map_err(Clone::clone)
}

fn read() -> Result<Expected, String> {
    let mut resolve = Resolve::default();
    for package in PACKAGES {
        let mut sources = SourceMap::default();
        for (name, text) in *package {
            sources.push_str(name, *text);
        }
        let group: UnresolvedPackageGroup =
            sources.parse().map_err(|(_, error)| format!("the host's own text of the interface: {error:?}"))?;
        resolve.push_group(group).map_err(|error| format!("the host's own text of the interface: {error:?}"))?;
    }
    let connector = resolve
        .interfaces
        .iter()
        .find(|(_, interface)| interface.name.as_deref() == Some("provisioning-connector"))
        .map(|(_, interface)| interface.clone())
        .ok_or("the host's own text of the interface has no provisioning-connector")?;
    Ok(Expected { resolve, connector })
}

/// Compares a component's functions with those of the interface. `exports` are the names of what it exports.
///
/// # Errors
/// The first difference, in words that follow a colon.
pub(crate) fn check(engine: &Engine, component: &Component, exports: &[String]) -> Result<(), String> {
    let expected = expected()?;
    let ty = component.component_type();
    let connector = exports.iter().rfind(|name| name.starts_with(CONNECTOR));
    let Some(item) = connector.and_then(|name| ty.get_export(engine, name)) else {
        return Err("it exports nothing of that name".to_owned());
    };
    let ComponentItem::ComponentInstance(instance) = item.ty else {
        return Err("what it exports by that name isn't an interface".to_owned());
    };
    let mut found = HashMap::new();
    for (name, item) in instance.exports(engine) {
        if let ComponentItem::ComponentFunc(function) = item.ty {
            found.insert(name.to_owned(), function);
        }
    }
    for (name, function) in &expected.connector.functions {
        let Some(other) = found.get(name.as_str()) else { return Err(format!("the function `{name}` is missing")) };
        Comparison { resolve: &expected.resolve }
            .function(function, other)
            .map_err(|difference| format!("the function `{name}` differs: {difference}"))?;
    }
    Ok(())
}

struct Comparison<'a> {
    resolve: &'a Resolve,
}

impl Comparison<'_> {
    fn function(&self, wanted: &Function, found: &ComponentFunc) -> Result<(), String> {
        let params: Vec<(&str, Type)> = found.params().collect();
        let names = || wanted.params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>().join(", ");
        if params.len() != wanted.params.len() {
            return Err(format!("it takes {} parameters and not {} ({})", params.len(), wanted.params.len(), names()));
        }
        for (param, (name, ty)) in wanted.params.iter().zip(&params) {
            // A method's own resource is what it is a method of.
            let own = matches!(wanted.kind, FunctionKind::Method(_)) && param.name == "self";
            if !own {
                self.compare(&param.ty, ty).map_err(|difference| format!("parameter `{name}`: {difference}"))?;
            }
        }
        let results: Vec<Type> = found.results().collect();
        match (&wanted.result, results.as_slice()) {
            (None, []) => Ok(()),
            (Some(wanted), [found]) => {
                self.compare(wanted, found).map_err(|difference| format!("result: {difference}"))
            }
            (None, _) => Err("it has a result and should have none".to_owned()),
            (Some(wanted), _) => Err(format!("it has no result and should have {}", self.name(wanted))),
        }
    }

    fn compare(&self, wanted: &Wit, found: &Type) -> Result<(), String> {
        let differ = || Err(format!("it is {} and should be {}", described(found), self.name(wanted)));
        let id = match (wanted, found) {
            (Wit::Bool, Type::Bool)
            | (Wit::U8, Type::U8)
            | (Wit::U16, Type::U16)
            | (Wit::U32, Type::U32)
            | (Wit::U64, Type::U64)
            | (Wit::S8, Type::S8)
            | (Wit::S16, Type::S16)
            | (Wit::S32, Type::S32)
            | (Wit::S64, Type::S64)
            | (Wit::F32, Type::Float32)
            | (Wit::F64, Type::Float64)
            | (Wit::Char, Type::Char)
            | (Wit::String, Type::String) => return Ok(()),
            (Wit::Id(id), _) => *id,
            _ => return differ(),
        };
        let at = |difference: String| format!("{}{difference}", self.place(id));
        match (&self.resolve.types[id].kind, found) {
            (TypeDefKind::Type(alias), _) => self.compare(alias, found),
            (TypeDefKind::List(item), Type::List(list)) => self.compare(item, &list.ty()),
            (TypeDefKind::Option(some), Type::Option(option)) => self.compare(some, &option.ty()),
            (TypeDefKind::Result(wanted), Type::Result(result)) => {
                self.optional(wanted.ok.as_ref(), result.ok()).map_err(|difference| format!("ok: {difference}"))?;
                self.optional(wanted.err.as_ref(), result.err()).map_err(|difference| format!("error: {difference}"))
            }
            (TypeDefKind::Tuple(wanted), Type::Tuple(tuple)) => {
                let types: Vec<Type> = tuple.types().collect();
                if types.len() != wanted.types.len() {
                    return differ();
                }
                wanted.types.iter().zip(&types).try_for_each(|(wanted, found)| self.compare(wanted, found))
            }
            (TypeDefKind::Record(wanted), Type::Record(record)) => {
                let found: Vec<_> = record.fields().map(|field| (field.name.to_owned(), field.ty)).collect();
                let names: Vec<&str> = wanted.fields.iter().map(|field| field.name.as_str()).collect();
                same_names("field", &names, &found).map_err(at)?;
                for (field, (name, ty)) in wanted.fields.iter().zip(&found) {
                    self.compare(&field.ty, ty).map_err(|difference| at(format!("field `{name}`: {difference}")))?;
                }
                Ok(())
            }
            (TypeDefKind::Variant(wanted), Type::Variant(variant)) => {
                let found: Vec<_> = variant.cases().map(|case| (case.name.to_owned(), case.ty)).collect();
                let names: Vec<&str> = wanted.cases.iter().map(|case| case.name.as_str()).collect();
                same_names("case", &names, &found).map_err(at)?;
                for (case, (name, ty)) in wanted.cases.iter().zip(found) {
                    self.optional(case.ty.as_ref(), ty)
                        .map_err(|difference| at(format!("case `{name}`: {difference}")))?;
                }
                Ok(())
            }
            (TypeDefKind::Enum(wanted), Type::Enum(found)) => {
                let names: Vec<&str> = wanted.cases.iter().map(|case| case.name.as_str()).collect();
                let found: Vec<_> = found.names().map(|name| (name.to_owned(), ())).collect();
                same_names("case", &names, &found).map_err(at)
            }
            (TypeDefKind::Flags(wanted), Type::Flags(found)) => {
                let names: Vec<&str> = wanted.flags.iter().map(|flag| flag.name.as_str()).collect();
                let found: Vec<_> = found.names().map(|name| (name.to_owned(), ())).collect();
                same_names("flag", &names, &found).map_err(at)
            }
            (TypeDefKind::Handle(_) | TypeDefKind::Resource, Type::Own(_) | Type::Borrow(_)) => Ok(()),
            _ => differ(),
        }
    }

    fn optional(&self, wanted: Option<&Wit>, found: Option<Type>) -> Result<(), String> {
        match (wanted, found) {
            (None, None) => Ok(()),
            (Some(wanted), Some(found)) => self.compare(wanted, &found),
            (Some(wanted), None) => Err(format!("it is nothing and should be {}", self.name(wanted))),
            (None, Some(found)) => Err(format!("it is {} and should be nothing", described(&found))),
        }
    }

    /// A named type as the place of a difference.
    fn place(&self, id: TypeId) -> String {
        let ty = &self.resolve.types[id];
        ty.name.as_ref().map(|name| format!("{} `{name}`: ", ty.kind.as_str())).unwrap_or_default()
    }

    fn name(&self, wanted: &Wit) -> String {
        match wanted {
            Wit::Id(id) => {
                let ty = &self.resolve.types[*id];
                match &ty.name {
                    Some(name) => format!("the {} `{name}`", ty.kind.as_str()),
                    None => format!("a value of the kind {}", ty.kind.as_str()),
                }
            }
            plain => format!("{plain:?}").to_lowercase(),
        }
    }
}

/// Compares names, which are in order.
fn same_names<T>(what: &str, wanted: &[&str], found: &[(String, T)]) -> Result<(), String> {
    let has = |name: &str| found.iter().any(|(other, _)| other == name);
    if let Some(missing) = wanted.iter().find(|name| !has(name)) {
        return Err(format!("the {what} `{missing}` is missing"));
    }
    if let Some((stray, _)) = found.iter().find(|(name, _)| !wanted.contains(&name.as_str())) {
        return Err(format!("it has the {what} `{stray}`, which this version doesn't"));
    }
    match wanted.iter().zip(found).find(|(wanted, (found, _))| *wanted != found) {
        Some((wanted, (found, _))) => Err(format!("the {what} `{found}` stands where `{wanted}` should")),
        None => Ok(()),
    }
}

fn described(found: &Type) -> &'static str {
    match found {
        Type::Bool => "a bool",
        Type::String => "a string",
        Type::Char => "a char",
        Type::List(_) => "a list",
        Type::Record(_) => "a record",
        Type::Tuple(_) => "a tuple",
        Type::Variant(_) => "a variant",
        Type::Enum(_) => "an enum",
        Type::Option(_) => "an option",
        Type::Result(_) => "a result",
        Type::Flags(_) => "flags",
        Type::Own(_) | Type::Borrow(_) => "a resource",
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::S8 | Type::S16 | Type::S32 | Type::S64 => {
            "an integer of another size"
        }
        _ => "of another kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_interface_is_that_of_the_bindings() {
        let expected = expected().unwrap();
        let functions: Vec<&str> = expected.connector.functions.keys().map(String::as_str).collect();
        assert!(functions.contains(&"describe") && functions.contains(&"[method]session.push-users"), "{functions:?}");
        assert_eq!(functions.len(), 12, "{functions:?}");
    }
}
