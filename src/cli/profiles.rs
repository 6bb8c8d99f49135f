//! `everynode profiles`.

use serde_json::json;

use super::AS_EXPECTED;
use super::args::{Format, ProfilesArgs};
use super::layout::{GOOD, HEADING, padded, painted};
use super::output::{say, say_wrapped};
use crate::release::{Profile, Reference, Switches};

/// Lists the release profiles, or every switch.
pub fn run(args: &ProfilesArgs) -> u8 {
    match (args.format, args.switches) {
        (Format::Human, false) => Profile::ALL.iter().for_each(tell),
        (Format::Human, true) => Switches::reference().iter().for_each(explain),
        (Format::Json, false) => say!("{}", json!(Profile::ALL.iter().map(profile_json).collect::<Vec<_>>())),
        (Format::Json, true) => say!("{}", json!(Switches::reference().iter().map(switch_json).collect::<Vec<_>>())),
    }
    AS_EXPECTED
}

/// A profile: who places pods, what it rests on, and where it differs from current upstream.
fn tell(profile: &Profile) {
    say!("{}", painted(profile.name, HEADING));
    say_wrapped!(4, "  {} places pods; rests on: {}", profile.placed_by(), profile.evidence);
    let differences = profile.switches.differences(&Switches::TODAY);
    let differences: Vec<String> = differences.iter().map(|(name, value, _)| format!("{name} = {value}")).collect();
    let differences = if differences.is_empty() { "every switch as today".to_owned() } else { differences.join(", ") };
    say_wrapped!(4, "  {differences}");
}

/// A switch and its values; that of current upstream is marked.
fn explain(switch: &Reference) {
    say_wrapped!(2, "{}: {}", painted(switch.name, HEADING), switch.about);
    let width = switch.values.iter().map(|(value, _)| value.len()).max().unwrap_or(0);
    for (value, meaning) in &switch.values {
        let is_today = *value == switch.today;
        let mark = if is_today { "*" } else { " " };
        let value = if is_today { painted(value, GOOD) } else { (*value).to_owned() };
        say_wrapped!(width + 6, "  {mark} {}  {meaning}", padded(&value, width));
    }
}

fn profile_json(profile: &Profile) -> serde_json::Value {
    let differences = profile.switches.differences(&Switches::TODAY);
    let switches: serde_json::Map<_, _> =
        differences.into_iter().map(|(name, value, _)| (name.to_owned(), json!(value))).collect();
    json!({
        "profile": profile.name,
        "placedBy": profile.placed_by(),
        "evidence": profile.evidence,
        "switches": switches,
    })
}

fn switch_json(switch: &Reference) -> serde_json::Value {
    let values: serde_json::Map<_, _> =
        switch.values.iter().map(|(value, meaning)| ((*value).to_owned(), json!(meaning))).collect();
    json!({"switch": switch.name, "about": switch.about, "today": switch.today, "values": values})
}
