//! A component that has the exports of a connector and does nothing in any of them, for tests that need one to load.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// The component.
pub(crate) fn component() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/wit")).unwrap().0;
    let world = resolve.select_world(&[package], Some("connector")).unwrap();
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}
