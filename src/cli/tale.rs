//! A behaviour on the terminal: one line a step.

use std::fmt::Write;

use crate::model::narrative::Told;

/// The steps, numbered; what the controller's caches showed is set below a step where it differs from the last time.
pub fn tale(told: &Told) -> String {
    let mut text = String::new();
    let width = told.lines.iter().map(|line| line.who.len()).max().unwrap_or(0);
    let mut shown: Option<&str> = None;
    for (index, line) in told.lines.iter().enumerate() {
        let _ = writeln!(text, "{:4}  {:width$}  {}", index + 1, line.who, line.what);
        if let Some(sees) = line.sees.as_deref().filter(|sees| shown != Some(sees)) {
            let _ = writeln!(text, "      {:width$}  its caches show {sees}", "");
            shown = Some(sees);
        }
    }
    text
}
