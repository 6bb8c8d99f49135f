//! Bytes of a file as text, and words that were meant.

/// The text, or the line of the first byte that is none, from 1.
pub fn decode(bytes: Vec<u8>) -> Result<String, usize> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        1 + String::from_utf8_lossy(valid).matches('\n').count()
    })
}

/// The one of `known` that was probably meant by `word`: the nearest, if it is near.
pub fn meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 4).clamp(1, 3);
    let distances = known.into_iter().map(|candidate| (strsim::osa_distance(word, candidate), candidate));
    distances.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// What to do about a `word` that is none of `known`: the one that was probably meant, or else `otherwise`.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, otherwise: impl Into<String>) -> String {
    meant(word, known).map_or_else(|| otherwise.into(), |known| format!("did you mean `{known}`?"))
}

/// What an error of serde about a name that is none calls it, and what it offers instead: its words in backticks.
pub fn meant_by_serde(message: &str) -> Option<String> {
    if !message.contains("unknown field") && !message.contains("unknown variant") {
        return None;
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let word = words.next()?;
    meant(word, words).map(|known| format!("did you mean `{known}`?"))
}

/// A number with its thousands apart: `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
