//! The few lines of a large input that a message shows, under their true line numbers.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// Longest line that a message shows. Unit: bytes.
const LINE_BYTES_MAX: usize = 200;

/// The surroundings of one place of an input.
#[derive(Clone, Debug)]
pub struct Excerpt {
    name: String,
    text: String,
    /// Lines of the input that precede the excerpt.
    lines_before: usize,
}

impl Excerpt {
    /// The lines around `line` (from 1) of `text`, and the span of `column` (from 1) in them.
    pub fn around(name: &str, text: &str, line: usize, column: usize) -> (Self, SourceSpan) {
        let lines_before = line.saturating_sub(2);
        let mut excerpt = String::new();
        let mut offset = 0;
        for (place, shown) in text.split('\n').enumerate().skip(lines_before).take(3) {
            if place + 1 == line {
                let into_line = shown.char_indices().nth(column.saturating_sub(1)).map_or(shown.len(), |(at, _)| at);
                offset = excerpt.len() + into_line.min(cut(shown).len());
            }
            excerpt.push_str(cut(shown));
            excerpt.push('\n');
        }
        (Self { name: name.to_owned(), text: excerpt, lines_before }, SourceSpan::from(offset))
    }
}

/// The part of a line that is shown.
fn cut(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    let end = line.char_indices().map(|(at, _)| at).find(|at| *at >= LINE_BYTES_MAX);
    &line[..end.unwrap_or(line.len())]
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.text.read_span(span, context_lines_before, context_lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line() + self.lines_before,
            contents.column(),
            contents.line_count(),
        )))
    }
}
