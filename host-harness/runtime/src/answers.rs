//! What of an answer reaches a component.
//!
//! Values that a use takes, and the usual names of credentials after a sign-in, become placeholders. Secrets of the request that the
//! server repeats, and taken tokens wherever they stand, are masked: a second line, and not the boundary, since a server can repeat a
//! secret in a form that nobody looks for.

use super::access::{Access, Place, SecretUse};
use super::bindings::identity::provisioning::http::{Failure, Response};
use super::placeholders::{Kind, Placeholders};
use super::placement::{Found, LONGEST_BODY, Parsed, Spot, Syntax};
use super::recording::without_credentials;
use super::secrets::{MASK, Masks, Secret, TooLong};

/// The names under which sign-ins hand out credentials: OAuth 2.0 (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3) and Salesforce's SOAP
/// `login()`.
const USUAL_NAMES: [&str; 4] = ["access_token", "refresh_token", "id_token", "sessionId"];

/// How much of an answer is shown that isn't what its content type says, where a value was to be taken from it.
const LONGEST_EXCERPT: usize = 1_024;

/// How long a word may be in such an excerpt; tokens are longer (RFC 6749 §10.10 wants them beyond guessing).
const SHORTEST_TOKEN: usize = 20;

/// Takes out of an answer what a use takes, and says what is to be masked in it ([`masked`]). `most` placeholders may be held.
pub(crate) fn read(
    mut answer: Response,
    host: &str,
    secret_use: Option<&SecretUse>,
    found: &[Found],
    placeholders: &mut Placeholders,
    access: &mut Access,
    most: usize,
) -> Result<(Response, Masks), Failure> {
    let content_coding = answer.headers.iter().find(|(name, _)| name == "content-encoding");
    if let Some((_, coding)) = content_coding.filter(|(_, coding)| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(Failure::Other(format!(
            "{host} answered in the content coding `{}`, which it wasn't asked for and which isn't read here",
            coding.escape_debug()
        )));
    }
    answer.headers.retain(|(name, _)| !matches!(name.as_str(), "set-cookie" | "set-cookie2"));

    let mut taken = Taken { placeholders, most, is_full: false };
    let takes = secret_use.map_or(&[][..], |one| &one.takes);
    for take in takes {
        let Place::Header(field, before) = &take.place else { continue };
        for (_, value) in answer.headers.iter_mut().filter(|(name, _)| name == field) {
            if let Some(secret) = value.strip_prefix(before.as_str()) {
                *value = format!("{before}{}", taken.take(&take.secret, secret));
            }
        }
    }
    // A session is no secret that a sign-in sends; what it asks for is data, which is left as it is.
    let after_secret = found.iter().any(|found| found.held.kind != Kind::Taken);
    let learns = secret_use.and_then(|one| one.learns.as_ref());
    let mut learned = None;
    if (!takes.is_empty() || after_secret || learns.is_some()) && !answer.body.is_empty() {
        let content_type = answer.headers.iter().find(|(name, _)| name == "content-type");
        let parsed = content_type
            .and_then(|(_, content_type)| Syntax::of(content_type))
            .filter(|_| answer.body.len() <= LONGEST_BODY)
            .and_then(|syntax| Parsed::read(syntax, &answer.body).ok());
        let rewritten = parsed.and_then(|parsed| {
            let mut has_changed = false;
            let mut change = |spot: &Spot, text: &str| {
                if let Some((_, place)) = learns
                    && spot.is(place)
                {
                    learned = Some(text.to_owned());
                }
                let name = match takes.iter().find(|take| spot.is(&take.place)) {
                    Some(take) => take.secret.clone(),
                    None => usual_name(spot).filter(|_| after_secret)?,
                };
                if text.is_empty() {
                    return None;
                }
                has_changed = true;
                Some(taken.take(&name, text))
            };
            let body = parsed.rewrite(&mut change).ok()?;
            Some(has_changed.then_some(body))
        });
        match rewritten {
            Some(Some(body)) => answer.body = body,
            Some(None) => {}
            // What doesn't parse, or is too long to be parsed, may hold what was to be taken.
            None => {
                let excerpt = &answer.body[..answer.body.len().min(LONGEST_EXCERPT)];
                let text = String::from_utf8_lossy(if takes.is_empty() { &answer.body } else { excerpt });
                let text = without_credentials(&text);
                answer.body = if takes.is_empty() { text } else { without_long_words(&text) }.into_bytes();
            }
        }
    }
    if taken.is_full {
        return Err(Failure::Other(format!("{host} has handed out more credentials than the job may hold")));
    }
    if let (Some(one), Some((entry, _)), Some(address)) = (secret_use, learns, learned)
        && answer.status < 300
        && access.may_teach(one, found)
        && let Some(origin) = access.learn(entry, &address)
    {
        tracing::warn!(host, learned = %origin, "the application has named another host as the tenant's, and nobody has confirmed it");
    }

    let mut masks = Masks::default();
    for Found { held, .. } in found.iter().filter(|found| found.held.kind != Kind::Taken) {
        masks.add(&held.value, &held.placeholder);
    }
    placeholders.taken().for_each(|held| masks.add_token(&held.value, &held.placeholder));
    Ok((answer, masks))
}

/// The answer with secrets and tokens masked, of at most `longest` bytes.
pub(crate) fn masked(mut answer: Response, host: &str, masks: &Masks, longest: usize) -> Result<Response, Failure> {
    for (_, value) in &mut answer.headers {
        if let std::borrow::Cow::Owned(masked) = masks.apply_str(value) {
            *value = masked;
        }
    }
    match masks.apply_within(&answer.body, longest) {
        Ok(std::borrow::Cow::Borrowed(_)) => {}
        Ok(std::borrow::Cow::Owned(masked)) => {
            tracing::warn!(host, "the server repeated a secret; it was masked before the connector saw it");
            answer.body = masked;
        }
        Err(TooLong) => return Err(Failure::TooLarge(longest as u64)),
    }
    if answer.body.len() > longest {
        return Err(Failure::TooLarge(longest as u64));
    }
    Ok(answer)
}

/// `text` with `***` in the place of each word that is long enough to be a token: which of them was to be taken, nobody can tell. What a
/// page says to people stays.
fn without_long_words(text: &str) -> String {
    let is_of_a_token = |c: char| c.is_ascii_alphanumeric() || "!._-~+/=%".contains(c);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_of_a_token(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word);
        masked.push_str(if word.len() < SHORTEST_TOKEN { word } else { MASK });
        let gap = tail.find(is_of_a_token).unwrap_or(tail.len());
        masked.push_str(&tail[..gap]);
        rest = &tail[gap..];
    }
    masked
}

/// Mints placeholders for taken values.
struct Taken<'a> {
    placeholders: &'a mut Placeholders,
    most: usize,
    is_full: bool,
}

impl Taken<'_> {
    fn take(&mut self, name: &str, value: &str) -> String {
        match self.placeholders.mint_taken(name, &Secret::new(value.to_owned()), self.most) {
            Ok(placeholder) => placeholder,
            Err(_) => {
                self.is_full = true;
                String::new()
            }
        }
    }
}

/// The name of the secret that stands at a spot with a usual name.
fn usual_name(spot: &Spot) -> Option<String> {
    let last = match spot {
        Spot::Json(path) | Spot::Xml(path) => path.last()?.as_str(),
        Spot::Form(field) => field,
        Spot::Header(..) | Spot::Never(_) => return None,
    };
    USUAL_NAMES.contains(&last).then(|| match last {
        "sessionId" => "session-id".to_owned(),
        name => name.replace('_', "-"),
    })
}

#[cfg(test)]
mod tests;
