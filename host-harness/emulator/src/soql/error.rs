//! Refusals of queries, in the shape of Salesforce: an excerpt, a caret, row and column, and the sentence.

use crate::error::ApiError;

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct QueryError {
    code: &'static str,
    message: String,
    at: Option<usize>,
}

/// How much of the query an excerpt shows before and after the caret.
const BEFORE: usize = 40;
const AFTER: usize = 40;

impl QueryError {
    pub(super) fn malformed(at: usize, message: impl Into<String>) -> Self {
        Self { code: "MALFORMED_QUERY", message: message.into(), at: Some(at) }
    }

    /// A refusal that Salesforce gives without a position.
    pub(super) fn plain(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), at: None }
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
        let Some(at) = self.at else { return ApiError::new(400, self.code, self.message) };
        let at = at.min(soql.len());
        let before = soql.get(..at).unwrap_or(soql);
        let row = before.matches('\n').count() + 1;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let column = line.chars().count() + 1;
        let skipped = line.chars().count().saturating_sub(BEFORE);
        let shown: String = line.chars().skip(skipped).collect();
        let rest: String =
            soql.get(at..).unwrap_or_default().lines().next().unwrap_or_default().chars().take(AFTER).collect();
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
