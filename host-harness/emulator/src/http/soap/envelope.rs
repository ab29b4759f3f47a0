//! SOAP envelopes in and out, and faults.

use axum::http::StatusCode;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::error::ApiError;

/// How deep a request's elements may nest.
const MAX_DEPTH: usize = 32;

/// An element by its local name, with its text and its children.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of this name; empty where there is none.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map(|child| child.text.as_str()).unwrap_or_default()
    }
}

/// A request's headers and its operation.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) headers: Element,
    pub(super) operation: Element,
}

impl Envelope {
    /// Reads a request.
    pub(super) fn read(body: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(body).map_err(|_| Fault::client("The request is not UTF-8"))?;
        let mut root = parse(text)?;
        if root.name != "Envelope" {
            return Err(Fault::client("The request is not a SOAP envelope"));
        }
        let mut take = |name: &str| {
            let index = root.children.iter().position(|child| child.name == name)?;
            Some(root.children.swap_remove(index))
        };
        let headers = take("Header").unwrap_or_default();
        let mut body = take("Body").ok_or_else(|| Fault::client("The envelope has no body"))?;
        if body.children.is_empty() {
            return Err(Fault::client("No operation available for request"));
        }
        Ok(Self { headers, operation: body.children.swap_remove(0) })
    }
}

fn parse(text: &str) -> Result<Element, Fault> {
    let malformed =
        |reason: &dyn std::fmt::Display| Fault::client(format!("The request is not well-formed XML: {reason}"));
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| malformed(&error))? {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(Fault::client("The request is nested too deeply"));
                }
                open.push(named(start.local_name().as_ref()));
            }
            Event::Empty(empty) => {
                if let Some(parent) = open.last_mut() {
                    parent.children.push(named(empty.local_name().as_ref()));
                }
            }
            Event::End(_) => {
                if let Some(element) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    parent.children.push(element);
                }
            }
            Event::Text(content) => {
                let content = content.xml_content(XmlVersion::Implicit1_0);
                append(&mut open, &content);
            }
            Event::CData(content) => {
                let content = content.xml_content(XmlVersion::Implicit1_0);
                append(&mut open, &content);
            }
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().map_err(|error| malformed(&error))? {
                    Some(letter) => letter.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .ok_or_else(|| malformed(&"an entity is not declared"))?
                        .to_owned(),
                };
                append(&mut open, &resolved);
            }
            // No document type: its entities would be a way to exhaust the memory.
            Event::DocType(_) => return Err(Fault::client("The request must not have a document type")),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match (open.len(), open.pop()) {
        (1, Some(mut top)) if !top.children.is_empty() => Ok(top.children.swap_remove(0)),
        _ => Err(malformed(&"an element is not closed")),
    }
}

fn named(name: &str) -> Element {
    Element { name: name.to_owned(), ..Element::default() }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// An answer around this content, with the day's used and allowed requests in its header where the call has that (H:
/// all but `login`).
pub(super) fn wrap(content: &str, limits: Option<(u64, u64)>) -> String {
    let header = limits.map_or_else(String::new, |(used, limit)| {
        format!(
            "<soapenv:Header><LimitInfoHeader><limitInfo><current>{used}</current><limit>{limit}</limit>\
             <type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>"
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{header}<soapenv:Body>{content}</soapenv:Body>\
         </soapenv:Envelope>"
    )
}

/// An element with this text, or one that is nil.
pub(super) fn nillable(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("<{name}>{}</{name}>", escape(value)),
        None => format!("<{name} xsi:nil=\"true\"/>"),
    }
}

/// A refusal as SOAP shows it.
#[derive(Debug)]
pub(in crate::http) struct Fault {
    status: u16,
    /// The element and type of the detail; a fault of the envelope itself has none.
    detail: Option<&'static str>,
    code: &'static str,
    message: String,
}

impl Fault {
    /// A refused login (H).
    pub(in crate::http) fn login(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 500, detail: Some("LoginFault"), code, message: message.into() }
    }

    /// A refusal of this type.
    pub(super) fn of(kind: &'static str, refusal: ApiError) -> Self {
        Self { status: 500, detail: Some(kind), code: refusal.code, message: refusal.message }
    }

    /// Any other refusal of the API.
    pub(in crate::http) fn unexpected(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 500, detail: Some("UnexpectedErrorFault"), code, message: message.into() }
    }

    /// A request that is no envelope.
    fn client(message: impl Into<String>) -> Self {
        Self { status: 500, detail: None, code: "soapenv:Client", message: message.into() }
    }

    /// An operation that is not built.
    pub(super) fn not_emulated(operation: &str) -> Self {
        Self {
            status: 501,
            detail: None,
            code: "soapenv:Server",
            message: format!("The SOAP operation {operation} is not emulated."),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn into_xml(self) -> String {
        let message = escape(self.message.as_str());
        let code = self.code;
        let fault = match self.detail {
            None => format!("<faultcode>{code}</faultcode><faultstring>{message}</faultstring>"),
            Some(kind) => format!(
                "<faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail><sf:{kind} \
                 xsi:type=\"sf:{kind}\"><sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}\
                 </sf:exceptionMessage></sf:{kind}></detail>"
            ),
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:sf=\"urn:fault.partner.soap.sforce.com\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>\
             <soapenv:Fault>{fault}</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let detail = match error.code {
            "INVALID_NEW_PASSWORD" => "InvalidNewPasswordFault",
            _ => "UnexpectedErrorFault",
        };
        Self::of(detail, error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the org's store failed");
        Self::unexpected("UNKNOWN_EXCEPTION", "An unexpected error occurred.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_read_back() {
        let xml = "<e:Envelope xmlns:e=\"x\"><e:Body><login><password>a&amp;b&lt;c&#34;&#x25;<![CDATA[<d>]]></password>\
                   </login></e:Body></e:Envelope>";
        let envelope = Envelope::read(xml.as_bytes()).unwrap();
        assert_eq!(envelope.operation.text_of("password"), "a&b<c\"%<d>");
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let deep = "<a>".repeat(100);
        let bomb = "<!DOCTYPE a [<!ENTITY x \"y\">]><Envelope/>";
        for xml in
            ["", "text", "<a/>", "<Envelope/>", "<Envelope><Body/></Envelope>", "<Envelope>", deep.as_str(), bomb]
        {
            assert!(Envelope::read(xml.as_bytes()).is_err(), "{xml}");
        }
    }
}
