//! A behaviour on the terminal: one line a step.

use std::fmt::Write;

use super::layout::{ASIDE, FAULT, WRONG, padded, painted, wrapped};
use crate::check::{Cycle, fair::Class};
use crate::model::fairness;
use crate::model::narrative::Told;
use crate::scope::Scope;

/// As [`tale`], of a behaviour for ever: where its loop begins, and who gets a turn in it.
pub fn for_ever(told: &Told, wrong: &[String], cycle: &Cycle, scope: &Scope, width: Option<usize>) -> String {
    let names = |classes: &[Class]| {
        let names: Vec<String> = classes.iter().map(|class| fairness::name(scope, *class)).collect();
        names.join(", ")
    };
    let mut text = steps(told, Some(cycle.begins), width);
    let mut say = |line: String| {
        let _ = writeln!(text, "{}", wrapped(&format!("  {line}"), 4, width));
    };
    if told.lines.len() == cycle.begins {
        say("and so it stays: nobody has anything to do but users, faults and resync".to_owned());
    } else {
        say(format!("and so on without end; who gets a turn: {}", names(&cycle.taken)));
        if !cycle.passed.is_empty() {
            say(format!("who has nothing to do now and then, and so may be passed over: {}", names(&cycle.passed)));
        }
    }
    text + &end(told, wrong, width)
}

/// The steps, numbered, what is there in the end, and what is `wrong` there; what the controller's caches showed is set below
/// a step where it differs from the last time.
pub fn tale(told: &Told, wrong: &[String], width: Option<usize>) -> String {
    steps(told, None, width) + &end(told, wrong, width)
}

/// The steps; before the one with the number `begins`, from 0, it is said that what follows is taken again and again.
fn steps(told: &Told, begins: Option<usize>, width: Option<usize>) -> String {
    let mut text = String::new();
    let who_width = told.lines.iter().map(|line| line.who.chars().count()).max().unwrap_or(0);
    let indent = "   1  ".len() + who_width + "  ".len();
    let mut shown: Option<&str> = None;
    for (index, line) in told.lines.iter().enumerate() {
        if begins == Some(index) {
            let _ = writeln!(text, "  again and again:");
        }
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
    text
}

fn end(told: &Told, wrong: &[String], width: Option<usize>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "  in the end:");
    for object in &told.end {
        let _ = writeln!(text, "{}", wrapped(&format!("    {object}"), 6, width));
    }
    if !wrong.is_empty() {
        let _ = writeln!(text, "  which is wrong:");
    }
    for fault in wrong {
        let _ = writeln!(text, "{}", wrapped(&format!("    {}", painted(fault, WRONG)), 6, width));
    }
    text
}
