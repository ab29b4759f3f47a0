//! Decimal numbers.
//!
//! Number fields of Salesforce are decimal, of at most 18 digits (H, object reference), and texts on both sides of the
//! connector. Going by way of `f64` would lose digits. [`Decimal`] holds 28 of them, and what it cannot hold exactly is
//! refused here and never rounded.

use std::str::FromStr;

use rust_decimal::Decimal;

/// Reads a number: a sign, digits with a point at most, and an exponent at most. All ways to write a number give the same
/// one: `1.50`, `+1.5` and `15e-1`. Returns `None` if the text isn't a number, or is one that no field can hold.
pub fn decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, i64::from_str(exponent).ok()?),
        None => (text, 0),
    };
    // The library also takes digits with underscores between them.
    if !mantissa.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-')) {
        return None;
    }
    let mantissa = Decimal::from_str_exact(mantissa).ok()?;
    let (digits, scale) = (mantissa.mantissa(), i64::from(mantissa.scale()).checked_sub(exponent)?);
    let number = match u32::try_from(scale) {
        _ if digits == 0 => Some(Decimal::ZERO),
        Ok(scale) => Decimal::try_from_i128_with_scale(digits, scale).ok(),
        Err(_) => {
            let power = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
            Decimal::try_from_i128_with_scale(digits.checked_mul(power)?, 0).ok()
        }
    };
    number.map(|number| number.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> Option<String> {
        decimal(text).map(|number| number.to_string())
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
            assert_eq!(decimal(text).unwrap().is_integer(), is_whole, "{text}");
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
            "1e99999999999999999999",
            "1_000",
            "1-2",
            "0.12345678901234567890123456789",
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
            if let Some(number) = decimal(&text) {
                prop_assert_eq!(number.to_string().parse::<f64>().unwrap(), text.parse::<f64>().unwrap());
            }
        }
    }
}
