//! Decimal numbers as texts.
//!
//! Number fields of Salesforce are decimal, of at most 18 digits (H, object reference), and texts on both sides of the
//! connector. Going by way of `f64` would lose digits, and the standard library's conversions are 60 KiB of the component.

/// A decimal number in one form for all ways to write it: `1.50`, `+1.5` and `15e-1` are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    is_negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    /// The power of ten of the last digit.
    exponent: i32,
}

/// Further from the point than any field has digits; keeps `1e999999999` from being written out.
const FURTHEST: i32 = 40;

impl Decimal {
    /// Reads a number: a sign, digits with a point at most, and an exponent at most. None where it is no such text, or
    /// one of a size that no field can hold.
    pub fn parse(text: &str) -> Option<Self> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits = format!("{whole}{fraction}");
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        if digits.is_empty() || digits.len() > 2 * FURTHEST as usize || !is_number {
            return None;
        }
        let mut exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        while digits.ends_with('0') {
            digits.pop();
            exponent = exponent.checked_add(1)?;
        }
        let digits = digits.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits, exponent: 0 });
        }
        (-FURTHEST..=FURTHEST).contains(&exponent).then_some(Self { is_negative, digits, exponent })
    }

    /// Whether it has no fraction.
    pub fn is_whole(&self) -> bool {
        self.exponent >= 0
    }
}

/// As JSON has it, without an exponent.
impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        let places = usize::try_from(-self.exponent).unwrap_or(0);
        let zeros = usize::try_from(self.exponent).unwrap_or(0);
        let point = self.digits.len().saturating_sub(places);
        let (whole, fraction) = self.digits.split_at_checked(point).unwrap_or_default();
        f.write_str(sign)?;
        f.write_str(if whole.is_empty() { "0" } else { whole })?;
        (0..zeros).try_for_each(|_| f.write_str("0"))?;
        if places > 0 {
            f.write_str(".")?;
            (fraction.len()..places).try_for_each(|_| f.write_str("0"))?;
            f.write_str(fraction)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> Option<String> {
        Decimal::parse(text).map(|number| number.to_string())
    }

    #[test]
    fn one_number_has_one_form() {
        for (text, form) in [
            ("1.50", "1.5"),
            ("+1.5", "1.5"),
            ("15e-1", "1.5"),
            ("0", "0"),
            ("-0.00", "0"),
            ("007", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-12e3", "-12000"),
            ("0.001", "0.001"),
            ("999999999999999999", "999999999999999999"),
            ("1234567890123456.78", "1234567890123456.78"),
        ] {
            assert_eq!(written(text).as_deref(), Some(form), "{text}");
        }
    }

    #[test]
    fn a_number_is_whole_if_it_has_no_fraction_however_it_is_written() {
        for (text, is_whole) in [
            ("7", true),
            ("7.0", true),
            ("1.5e1", true),
            ("-120", true),
            ("0.0", true),
            ("1.5", false),
            ("1e-1", false),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().is_whole(), is_whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_none_of_a_field_is_refused() {
        let long = "1".repeat(100);
        for text in [
            "",
            "-",
            "+",
            ".",
            "e5",
            "1e",
            "1e5.5",
            "1,5",
            "1 ",
            " 1",
            "inf",
            "NaN",
            "0x1",
            "--1",
            "1e999999999",
            "1e-99",
            "٣",
            &long,
        ] {
            assert_eq!(written(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            if let Some(number) = Decimal::parse(&text) {
                prop_assert_eq!(number.to_string().parse::<f64>().unwrap(), text.parse::<f64>().unwrap());
            }
        }
    }
}
