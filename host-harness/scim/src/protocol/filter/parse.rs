//! From a text to a filter.

use serde_json::Value as Json;

use super::{Filter, Operator};
use crate::protocol::error::{ScimError, ScimType};
use crate::protocol::path::AttributeName;

/// The longest filter, in bytes. Clients send some hundred; an address has room for 8 KiB with most servers.
pub const LONGEST: usize = 4096;
/// The most comparisons in a filter.
pub const MOST_TERMS: usize = 64;
/// The deepest nesting of parentheses, brackets and `not`.
pub const DEEPEST: usize = 16;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Word(String),
    Text(String),
}

/// Reads a filter.
///
/// # Errors
/// `invalidFilter` if it is malformed, too long, too deep, or has too many comparisons.
pub fn parse(text: &str) -> Result<Filter, ScimError> {
    if text.len() > LONGEST {
        return Err(invalid(format!("the filter has {} bytes, and {LONGEST} at most are read", text.len())));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, terms: 0 };
    let filter = parser.alternatives()?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(invalid(format!("`{}` is not expected there", shown(token)))),
    }
}

fn invalid(reason: impl AsRef<str>) -> ScimError {
    ScimError::bad(
        ScimType::InvalidFilter,
        format!("the filter cannot be used: {}; write for example `userName eq \"ada@example.com\"`", reason.as_ref()),
    )
}

fn shown(token: &Token) -> String {
    match token {
        Token::Open => "(".to_owned(),
        Token::Close => ")".to_owned(),
        Token::OpenBracket => "[".to_owned(),
        Token::CloseBracket => "]".to_owned(),
        Token::Word(text) | Token::Text(text) => text.chars().take(40).collect(),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, ScimError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => first.len_utf8(),
            '(' | ')' | '[' | ']' => {
                tokens.push(match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    '[' => Token::OpenBracket,
                    _ => Token::CloseBracket,
                });
                1
            }
            '"' => {
                let length = text_length(rest).ok_or_else(|| invalid("a quotation mark is not closed"))?;
                let quoted = rest.get(..length).unwrap_or_default();
                let value = serde_json::from_str(quoted).map_err(|_| invalid("a text in it isn't a text of JSON"))?;
                tokens.push(Token::Text(value));
                length
            }
            _ => {
                let end = |letter: char| letter.is_whitespace() || "()[]\"".contains(letter);
                let length = rest.find(end).unwrap_or(rest.len());
                tokens.push(Token::Word(rest.get(..length).unwrap_or_default().to_owned()));
                length
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(tokens)
}

/// How many bytes a quoted text takes, with its quotation marks.
fn text_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    terms: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(text)) if text.eq_ignore_ascii_case(word))
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ScimError>) -> Result<T, ScimError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(invalid(format!("it is nested more than {DEEPEST} deep")));
        }
        let value = work(self);
        self.depth -= 1;
        value
    }

    fn alternatives(&mut self) -> Result<Filter, ScimError> {
        let mut filter = self.conjunction()?;
        while self.is_word("or") {
            self.at += 1;
            filter = Filter::Or(Box::new(filter), Box::new(self.conjunction()?));
        }
        Ok(filter)
    }

    fn conjunction(&mut self) -> Result<Filter, ScimError> {
        let mut filter = self.term()?;
        while self.is_word("and") {
            self.at += 1;
            filter = Filter::And(Box::new(filter), Box::new(self.term()?));
        }
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, ScimError> {
        if matches!(self.peek(), Some(Token::Open)) {
            return self.group();
        }
        if self.is_word("not") && matches!(self.tokens.get(self.at + 1), Some(Token::Open)) {
            self.at += 1;
            return Ok(Filter::Not(Box::new(self.group()?)));
        }
        self.terms += 1;
        if self.terms > MOST_TERMS {
            return Err(invalid(format!("it has more than {MOST_TERMS} comparisons")));
        }
        let name = match self.next() {
            Some(Token::Word(text)) => {
                AttributeName::parse(&text).filter(|name| !name.name.is_empty()).ok_or_else(|| {
                    invalid(format!("`{}` is no name of an attribute", shown(&Token::Word(text.clone()))))
                })?
            }
            Some(token) => {
                return Err(invalid(format!("an attribute is expected in the place of `{}`", shown(&token))));
            }
            None => return Err(invalid("an attribute is expected at its end")),
        };
        if matches!(self.peek(), Some(Token::OpenBracket)) {
            self.at += 1;
            let inner = self.deeper(Self::alternatives)?;
            return match self.next() {
                Some(Token::CloseBracket) => Ok(Filter::Within(name, Box::new(inner))),
                _ => Err(invalid("a bracket is not closed")),
            };
        }
        let Some(Token::Word(operator)) = self.next() else {
            return Err(invalid(format!("an operator is expected behind `{}`", name.name)));
        };
        if operator.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(name));
        }
        let operator = operator_of(&operator)
            .ok_or_else(|| invalid(format!("there is no operator `{}`", shown(&Token::Word(operator.clone())))))?;
        let value = match self.next() {
            Some(Token::Text(text)) => Json::String(text),
            // Numbers, `true`, `false` and `null`; anything else is a text that a client has forgotten to quote.
            Some(Token::Word(word)) => match serde_json::from_str::<Json>(&word) {
                Ok(value) if !value.is_object() && !value.is_array() => value,
                _ if word.eq_ignore_ascii_case("true") => Json::Bool(true),
                _ if word.eq_ignore_ascii_case("false") => Json::Bool(false),
                _ => Json::String(word),
            },
            _ => return Err(invalid(format!("a value is expected behind `{}`", name.name))),
        };
        Ok(Filter::Compare(name, operator, value))
    }

    fn group(&mut self) -> Result<Filter, ScimError> {
        self.at += 1;
        let filter = self.deeper(Self::alternatives)?;
        match self.next() {
            Some(Token::Close) => Ok(filter),
            _ => Err(invalid("a parenthesis is not closed")),
        }
    }
}

