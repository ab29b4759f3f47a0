//! Values of columns, as both engines take and give them.

use std::borrow::Cow;

use super::StoreError;

/// A value that belongs to somebody else.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum ValueRef<'v> {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(Cow<'v, str>),
    Blob(&'v [u8]),
}

/// A value of its own, for statements that are put together.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Value {
    Boolean(bool),
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl ValueRef<'_> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a flag",
            Self::Integer(_) => "a number",
            Self::Text(_) => "a text",
            Self::Blob(_) => "bytes",
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What can be put into a column.
pub(in super::super) trait ToValue {
    fn value(&self) -> Result<ValueRef<'_>, StoreError>;
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        (**self).value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        self.as_ref().map_or(Ok(ValueRef::Null), T::value)
    }
}

/// A text as the database keeps it: PostgreSQL has no text with a NUL in it, and what an application sends may have one.
pub(in super::super) fn storable(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

impl ToValue for str {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        Ok(ValueRef::Text(storable(self)))
    }
}

impl ToValue for String {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        self.as_str().value()
    }
}

impl ToValue for Vec<u8> {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        Ok(ValueRef::Blob(self))
    }
}

impl ToValue for bool {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        Ok(ValueRef::Boolean(*self))
    }
}

impl ToValue for Value {
    fn value(&self) -> Result<ValueRef<'_>, StoreError> {
        match self {
            Self::Boolean(flag) => flag.value(),
            Self::Integer(number) => number.value(),
            Self::Text(text) => text.value(),
            Self::Blob(bytes) => bytes.value(),
        }
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl ToValue for $number {
            fn value(&self) -> Result<ValueRef<'_>, StoreError> {
                i64::try_from(*self).map(ValueRef::Integer).map_err(|_| StoreError::Number)
            }
        }

        impl FromValue for $number {
            fn from_value(value: &ValueRef<'_>) -> Option<Self> {
                match value {
                    ValueRef::Integer(number) => (*number).try_into().ok(),
                    _ => None,
                }
            }
        }
    )*};
}

numbers!(i64, i32, u64, u32, u16, usize);

/// What a column can be read as.
pub(in super::super) trait FromValue: Sized {
    /// Returns `None` if it isn't of this kind.
    fn from_value(value: &ValueRef<'_>) -> Option<Self>;
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for Value {
    fn from_value(value: &ValueRef<'_>) -> Option<Self> {
        Some(match value {
            ValueRef::Null => return None,
            ValueRef::Boolean(flag) => Self::Boolean(*flag),
            ValueRef::Integer(number) => Self::Integer(*number),
            ValueRef::Text(text) => Self::Text(text.clone().into_owned()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        })
    }
}

impl FromValue for String {
    fn from_value(value: &ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Blob(bytes) => Some(bytes.to_vec()),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Boolean(flag) => Some(*flag),
            // SQLite has no flags.
            ValueRef::Integer(number) => Some(*number != 0),
            _ => None,
        }
    }
}

/// The values of a statement's placeholders, in their order.
pub(in super::super) trait Params {
    fn values(&self) -> Result<Vec<ValueRef<'_>>, StoreError>;
}

impl Params for &[&dyn ToValue] {
    fn values(&self) -> Result<Vec<ValueRef<'_>>, StoreError> {
        self.iter().map(ToValue::value).collect()
    }
}

impl<T: ToValue, const N: usize> Params for [T; N] {
    fn values(&self) -> Result<Vec<ValueRef<'_>>, StoreError> {
        self.iter().map(T::value).collect()
    }
}

impl<T: ToValue> Params for Vec<T> {
    fn values(&self) -> Result<Vec<ValueRef<'_>>, StoreError> {
        self.iter().map(T::value).collect()
    }
}

/// The values of a statement that was put together.
pub(in super::super) fn params_from_iter<T: ToValue>(values: Vec<T>) -> Vec<T> {
    values
}

/// Values of several kinds, for the placeholders of a statement.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(&$value as &dyn $crate::directory::database::ToValue),*] as &[&dyn $crate::directory::database::ToValue]
    };
}
pub(in super::super) use params;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_text_of_postgresql_can_hold_is_replaced() {
        assert_eq!("a\0b".value().unwrap(), ValueRef::Text("a\u{fffd}b".into()));
        assert_eq!("ab".value().unwrap(), ValueRef::Text("ab".into()));
    }

    #[test]
    fn a_number_that_no_column_holds_is_refused_and_not_cut() {
        assert!(matches!(u64::MAX.value(), Err(StoreError::Number)));
        assert_eq!(u32::from_value(&ValueRef::Integer(-1)), None);
        assert_eq!(bool::from_value(&ValueRef::Integer(2)), Some(true));
        assert_eq!(Option::<i64>::from_value(&ValueRef::Null), Some(None));
        assert_eq!(String::from_value(&ValueRef::Null), None);
    }
}
