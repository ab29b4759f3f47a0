//! Characters to tokens.

use winnow::ascii::multispace0;
use winnow::combinator::{alt, delimited, opt, preceded, repeat, terminated};
use winnow::error::{ContextError, ErrMode};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{any, none_of, one_of, take_while};

use super::error::QueryError;

type Input<'a> = LocatingSlice<&'a str>;

/// One token and the byte offset it starts at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
    /// The token as written, for "unexpected token".
    pub(super) text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A keyword, name or dotted path.
    Word,
    /// A quoted string; the token's text is what stands between the quotes.
    Text,
    /// A number, date or instant.
    Number,
    /// An operator or punctuation mark.
    Symbol,
}

fn word(input: &mut Input<'_>) -> ModalResult<()> {
    (
        one_of(|c: char| c.is_ascii_alphabetic() || c == '_'),
        take_while(0.., |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')),
        // Date literals such as LAST_N_DAYS:30.
        opt((':', take_while(1.., |c: char| c.is_ascii_digit()))),
    )
        .void()
        .parse_next(input)
}

fn number(input: &mut Input<'_>) -> ModalResult<()> {
    (
        opt(one_of(['+', '-'])),
        one_of(|c: char| c.is_ascii_digit()),
        take_while(0.., |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '+')),
    )
        .void()
        .parse_next(input)
}

fn text<'a>(input: &mut Input<'a>) -> ModalResult<&'a str> {
    delimited(
        '\'',
        repeat::<_, _, (), _, _>(0.., alt((preceded('\\', any).void(), none_of(['\'', '\\']).void()))).take(),
        '\'',
    )
    .parse_next(input)
}

fn symbol(input: &mut Input<'_>) -> ModalResult<()> {
    alt((alt(("<=", ">=", "!=", "<>")).void(), one_of(['<', '>', '=', '(', ')', ',']).void())).parse_next(input)
}

fn token(input: &mut Input<'_>) -> ModalResult<Token> {
    let at = input.current_token_start();
    let (kind, text) = alt((
        text.map(|text| (Kind::Text, text)),
        word.take().map(|text| (Kind::Word, text)),
        number.take().map(|text| (Kind::Number, text)),
        symbol.take().map(|text| (Kind::Symbol, text)),
    ))
    .parse_next(input)?;
    Ok(Token { kind, at, text: text.to_owned() })
}

/// The tokens of a query.
pub(super) fn tokens(soql: &str) -> Result<Vec<Token>, QueryError> {
    let mut input = LocatingSlice::new(soql);
    let result: Result<Vec<Token>, ErrMode<ContextError>> =
        preceded(multispace0, repeat(0.., terminated(token, multispace0))).parse_next(&mut input);
    let at = input.current_token_start();
    match (result, input.chars().next()) {
        (Ok(tokens), None) => Ok(tokens),
        (_, Some('\'')) => Err(QueryError::malformed(at, "line 1: unterminated string literal")),
        (_, Some(unexpected)) => Err(QueryError::malformed(at, format!("unexpected token: '{unexpected}'"))),
        (Err(_), None) => Err(QueryError::malformed(at, "unexpected token: '<EOF>'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(soql: &str) -> Vec<String> {
        tokens(soql).unwrap().into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn a_query_falls_into_its_words() {
        assert_eq!(texts(" SELECT a.B,c FROM d "), ["SELECT", "a.B", ",", "c", "FROM", "d"]);
        assert_eq!(texts("x>=2022-03-17T16:21:26.000+0000)"), ["x", ">=", "2022-03-17T16:21:26.000+0000", ")"]);
        assert_eq!(texts("x = LAST_N_DAYS:30"), ["x", "=", "LAST_N_DAYS:30"]);
    }

    #[test]
    fn quotes_inside_strings_are_escaped_by_a_backslash() {
        assert_eq!(texts(r"Name='O\'Brien\\'"), ["Name", "=", r"O\'Brien\\"]);
    }

    #[test]
    fn what_belongs_nowhere_is_refused() {
        for soql in ["a = 'open", "a ; b", "a = \"x\"", "é"] {
            assert!(tokens(soql).is_err(), "{soql}");
        }
    }
}