fn operator_of(text: &str) -> Option<Operator> {
    Some(match text.to_ascii_lowercase().as_str() {
        "eq" => Operator::Eq,
        "ne" => Operator::Ne,
        "co" => Operator::Co,
        "sw" => Operator::Sw,
        "ew" => Operator::Ew,
        "gt" => Operator::Gt,
        "ge" => Operator::Ge,
        "lt" => Operator::Lt,
        "le" => Operator::Le,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn and_binds_more_than_or_and_not_needs_parentheses() {
        let filter = parse(r#"a eq 1 or b pr AND not (c eq "x")"#).unwrap();
        let Filter::Or(_, right) = filter else { panic!("{filter:?}") };
        let Filter::And(_, right) = *right else { panic!("{right:?}") };
        assert!(matches!(*right, Filter::Not(_)), "{right:?}");
    }

    #[test]
    fn the_bounds_hold_to_the_digit() {
        let terms = |count: usize| vec!["a pr"; count].join(" and ");
        assert!(parse(&terms(MOST_TERMS)).is_ok());
        assert!(parse(&terms(MOST_TERMS + 1)).is_err());
        let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(DEEPEST)).is_ok());
        assert!(parse(&nested(DEEPEST + 1)).is_err());
        let long = |length: usize| format!("a eq \"{}\"", "x".repeat(length - 7));
        assert!(parse(&long(LONGEST)).is_ok());
        assert!(parse(&long(LONGEST + 1)).is_err());
    }

    #[test]
    fn what_is_malformed_is_refused_as_an_invalid_filter() {
        for wrong in [
            "",
            "a",
            "a eq",
            "a xx 1",
            "eq 1",
            "a eq 1 b",
            "(a pr",
            "a pr)",
            "a[b pr",
            "a eq \"x",
            "a eq \"\\q\"",
            "not a pr",
            "a eq 1 and",
            "and a pr",
            "a..b pr",
            "\"a\" eq 1",
        ] {
            let error = parse(wrong).unwrap_err();
            assert_eq!((error.status, error.kind), (400, Some(ScimType::InvalidFilter)), "{wrong}: {error}");
        }
    }

    #[test]
    fn values_are_those_of_json_and_an_unquoted_word_is_a_text() {
        for (text, value) in [
            ("a eq \"x \\\"y\\\" \\u00e9\"", Json::from("x \"y\" é")),
            ("a eq 7", 7.into()),
            ("a eq -1.5", (-1.5).into()),
            ("a eq true", true.into()),
            ("a eq False", false.into()),
            ("a eq null", Json::Null),
            ("a eq Employee", "Employee".into()),
            ("a gt 2015-10-10T14:38:21.8617979-07:00", "2015-10-10T14:38:21.8617979-07:00".into()),
        ] {
            let Filter::Compare(_, _, found) = parse(text).unwrap() else { panic!("{text}") };
            assert_eq!(found, value, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_looks_like_a_filter_is_read_or_refused(
            words in proptest::collection::vec(
                prop_oneof![
                    Just("("), Just(")"), Just("["), Just("]"), Just("and"), Just("or"), Just("not"), Just("eq"), Just("pr"),
                    Just("emails"), Just("\"x\""), Just("name.givenName"), Just("7")
                ],
                0..40,
            )
        ) {
            let _ = parse(&words.join(" "));
        }
    }
}
