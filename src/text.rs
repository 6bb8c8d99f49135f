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

/// An error of a reader about a value of another type, in words for people who write files.
pub fn in_plain_words(message: &str) -> String {
    const WORDS: [(&str, &str); 18] = [
        ("u8", "a whole number from 0 to 255"),
        ("u16", "a whole number from 0 to 65535"),
        ("u32", "a whole number from 0"),
        ("u64", "a whole number from 0"),
        ("usize", "a whole number from 0"),
        ("i32", "a whole number"),
        ("i64", "a whole number"),
        ("a boolean", "true or false"),
        ("boolean", "true or false"),
        ("bool", "true or false"),
        ("a sequence", "a list"),
        ("sequence start", "a list"),
        ("sequence", "a list"),
        ("a map", "a table"),
        ("map", "a table"),
        ("mapping start", "a table"),
        ("a string", "a text"),
        ("string", "a text"),
    ];
    let known = |word: &str| WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, plain)| plain);
    if let Some(plain) = message.strip_prefix("expected ").and_then(known) {
        return format!("expected {plain}");
    }
    if let Some(plain) = message.strip_prefix("invalid ").and_then(known) {
        return format!("{message}, expected {plain}");
    }
    let Some((what, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let Some((kind @ ("invalid type" | "invalid value"), found)) = what.split_once(": ") else {
        return message.to_owned();
    };
    let plain = |word| known(word).unwrap_or(word);
    format!("{kind}: {}, expected {}", plain(found), plain(expected))
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
    fn types_are_told_in_plain_words() {
        for (message, plain) in [
            (
                "invalid value: integer `300`, expected u8",
                "invalid value: integer `300`, expected a whole number from 0 to 255",
            ),
            ("invalid type: string \"x\", expected a sequence", "invalid type: string \"x\", expected a list"),
            ("invalid type: map, expected a boolean", "invalid type: a table, expected true or false"),
            ("unknown field `odd`, expected `pods`", "unknown field `odd`, expected `pods`"),
            ("expected sequence start", "expected a list"),
            ("invalid i32", "invalid i32, expected a whole number"),
            ("invalid boolean", "invalid boolean, expected true or false"),
            ("missing field `about`", "missing field `about`"),
            ("invalid number", "invalid number"),
        ] {
            assert_eq!(in_plain_words(message), plain);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
