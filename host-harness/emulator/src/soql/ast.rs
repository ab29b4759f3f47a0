//! The tree of a query.

/// A name or path as written, with the byte offset it stands at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub(super) parts: Vec<String>,
    pub(super) at: usize,
}

impl Path {
    pub(super) fn text(&self) -> String {
        self.parts.join(".")
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    pub(super) select: Vec<SelectItem>,
    /// The object, or in a child subquery the child relationship.
    pub(super) from: Path,
    pub(super) alias: Option<String>,
    pub(super) filter: Option<Condition>,
    pub(super) group_by: Vec<Path>,
    pub(super) having: Option<Condition>,
    pub(super) order_by: Vec<Order>,
    pub(super) limit: Option<u64>,
    pub(super) offset: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum SelectItem {
    Field {
        path: Path,
        alias: Option<String>,
    },
    Aggregate {
        call: Aggregate,
        alias: Option<String>,
    },
    /// `COUNT()` without a field, which answers by `totalSize` alone.
    Count,
    Children(Box<Query>),
    /// `FIELDS(…)`, with the byte offset it stands at.
    Group(FieldGroup, usize),
}

/// A group of an object's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldGroup {
    All,
    Standard,
    Custom,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Aggregate {
    pub(super) function: Function,
    pub(super) path: Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    CountDistinct,
    Min,
    Max,
    Sum,
    Avg,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare { operand: Operand, operator: Operator, value: Literal },
    Among { operand: Operand, negated: bool, values: Vec<Literal> },
    AmongRows { operand: Operand, negated: bool, query: Box<Query> },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Field(Path),
    Aggregate(Aggregate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literal {
    pub(super) value: LiteralValue,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum LiteralValue {
    Null,
    Boolean(bool),
    Number(String),
    /// The text between the quotes, escapes and all: `LIKE` reads some of them differently.
    Text(String),
    DateTime(i64),
    Date(String),
    /// `TODAY`, `LAST_N_DAYS:30`: a half-open range of instants.
    Range {
        from: i64,
        until: i64,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) operand: Operand,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}
