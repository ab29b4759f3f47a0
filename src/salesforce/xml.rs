//! The XML of SOAP messages.
//!
//! SOAP 1.1 §3 allows neither document type declarations nor processing instructions. They are refused here, and of the
//! references only those to characters and to the five predefined entities are resolved, so nothing in an answer can expand.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Returns the texts of the elements, by their names without prefix, in the order of their ends. Elements around others come
/// with what text stands directly before their end, which nothing asks for. Returns `None` if the document isn't well-formed
/// or isn't SOAP.
pub fn texts(document: &str) -> Option<Vec<(String, String)>> {
    let mut reader = Reader::from_str(document);
    let mut found = Vec::new();
    let mut open = 0_usize;
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.name().as_ref().is_empty() => return None,
            Event::Start(_) => {
                open += 1;
                text.clear();
            }
            Event::End(end) => {
                open = open.checked_sub(1)?;
                found.push((end.local_name().as_ref().to_owned(), std::mem::take(&mut text)));
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(letter) => text.push(letter),
                None => text.push_str(resolve_predefined_entity(&reference)?),
            },
            Event::Decl(_) | Event::Comment(_) | Event::Empty(_) => {}
            Event::DocType(_) | Event::PI(_) => return None,
            Event::Eof => break,
        }
    }
    (open == 0 && !found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests;
