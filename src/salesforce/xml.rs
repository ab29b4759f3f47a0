//! The XML of SOAP messages.
//!
//! SOAP 1.1 §3 allows neither document type declarations nor processing instructions, so what is left of XML 1.0 is
//! elements, character data, CDATA sections, comments, references to the five predefined entities and to characters. A
//! reader of all of XML is a twentieth of the size that the component may have; the tests hold this one against such a reader.

use crate::text::split;

/// Writes character data: text that may stand in an element (XML 1.0 §2.4).
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The texts of the elements, by their names without prefix, in the order of their ends; none where the document is not
/// well-formed or no SOAP. Elements around others come with what text stands directly before their end, which nothing asks for.
pub fn texts(document: &str) -> Option<Vec<(&str, String)>> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut text = String::new();
    let mut rest = document;
    while let Some((data, markup)) = rest.split_once('<') {
        resolve(data, &mut text)?;
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            split(comment, "-->")?.1
        } else if let Some(section) = markup.strip_prefix("![CDATA[") {
            let (data, rest) = split(section, "]]>")?;
            push(data, &mut text);
            rest
        } else if let Some(declaration) = markup.strip_prefix("?xml ") {
            split(declaration, "?>")?.1
        } else {
            let (tag, rest) = markup.split_at_checked(end_of_tag(markup)?)?;
            if let Some(name) = tag.strip_prefix('/') {
                let name = name.trim_ascii_end();
                if open.pop()? != name {
                    return None;
                }
                found.push((name.split_once(':').map_or(name, |(_, name)| name), std::mem::take(&mut text)));
            } else if tag.starts_with(['!', '?']) || tag.is_empty() {
                return None;
            } else if !tag.ends_with('/') {
                open.push(tag.split_ascii_whitespace().next()?);
                text.clear();
            }
            rest.strip_prefix('>')?
        };
    }
    (open.is_empty() && !found.is_empty()).then_some(found)
}

/// Where the `>` of a tag stands; one within a quoted attribute is none.
fn end_of_tag(markup: &str) -> Option<usize> {
    let mut quote = None;
    markup.bytes().position(|byte| match (quote, byte) {
        (None, b'"' | b'\'') => {
            quote = Some(byte);
            false
        }
        (None, byte) => byte == b'>',
        (Some(open), byte) => {
            quote = quote.filter(|_| byte != open);
            false
        }
    })
}

/// Appends character data with its references resolved; none where one of them is no reference of SOAP.
fn resolve(data: &str, text: &mut String) -> Option<()> {
    let mut rest = data;
    while let Some((plain, reference)) = rest.split_once('&') {
        push(plain, text);
        let (name, behind) = reference.split_once(';')?;
        text.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            number => {
                let number = number.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(number) => u64::from_str_radix(number, 16),
                    None => number.parse(),
                };
                char::from_u32(u32::try_from(code.ok().filter(|code| *code != 0)?).ok()?)?
            }
        });
        rest = behind;
    }
    push(rest, text);
    Some(())
}

/// Appends text with its line ends as XML has them (XML 1.0 §2.11).
fn push(data: &str, text: &mut String) {
    let mut lines = data.split('\r');
    text.push_str(lines.next().unwrap_or_default());
    for line in lines {
        text.push('\n');
        text.push_str(line.strip_prefix('\n').unwrap_or(line));
    }
}

#[cfg(test)]
mod tests;
