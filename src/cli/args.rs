//! What can be typed.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command, Parser, ValueEnum};

use crate::property::{ALL, Property};
use crate::release::Profile;

/// The exit codes, as the help shows them; the README has them by command.
const EXIT_CODES: &str = "\
Exit codes:
  0  as expected: verdicts, vectors, a replayed violation; or nothing was expected
  1  not as expected, whether or not a search was cut short too
  2  bad input: one message, and nothing is written
  3  a search was cut short before it could tell; what it told is as expected";

/// A model-checked specification of the Kubernetes `DaemonSet`, and the test harness built on it.
///
/// Without a subcommand: check all bundled models.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES, max_term_width = 120)]
pub struct Arguments {
    /// Colours; `auto` follows the terminal and `NO_COLOR`.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Subcommand>,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Check models: which claims hold, and the shortest way to break those that do not.
    Check(CheckArgs),
    /// List models, or tell what one is about.
    Models(ModelsArgs),
    /// List release profiles, or every switch by which releases, fixes and mutants differ.
    Profiles(ProfilesArgs),
    /// Tell a saved counterexample step by step.
    Replay(ReplayArgs),
    /// On which nodes may the pods of a `DaemonSet` run, and why not on the others?
    Placement(super::placement::PlacementArgs),
    /// Put golden vectors of the real controller to ours, and compare the answers.
    Vectors(super::vectors::VectorsArgs),
    /// Write the guarantee matrix and its counterexamples.
    Report(ReportArgs),
    /// Walk through a model in the browser, with stateright's Explorer, on loopback.
    Explore(ExploreArgs),
}

/// When to write colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A release profile by its name.
pub fn profile_parser() -> impl TypedValueParser<Value = &'static Profile> {
    ProfileParser
}

/// Reads names of profiles; what it suggests for another name is of the same release.
#[derive(Clone, Copy, Debug)]
struct ProfileParser;

impl ProfileParser {
    fn values() -> impl Iterator<Item = PossibleValue> {
        Profile::ALL.iter().map(|profile| {
            let help = format!("{} places pods; rests on: {}", profile.placed_by(), profile.evidence);
            PossibleValue::new(profile.name).help(help)
        })
    }
}

impl TypedValueParser for ProfileParser {
    type Value = &'static Profile;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Self::Value, clap::Error> {
        let known = PossibleValuesParser::new(Self::values()).parse_ref(command, argument, value);
        let name = known.map_err(|mut error| {
            error.remove(ContextKind::SuggestedValue);
            let meant = value.to_str().map(Profile::meant).unwrap_or_default();
            if !meant.is_empty() {
                let meant = ContextValue::Strings(meant.into_iter().map(str::to_owned).collect());
                error.insert(ContextKind::SuggestedValue, meant);
            }
            error
        })?;
        Ok(Profile::named(&name).expect("only names of profiles are possible values"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Self::values()))
    }
}

/// A claim by its id.
fn property_parser() -> impl TypedValueParser<Value = Property> {
    let values = ALL.iter().map(|property| PossibleValue::new(property.id()).help(property.sentence()));
    PossibleValuesParser::new(values)
        .map(|id| Property::named(&id).expect("only ids of properties are possible values"))
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For machines.
    Json,
}

/// `everynode check`.
#[derive(Args, Clone, Debug, Default)]
pub struct CheckArgs {
    /// Bundled models (by name, path or theme) or model files; all bundled ones if none is given.
    pub models: Vec<String>,
    /// Check under this release profile instead of the model's own; expectations are then not compared.
    #[arg(long, value_parser = profile_parser())]
    pub profile: Option<&'static Profile>,
    /// Check only this claim; may be given several times. Claims the model does not name may be asked for.
    #[arg(short, long = "property", value_name = "CLAIM", value_parser = property_parser())]
    pub properties: Vec<Property>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Threads; as many as there are cores if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Seed of the fingerprints.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Stop a model at so many unique states.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_states: Option<u64>,
    /// Stop a model after so many seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_seconds: Option<u64>,
    /// Stop a model once its visited set and frontier take so many MiB.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_memory: Option<u64>,
    /// Stop a model at this depth.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_depth: Option<u64>,
    /// Tell every shortest counterexample, not only those nobody expected.
    #[arg(long, conflicts_with = "format")]
    pub traces: bool,
    /// Write each counterexample to a file in this folder, for `replay`.
    #[arg(long, value_name = "FOLDER")]
    pub save: Option<PathBuf>,
    /// Count the distinct values of each field of the state instead of checking claims, over at most a million states or
    /// `--max-states`.
    #[arg(long, conflicts_with_all = ["format", "max_depth", "max_seconds", "max_memory", "traces", "save", "coverage", "properties"])]
    pub census: bool,
    /// Show how often each kind of step was taken.
    #[arg(long, conflicts_with = "format")]
    pub coverage: bool,
}

/// `everynode models`.
#[derive(Args, Clone, Debug)]
pub struct ModelsArgs {
    /// Bundled models (by name, path or theme) or model files; all bundled ones if none is given.
    pub models: Vec<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `everynode profiles`.
#[derive(Args, Clone, Debug)]
pub struct ProfilesArgs {
    /// Explain every switch and its values instead; `*` marks what current upstream has.
    #[arg(long)]
    pub switches: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `everynode replay`.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// A counterexample written by `check --save`.
    pub file: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `everynode explore`.
#[derive(Args, Clone, Debug)]
pub struct ExploreArgs {
    /// A bundled model or a model file.
    pub model: String,
    /// Under this release profile instead of the model's own.
    #[arg(long, value_parser = profile_parser())]
    pub profile: Option<&'static Profile>,
    /// Port on loopback.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
}

/// `everynode report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Folder to write to; pages of an earlier report in it are replaced.
    #[arg(long, default_value = "reports", value_name = "FOLDER")]
    pub out: PathBuf,
    /// Cut a search at so many unique states, one under a pair of faults at a tenth of that.
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..1_000_000_000))]
    pub max_states: u64,
}
