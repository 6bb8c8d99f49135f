//! A behaviour on the terminal: one line a step.

use std::fmt::Write;

use super::layout::{ASIDE, FAULT, padded, painted, wrapped};
use crate::model::narrative::Told;

/// The steps, numbered, and what is there in the end; what the controller's caches showed is set below a step where it differs from the last time.
pub fn tale(told: &Told, width: Option<usize>) -> String {
    let mut text = String::new();
    let who_width = told.lines.iter().map(|line| line.who.chars().count()).max().unwrap_or(0);
    let indent = "   1  ".len() + who_width + "  ".len();
    let mut shown: Option<&str> = None;
    for (index, line) in told.lines.iter().enumerate() {
        let who = padded(&line.who, who_width);
        let is_fault = line.who == "fault";
        let (who, what) =
            if is_fault { (painted(&who, FAULT), painted(&line.what, FAULT)) } else { (who, line.what.clone()) };
        let _ = writeln!(text, "{}", wrapped(&format!("{:4}  {who}  {what}", index + 1), indent, width));
        if let Some(sees) = line.sees.as_deref().filter(|sees| shown != Some(sees)) {
            let sees_line = format!("{}{}", " ".repeat(indent), painted(&format!("its caches show {sees}"), ASIDE));
            let _ = writeln!(text, "{}", wrapped(&sees_line, indent + 2, width));
            shown = Some(sees);
        }
    }
    let _ = writeln!(text, "  in the end:");
    for object in &told.end {
        let _ = writeln!(text, "{}", wrapped(&format!("    {object}"), 6, width));
    }
    text
}
