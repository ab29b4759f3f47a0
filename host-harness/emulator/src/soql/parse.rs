//! Tokens to a tree, by recursive descent: each refusal names the token it did not expect, as Salesforce does.

use super::ast::{
    Aggregate, Condition, FieldGroup, Function, Literal, LiteralValue, Operand, Operator, Order, Path, Query,
    SelectItem,
};
use super::dates;
use super::error::QueryError;
use super::lex::{self, Kind, Token};
use crate::org::clock;

type Parsed<T> = Result<T, QueryError>;

/// How deep conditions and subqueries may nest, so that no query can exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Parses a whole query; `now` gives date literals their meaning.
pub(super) fn query(soql: &str, now: i64) -> Parsed<Query> {
    let tokens = lex::tokens(soql)?;
    let mut parser = Parser { tokens: &tokens, next: 0, end: soql.len(), now, depth: 0 };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    end: usize,
    now: i64,
    depth: usize,
}

const CLAUSES: &[&str] =
    &["FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "AND", "OR", "FOR", "WITH", "USING", "ALL"];

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.next)
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    fn unexpected(&self) -> QueryError {
        let token = self.peek().map_or("<EOF>", |token| token.text.as_str());
        QueryError::malformed(self.at(), format!("unexpected token: '{token}'"))
    }

    fn is(&self, ahead: usize, text: &str) -> bool {
        self.tokens
            .get(self.next + ahead)
            .is_some_and(|token| token.kind != Kind::Text && token.text.eq_ignore_ascii_case(text))
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.is(0, text);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.take(text) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Whether a clause begins here. `Group` and `Order` are objects, too, and begin one only before `BY`.
    fn is_clause(&self) -> bool {
        self.peek().is_some_and(|token| {
            let paired = ["GROUP", "ORDER"].iter().any(|word| token.text.eq_ignore_ascii_case(word));
            CLAUSES.iter().any(|clause| token.text.eq_ignore_ascii_case(clause)) && (!paired || self.is(1, "BY"))
        })
    }

    /// Refuses in plain words what Salesforce's language has and the emulator's has not. Salesforce would not refuse it.
    fn check_emulated(&self) -> Parsed<()> {
        let Some(token) = self.peek().filter(|token| token.kind == Kind::Word) else { return Ok(()) };
        let word = token.text.to_ascii_uppercase();
        let pair = |first: &str, second: &[&str]| word == first && second.iter().any(|second| self.is(1, second));
        let clause = pair("FOR", &["VIEW", "REFERENCE", "UPDATE"])
            || pair("USING", &["SCOPE"])
            || pair("WITH", &["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE", "DATA"])
            || pair("ALL", &["ROWS"])
            || pair("UPDATE", &["TRACKING", "VIEWSTAT"])
            || matches!(word.as_str(), "TYPEOF" | "INCLUDES" | "EXCLUDES") && !self.is(1, ",") && !self.is(1, "FROM");
        let function = self.is(1, "(")
            && (matches!(
                word.as_str(),
                "FORMAT"
                    | "TOLABEL"
                    | "CONVERTCURRENCY"
                    | "CONVERTTIMEZONE"
                    | "GROUPING"
                    | "DISTANCE"
                    | "GEOLOCATION"
                    | "HOUR_IN_DAY"
                    | "ROLLUP"
                    | "CUBE"
            ) || ["CALENDAR_", "FISCAL_", "DAY_", "WEEK_IN_"].iter().any(|start| word.starts_with(start)));
        if clause || function {
            return Err(QueryError::not_emulated(&format!("{} in a query", token.text)));
        }
        Ok(())
    }

    fn path(&mut self) -> Parsed<Path> {
        self.check_emulated()?;
        match self.peek() {
            Some(token) if token.kind == Kind::Word && !token.text.contains(':') && !self.is_clause() => {
                self.next += 1;
                let parts: Vec<String> = token.text.split('.').map(str::to_owned).collect();
                if parts.iter().any(String::is_empty) {
                    return Err(QueryError::malformed(token.at, format!("unexpected token: '{}'", token.text)));
                }
                Ok(Path { parts, at: token.at })
            }
            _ => Err(self.unexpected()),
        }
    }

    fn alias(&mut self) -> Option<String> {
        let token = self.peek()?;
        let fits = token.kind == Kind::Word && !self.is_clause() && !token.text.contains(['.', ':']);
        fits.then(|| {
            self.next += 1;
            token.text.clone()
        })
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(QueryError::malformed(self.at(), "the query is nested too deeply"));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn query(&mut self) -> Parsed<Query> {
        self.expect("SELECT")?;
        let mut select = vec![self.select_item()?];
        while self.take(",") {
            select.push(self.select_item()?);
        }
        self.expect("FROM")?;
        let from = self.path()?;
        let alias = self.alias();
        self.check_emulated()?;
        let filter = if self.take("WHERE") { Some(self.condition()?) } else { None };
        self.check_emulated()?;
        let mut group_by = Vec::new();
        let mut having = None;
        if self.take("GROUP") {
            self.expect("BY")?;
            group_by.push(self.path()?);
            while self.take(",") {
                group_by.push(self.path()?);
            }
            if self.take("HAVING") {
                having = Some(self.condition()?);
            }
        }
        let mut order_by = Vec::new();
        if self.take("ORDER") {
            self.expect("BY")?;
            order_by.push(self.order()?);
            while self.take(",") {
                order_by.push(self.order()?);
            }
        }
        self.check_emulated()?;
        let limit = if self.take("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.take("OFFSET") { Some(self.count()?) } else { None };
        self.check_emulated()?;
        Ok(Query { select, from, alias, filter, group_by, having, order_by, limit, offset })
    }

    fn count(&mut self) -> Parsed<u64> {
        let number = self.peek().filter(|token| token.kind == Kind::Number).and_then(|token| token.text.parse().ok());
        match number {
            Some(number) => {
                self.next += 1;
                Ok(number)
            }
            None => Err(self.unexpected()),
        }
    }

    fn select_item(&mut self) -> Parsed<SelectItem> {
        if self.is(0, "(") {
            return self.nested(|parser| {
                parser.next += 1;
                let query = parser.query()?;
                parser.expect(")")?;
                Ok(SelectItem::Children(Box::new(query)))
            });
        }
        if self.is(0, "COUNT") && self.is(1, "(") && self.is(2, ")") {
            self.next += 3;
            return Ok(SelectItem::Count);
        }
        if self.is(0, "FIELDS") && self.is(1, "(") {
            return self.group();
        }
        if let Some(call) = self.aggregate()? {
            return Ok(SelectItem::Aggregate { call, alias: self.alias() });
        }
        let path = self.path()?;
        Ok(SelectItem::Field { path, alias: self.alias() })
    }

    fn group(&mut self) -> Parsed<SelectItem> {
        let at = self.at();
        self.next += 2;
        let groups = [("ALL", FieldGroup::All), ("STANDARD", FieldGroup::Standard), ("CUSTOM", FieldGroup::Custom)];
        for (word, group) in groups {
            if self.take(word) {
                self.expect(")")?;
                return Ok(SelectItem::Group(group, at));
            }
        }
        Err(self.unexpected())
    }

    fn aggregate(&mut self) -> Parsed<Option<Aggregate>> {
        if !self.is(1, "(") {
            return Ok(None);
        }
        let Some(token) = self.peek() else { return Ok(None) };
        let function = match token.text.to_ascii_uppercase().as_str() {
            "COUNT" => Function::Count,
            "COUNT_DISTINCT" => Function::CountDistinct,
            "MIN" => Function::Min,
            "MAX" => Function::Max,
            "SUM" => Function::Sum,
            "AVG" => Function::Avg,
            _ => return Ok(None),
        };
        self.next += 2;
        let path = self.path()?;
        self.expect(")")?;
        Ok(Some(Aggregate { function, path }))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        match self.aggregate()? {
            Some(call) => Ok(Operand::Aggregate(call)),
            None => Ok(Operand::Field(self.path()?)),
        }
    }

    /// AND and OR do not mix without parentheses (H).
    fn condition(&mut self) -> Parsed<Condition> {
        let first = self.simple_condition()?;
        for (word, join) in [("AND", Condition::And as fn(Vec<Condition>) -> Condition), ("OR", Condition::Or)] {
            if self.is(0, word) {
                let mut all = vec![first];
                while self.take(word) {
                    all.push(self.simple_condition()?);
                }
                if self.is(0, "AND") || self.is(0, "OR") {
                    return Err(self.unexpected());
                }
                return Ok(join(all));
            }
        }
        Ok(first)
    }

    fn simple_condition(&mut self) -> Parsed<Condition> {
        if self.take("NOT") {
            return self.nested(|parser| Ok(Condition::Not(Box::new(parser.simple_condition()?))));
        }
        if self.is(0, "(") {
            return self.nested(|parser| {
                parser.next += 1;
                let inner = parser.condition()?;
                parser.expect(")")?;
                Ok(inner)
            });
        }
        let operand = self.operand()?;
        let negated = self.is(0, "NOT") && self.is(1, "IN");
        if negated || self.is(0, "IN") {
            self.next += 1 + usize::from(negated);
            return self.among(operand, negated);
        }
        let operator = self.operator()?;
        let value = self.literal()?;
        Ok(Condition::Compare { operand, operator, value })
    }

    fn among(&mut self, operand: Operand, negated: bool) -> Parsed<Condition> {
        self.expect("(")?;
        if self.is(0, "SELECT") {
            let query = self.nested(Self::query)?;
            self.expect(")")?;
            return Ok(Condition::AmongRows { operand, negated, query: Box::new(query) });
        }
        let mut values = vec![self.literal()?];
        while self.take(",") {
            values.push(self.literal()?);
        }
        self.expect(")")?;
        Ok(Condition::Among { operand, negated, values })
    }

    fn operator(&mut self) -> Parsed<Operator> {
        let operators = [
            ("=", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<>", Operator::NotEqual),
            ("<", Operator::Less),
            ("<=", Operator::LessOrEqual),
            (">", Operator::Greater),
            (">=", Operator::GreaterOrEqual),
            ("LIKE", Operator::Like),
        ];
        self.check_emulated()?;
        for (text, operator) in operators {
            if self.take(text) {
                return Ok(operator);
            }
        }
        Err(self.unexpected())
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let Some(token) = self.peek() else { return Err(self.unexpected()) };
        let value = match token.kind {
            Kind::Text => Some(LiteralValue::Text(token.text.clone())),
            Kind::Number => number(&token.text),
            Kind::Word if token.text.eq_ignore_ascii_case("null") => Some(LiteralValue::Null),
            Kind::Word if token.text.eq_ignore_ascii_case("true") => Some(LiteralValue::Boolean(true)),
            Kind::Word if token.text.eq_ignore_ascii_case("false") => Some(LiteralValue::Boolean(false)),
            Kind::Word => dates::range(&token.text, self.now).map(|(from, until)| LiteralValue::Range { from, until }),
            Kind::Symbol => None,
        };
        let Some(value) = value else { return Err(self.unexpected()) };
        self.next += 1;
        Ok(Literal { value, at: token.at })
    }

    fn order(&mut self) -> Parsed<Order> {
        let operand = self.operand()?;
        let descending = !self.take("ASC") && self.take("DESC");
        let mut nulls_last = false;
        if self.take("NULLS") {
            nulls_last = self.take("LAST");
            if !nulls_last {
                self.expect("FIRST")?;
            }
        }
        Ok(Order { operand, descending, nulls_last })
    }
}

fn number(text: &str) -> Option<LiteralValue> {
    if let Some(instant) = clock::parse_datetime(text) {
        return Some(LiteralValue::DateTime(instant));
    }
    if chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() {
        return Some(LiteralValue::Date(text.to_owned()));
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| LiteralValue::Number(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(soql: &str) -> String {
        query(soql, 0).unwrap_err().into_api(soql).message
    }

    #[test]
    fn every_clause_finds_its_place() {
        let soql = "SELECT Id, Contact.Account.Name, (SELECT Id FROM Users) FROM User u WHERE (IsActive = true OR NOT \
                    (Name LIKE 'A%')) AND Id NOT IN ('a', 'b') AND ContactId IN (SELECT Id FROM Contact WHERE \
                    Email != null) ORDER BY Name DESC NULLS LAST, Id LIMIT 5 OFFSET 2";
        let query = query(soql, 0).unwrap();
        assert_eq!(query.select.len(), 3);
        assert_eq!(query.alias.as_deref(), Some("u"));
        assert!(matches!(&query.filter, Some(Condition::And(all)) if all.len() == 3));
        assert!(query.order_by[0].descending && query.order_by[0].nulls_last && !query.order_by[1].descending);
        assert_eq!((query.limit, query.offset), (Some(5), Some(2)));
    }

    #[test]
    fn a_slip_is_named_where_it_stands() {
        for (soql, expected) in [
            ("SELECT Id FORM User", "ERROR at Row:1:Column:16\nunexpected token: 'User'"),
            ("SELECT FROM User", "ERROR at Row:1:Column:8\nunexpected token: 'FROM'"),
            ("SELECT Id FROM User WHERE", "ERROR at Row:1:Column:26\nunexpected token: '<EOF>'"),
            ("SELECT Id FROM User WHERE a = 1 AND b = 2 OR c = 3", "unexpected token: 'OR'"),
            ("SELECT Id\nFROM User LIMIT x", "ERROR at Row:2:Column:17\nunexpected token: 'x'"),
            ("SELECT Id FROM User WHERE Name = foo", "unexpected token: 'foo'"),
        ] {
            assert!(refusal(soql).ends_with(expected), "{soql}: {}", refusal(soql));
        }
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let soql = format!("SELECT Id FROM User WHERE {}a = 1{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(query(&soql, 0).is_err());
    }
}
