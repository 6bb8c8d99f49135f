//! Bytes of a file as text.

/// The text, or the line of the first byte that is none, from 1.
pub fn decode(bytes: Vec<u8>) -> Result<String, usize> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        1 + String::from_utf8_lossy(valid).matches('\n').count()
    })
}
