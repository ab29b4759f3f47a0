//! Refusals of queries, in the shape of Salesforce: an excerpt, a caret, row and column, and the sentence.

use crate::error::ApiError;

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct QueryError {
    code: &'static str,
    message: String,
    at: Option<usize>,
}

/// Marks what is answered in plain words.
const NOT_EMULATED: &str = "NOT_EMULATED";

/// How much of the query an excerpt shows before the error and from it on; each end moves on to the next comma or blank (H:
/// fits eight recorded answers).
const BEFORE: usize = 30;
const AFTER: usize = 31;

impl QueryError {
    pub(super) fn malformed(at: usize, message: impl Into<String>) -> Self {
        Self { code: "MALFORMED_QUERY", message: message.into(), at: Some(at) }
    }

    /// A refusal that Salesforce gives without a position.
    pub(super) fn plain(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), at: None }
    }

    /// What Salesforce has and the emulator has not.
    pub(super) fn not_emulated(what: &str) -> Self {
        Self { code: NOT_EMULATED, message: what.to_owned(), at: None }
    }

    pub(super) fn no_such_column(at: usize, column: &str, entity: &str) -> Self {
        Self {
            code: "INVALID_FIELD",
            message: format!(
                "No such column '{column}' on entity '{entity}'. If you are attempting to use a custom field, be \
                 sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call \
                 for the appropriate names."
            ),
            at: Some(at),
        }
    }

    pub(super) fn no_such_relationship(at: usize, relationship: &str) -> Self {
        Self {
            code: "INVALID_FIELD",
            message: format!(
                "Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom \
                 relationship, be sure to append the '__r' after the custom relationship name. Please reference your \
                 WSDL or the describe call for the appropriate names."
            ),
            at: Some(at),
        }
    }

    pub(super) fn no_such_object(at: usize, object: &str) -> Self {
        Self {
            code: "INVALID_TYPE",
            message: format!(
                "sObject type '{object}' is not supported. If you are attempting to use a custom object, be sure to \
                 append the '__c' after the entity name. Please reference your WSDL or the describe call for the \
                 appropriate names."
            ),
            at: Some(at),
        }
    }

    pub(super) fn invalid_id(at: usize, id: &str) -> Self {
        Self { code: "INVALID_QUERY_FILTER_OPERATOR", message: format!("invalid ID field: {id}"), at: Some(at) }
    }

    pub(super) fn invalid_field(at: usize, message: impl Into<String>) -> Self {
        Self { code: "INVALID_FIELD", message: message.into(), at: Some(at) }
    }

    /// The error as REST shows it for this query.
    pub(super) fn into_api(self, soql: &str) -> ApiError {
        if self.code == NOT_EMULATED {
            return ApiError::not_emulated(&self.message);
        }
        let Some(at) = self.at else { return ApiError::new(400, self.code, self.message) };
        let at = at.min(soql.len());
        let before = soql.get(..at).unwrap_or(soql);
        let row = before.matches('\n').count() + 1;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = line.chars().count() + 1;
        let parts = |letter: &char| matches!(letter, ',' | ' ');
        let line: Vec<char> = line.chars().collect();
        let mut skipped = line.len().saturating_sub(BEFORE);
        while skipped > 0 && !parts(&line[skipped - 1]) {
            skipped -= 1;
        }
        let shown: String = line[skipped..].iter().collect();
        let rest: Vec<char> = soql.get(at..).unwrap_or_default().lines().next().unwrap_or_default().chars().collect();
        let mut until = rest.len().min(AFTER);
        while until < rest.len() && !parts(&rest[until]) {
            until += 1;
        }
        let rest: String = rest[..until].iter().collect();
        let caret = " ".repeat(shown.chars().count());
        ApiError::new(
            400,
            self.code,
            format!("\n{shown}{rest}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{}", self.message),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_where_salesforce_puts_it() {
        // A recorded answer (H).
        let error = QueryError::no_such_object(20, "XYZZY").into_api("select count() from XYZZY");
        assert_eq!(error.code, "INVALID_TYPE");
        assert!(error.message.starts_with(
            "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n\
             sObject type 'XYZZY' is not supported. If"
        ));
    }
}
