//! XML 1.0 without a document type: entities of a document's own, and what they stand for, are refused.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesText, Event};
use quick_xml::{Reader, Writer};

use super::{LONGEST_WAY, Note, Spot, too_deep};

const MALFORMED: &str = "it isn't XML that can be read";

/// Whether the text is XML that is read here.
pub(super) fn check(text: &str) -> Result<(), String> {
    walk(text, &mut |_, _| Ok(()))
}

/// Shows each text, attribute, comment and name, with where it stands.
pub(super) fn visit(text: &str, note: &mut Note<'_>) -> Result<(), String> {
    let mut content = String::new();
    walk(text, &mut |path, piece| {
        match piece {
            Piece::Content(part) => content.push_str(&part),
            Piece::End => {
                let spot = || Spot::Xml(path.to_vec());
                note(&content, &spot);
                content.clear();
            }
            Piece::Elsewhere(text, what) => note(&text, &|| Spot::Never(what)),
        }
        Ok(())
    })
}

/// What takes a piece of a document, and the local names of the elements around it.
type Each<'a> = dyn FnMut(&[String], Piece) -> Result<(), String> + 'a;

/// A piece of a document.
enum Piece {
    /// Character data, with its references resolved.
    Content(String),
    /// Where character data ends: at a tag.
    End,
    /// What is no character data.
    Elsewhere(String, &'static str),
}

/// Reads a document from its first event to its last.
fn walk(text: &str, each: &mut Each<'_>) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut path: Vec<String> = Vec::new();
    let mut has_root = false;
    loop {
        let event = reader.read_event().map_err(|_| MALFORMED.to_owned())?;
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                each(&path, Piece::End)?;
                if path.is_empty() && std::mem::replace(&mut has_root, true) {
                    return Err("its XML has two roots".to_owned());
                }
                // Attributes and names of namespaces.
                each(&path, Piece::Elsewhere(start.as_ref().to_owned(), "an XML tag"))?;
                for attribute in start.attributes() {
                    let attribute = attribute.map_err(|_| MALFORMED.to_owned())?;
                    let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| MALFORMED.to_owned())?;
                    each(&path, Piece::Elsewhere(value.into_owned(), "an XML attribute"))?;
                }
                if matches!(event, Event::Start(_)) {
                    path.push(start.local_name().as_ref().to_owned());
                    if path.iter().map(|name| name.len() + 1).sum::<usize>() > LONGEST_WAY {
                        return Err(too_deep());
                    }
                }
            }
            Event::End(_) => {
                each(&path, Piece::End)?;
                path.pop();
            }
            Event::Text(text) => {
                let text = text.xml10_content();
                if path.is_empty() && !text.trim().is_empty() {
                    return Err("its XML has text outside of the root".to_owned());
                }
                each(&path, Piece::Content(text.into_owned()))?;
            }
            Event::CData(data) => {
                each(&path, Piece::Content(data.xml10_content().into_owned()))?;
            }
            Event::GeneralRef(reference) => each(&path, Piece::Content(resolved(reference)?))?,
            Event::Comment(comment) => {
                each(&path, Piece::Elsewhere(comment.as_ref().to_owned(), "an XML comment"))?;
            }
            Event::Decl(_) => {}
            Event::DocType(_) => return Err("its XML has a document type".to_owned()),
            Event::PI(_) => return Err("its XML has a processing instruction".to_owned()),
            Event::Eof if path.is_empty() && has_root => return Ok(()),
            Event::Eof => return Err(MALFORMED.to_owned()),
        }
    }
}

/// The text that a reference stands for: a character, or one of the five entities that XML itself has.
fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    let failed = || "its XML has an entity of its own".to_owned();
    if let Some(character) = reference.resolve_char_ref().map_err(|_| failed())? {
        return Ok(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned).ok_or_else(failed)
}

/// Writes the document with character data changed. Data of one element is one text, also where it was written in pieces.
pub(super) fn rewrite(text: &str, change: &mut dyn FnMut(&Spot, &str) -> Option<String>) -> Result<Vec<u8>, String> {
    let mut reader = Reader::from_str(text);
    let mut writer = Writer::new(Vec::new());
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    let failed = |_: std::io::Error| MALFORMED.to_owned();
    loop {
        let event = reader.read_event().map_err(|_| MALFORMED.to_owned())?;
        let ends = matches!(event, Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::Eof);
        if ends && !content.is_empty() {
            let changed = change(&Spot::Xml(path.clone()), &content);
            let text = changed.as_deref().unwrap_or(&content);
            writer.write_event(Event::Text(BytesText::from_escaped(escaped(text)?))).map_err(failed)?;
            content.clear();
        }
        match event {
            Event::Eof => return Ok(writer.into_inner()),
            Event::Text(text) => content.push_str(&text.xml10_content()),
            Event::CData(data) => content.push_str(&data.xml10_content()),
            Event::GeneralRef(reference) => content.push_str(&resolved(&reference)?),
            // Nobody needs it, and it would tear the text around it.
            Event::Comment(_) => {}
            event => {
                if let Event::Start(start) = &event {
                    path.push(start.local_name().as_ref().to_owned());
                }
                if matches!(event, Event::End(_)) {
                    path.pop();
                }
                writer.write_event(event).map_err(failed)?;
            }
        }
    }
}

/// `text` as character data. White space that a reader would change is written as references (XML 1.0 §2.11).
fn escaped(text: &str) -> Result<String, String> {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if !text.chars().all(allowed) {
        return Err("a value has a character that XML can't carry".to_owned());
    }
    let escaped = quick_xml::escape::escape(text);
    Ok(escaped.replace('\r', "&#13;"))
}
