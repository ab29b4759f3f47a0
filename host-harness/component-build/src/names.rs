//! Taking out of a component the names of its own items.
//!
//! They are a hundredth of the connector, and serve those alone who read the component as text. Neither cargo's `strip` nor
//! the linker's `--strip-all` reaches further than the core module inside.

/// Preamble of a component: magic, version and layer (Component Model, `Binary.md`).
const PREAMBLE: usize = 8;
const LAYER: &[u8] = &[1, 0];

/// A custom section, and the name of the one that goes.
const CUSTOM: u8 = 0;
const NAMES: &[u8] = b"component-name";

/// The component without them; none where the bytes are no component.
pub(crate) fn removed(component: &[u8]) -> Option<Vec<u8>> {
    let (preamble, mut rest) = component.split_at_checked(PREAMBLE)?;
    if !preamble.starts_with(b"\0asm") || !preamble.ends_with(LAYER) {
        return None;
    }
    let mut kept = preamble.to_vec();
    while let Some((id, behind)) = rest.split_first() {
        let (size, behind) = number(behind)?;
        let (body, next) = behind.split_at_checked(size)?;
        let is_names = *id == CUSTOM && number(body)?.1.starts_with(NAMES);
        if !is_names {
            kept.extend(rest.get(..rest.len() - next.len())?);
        }
        rest = next;
    }
    Some(kept)
}

/// An unsigned number in LEB128, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [u8; 8] = *b"\0asm\x0d\0\x01\0";

    fn section(id: u8, body: &[u8]) -> Vec<u8> {
        // A size of two bytes, as an encoder may write it.
        let size = [0x80 | (body.len() & 0x7f) as u8, (body.len() >> 7) as u8];
        [&[id][..], &size, body].concat()
    }

    #[test]
    fn only_the_names_go() {
        let module = section(1, &[7; 300]);
        let names = section(CUSTOM, b"\x0ecomponent-name\0\x01x");
        let producers = section(CUSTOM, b"\x09producers\0");
        let whole = [&HEAD[..], &module, &names, &producers].concat();
        assert_eq!(removed(&whole), Some([&HEAD[..], &module, &producers].concat()));
        assert_eq!(removed(&HEAD), Some(HEAD.to_vec()));
    }

    #[test]
    fn what_is_no_component_is_refused() {
        let module = section(1, &[7; 300]);
        let whole = [&HEAD[..], &module].concat();
        for cut in 1..module.len() {
            assert_eq!(removed(&whole[..whole.len() - cut]), None, "{cut}");
        }
        for other in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0", b"\x7fELF\0\0\x01\0"] {
            assert_eq!(removed(other), None);
        }
    }
}
