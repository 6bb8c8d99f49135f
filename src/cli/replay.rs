//! `everynode replay`.

use miette::Report;

use super::args::{Format, ReplayArgs};
use super::output::{self, say};
use super::{AS_EXPECTED, NOT_AS_EXPECTED, bad_input, select, tale};
use crate::check::Explored;
use crate::model::action::Action;
use crate::model::compose::DaemonSetModel;
use crate::model::narrative::tell;
use crate::model::step_name::take_named;
use crate::model::walk::Walk;
use crate::property::{Property, for_ever, wrong_in_the_end};
use crate::trace::{Counterexample, scope_hash};

/// Replays a saved counterexample: takes its steps, tells them, and judges the claim at the end.
pub fn run(args: &ReplayArgs) -> Result<u8, Report> {
    let saved = Counterexample::read(&args.file).map_err(|error| bad_input::message(error.to_string()))?;
    let profile = select::profile(&saved.profile).map_err(|error| {
        error.wrap_err(format!("{} was saved under the profile `{}`", args.file.display(), saved.profile))
    })?;
    let file = select::model(&saved.model, Some(profile)).map_err(|error| {
        error.wrap_err(format!(
            "{} was saved of the model `{}`, named from where it was saved",
            args.file.display(),
            saved.model
        ))
    })?;
    if scope_hash(&file.scope) != saved.scope {
        return Err(bad_input::with_help(
            format!("{} was saved from another scope than {} is now", args.file.display(), saved.model),
            "check the model again with --save",
        ));
    }
    let property = Property::named(&saved.property).ok_or_else(|| {
        bad_input::message(format!("{}: no property is called `{}`", args.file.display(), saved.property))
    })?;
    let model = DaemonSetModel::new(file.scope, &[property]);
    let located = |error: String| bad_input::message(format!("{}: {error}", args.file.display()));
    let actions = take_named(&model, &saved.steps).map_err(|error| located(error.to_string()))?;
    let told = tell(&model, &actions).map_err(|error| located(error.to_string()))?;
    let broken = match saved.loop_begins {
        None => breaks(&model, &actions, property),
        Some(begins) => for_ever::is_broken_by(&model, property, &actions, begins),
    };
    let wrong = wrong_in_the_end(&model, &actions, property);
    match args.format {
        Format::Human => {
            say!("{} ({}), {}: {}\n", saved.model, saved.profile, property.id(), property.sentence());
            output::write(format_args!("{}", tale::tale(&told, &wrong, output::width())));
            if let Some(begins) = saved.loop_begins.filter(|begins| *begins < actions.len()) {
                say!("\nfrom step {} on, again and again", begins + 1);
            }
            let end = if broken { "breaks it" } else { "does not break it" };
            say!("\nThis behaviour of {} steps {end}.", saved.steps.len());
        }
        Format::Json => {
            let steps: Vec<_> = told
                .lines
                .iter()
                .map(|line| serde_json::json!({"who": line.who, "what": line.what, "sees": line.sees}))
                .collect();
            say!(
                "{}",
                serde_json::json!({"model": saved.model, "profile": saved.profile, "property": property.id(), "broken": broken, "steps": steps, "loopBegins": saved.loop_begins, "end": told.end, "wrong": wrong})
            );
        }
    }
    Ok(if broken { AS_EXPECTED } else { NOT_AS_EXPECTED })
}

/// Whether the claim is broken by the last state or the last step.
fn breaks(model: &DaemonSetModel, actions: &[Action], property: Property) -> bool {
    let mut walk = Walk::new(model);
    let mut broken = model.judge_state(&walk.cluster).broken;
    for action in actions {
        let Some(after) = walk.after(action) else { return false };
        broken = model.judge_step(&walk.cluster, action, &after).broken | model.judge_state(&after).broken;
        walk.go_on(after);
    }
    broken & property.bit() != 0
}
