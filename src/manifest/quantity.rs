//! Kubernetes quantities: `250m`, `1Gi`, `1e3` (`k8s.io/apimachinery/pkg/api/resource`).

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// A quantity that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a quantity")]
pub struct QuantityError {
    /// What stands there.
    pub text: String,
}

/// The whole value, fractions rounded up. Mirrors `Quantity.Value`.
///
/// # Errors
/// If the text is no quantity.
pub fn value(quantity: &Quantity) -> Result<i64, QuantityError> {
    scaled(&quantity.0, 1)
}

/// The value in thousandths, smaller fractions rounded up. Mirrors `Quantity.MilliValue`.
///
/// # Errors
/// If the text is no quantity.
pub fn milli_value(quantity: &Quantity) -> Result<i64, QuantityError> {
    scaled(&quantity.0, 1000)
}

/// Digits beyond this many are out of the range of any quantity and are not computed with.
const DIGITS_MAX: usize = 24;

fn scaled(text: &str, times: i128) -> Result<i64, QuantityError> {
    let (negative, magnitude) = parse(text).ok_or_else(|| QuantityError { text: text.to_owned() })?;
    let Magnitude { numerator, denominator } = magnitude;
    let value = numerator.saturating_mul(times);
    // The magnitude is rounded up, whatever the sign, as upstream does.
    let rounded = i64::try_from(value.saturating_add(denominator - 1) / denominator).unwrap_or(i64::MAX);
    Ok(if negative { -rounded } else { rounded })
}

struct Magnitude {
    numerator: i128,
    denominator: i128,
}

fn parse(text: &str) -> Option<(bool, Magnitude)> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let number_end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(number_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = [whole, fraction].concat();
    let plain = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !plain {
        return None;
    }
    let (base, exponent) = multiplier(suffix)?;
    let mut numerator: i128 = digits.parse().ok()?;
    let mut denominator = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let power = base.checked_pow(exponent.unsigned_abs())?;
    if exponent < 0 {
        denominator = denominator.checked_mul(power)?;
    } else {
        numerator = numerator.saturating_mul(power);
    }
    Some((negative, Magnitude { numerator, denominator }))
}

/// Base and exponent of a suffix.
fn multiplier(suffix: &str) -> Option<(i128, i32)> {
    let decimal = |exponent| Some((10, exponent));
    let binary = |exponent| Some((1024, exponent));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => decimal(suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|exponent| (-18..=18).contains(exponent))?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, whole: i64, milli: i64) {
        let quantity = Quantity(text.to_owned());
        assert_eq!((value(&quantity), milli_value(&quantity)), (Ok(whole), Ok(milli)), "{text}");
    }

    #[test]
    fn quantities_are_read_and_rounded_up() {
        check("250m", 1, 250);
        check("1", 1, 1000);
        check("1.5", 2, 1500);
        check(".5Gi", 536_870_912, 536_870_912_000);
        check("1e3", 1000, 1_000_000);
        check("100u", 1, 1);
        check("-1500m", -2, -1500);
        check("1Ki", 1024, 1_024_000);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "-", ".", "1.2.3", "1 Gi", "Gi", "1gi", "1e", "1e999", "0x10"] {
            assert!(value(&Quantity(text.to_owned())).is_err(), "{text}");
        }
    }
}
