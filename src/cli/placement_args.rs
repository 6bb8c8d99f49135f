//! What was typed behind `everynode placement`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::args::{Format, profile_parser};
use crate::release::Profile;
use crate::release::placement::{ComparisonOperators, CriticalPods, PlacementRules};

/// What was typed behind `everynode placement`.
#[derive(Clone, Debug, Args)]
pub struct PlacementArgs {
    /// Manifests with the `DaemonSet`s, YAML or JSON; other kinds are skipped and counted. `-` is stdin
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true)]
    pub filenames: Vec<PathBuf>,
    /// Manifests with the nodes, as `kubectl get nodes -o yaml` prints them; absent: the nodes among `-f`
    #[arg(long, value_name = "FILE")]
    pub nodes: Vec<PathBuf>,
    /// Manifests with the pods of all namespaces; only looked at where the controller places pods itself (v1.11,
    /// v1.12-controller): then room and host ports count
    #[arg(long, value_name = "FILE")]
    pub pods: Vec<PathBuf>,
    /// The release whose rules decide
    #[arg(long, value_parser = profile_parser(), default_value = "v1.36")]
    pub profile: &'static Profile,
    /// Gates that are not as the release sets them, as a component takes them:
    /// `TaintTolerationComparisonOperators=true` (v1.36, v1.37), `ExperimentalCriticalPodAnnotation=true` (v1.11, v1.12)
    #[arg(long, value_name = "GATE=BOOL,...", value_delimiter = ',')]
    pub feature_gates: Vec<GateSetting>,
    /// Refuse manifests with fields that their kind does not have, instead of warning about them
    #[arg(long)]
    pub strict: bool,
    /// How to print; JSON is an array, one object a `DaemonSet` and node
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// The releases that have the gate `TaintTolerationComparisonOperators` (PLACE-11).
const COMPARING: [&str; 2] = ["v1.36", "v1.37"];

/// A gate that placement knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The toleration operators `Lt` and `Gt` compare numbers (PLACE-11).
    TaintTolerationComparisonOperators,
    /// An annotation makes pods of `kube-system` critical (LEG-12).
    ExperimentalCriticalPodAnnotation,
}

impl Gate {
    const ALL: [Self; 2] = [Self::TaintTolerationComparisonOperators, Self::ExperimentalCriticalPodAnnotation];

    const fn name(self) -> &'static str {
        match self {
            Self::TaintTolerationComparisonOperators => "TaintTolerationComparisonOperators",
            Self::ExperimentalCriticalPodAnnotation => "ExperimentalCriticalPodAnnotation",
        }
    }
}

/// A gate and what it is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateSetting {
    /// The gate.
    pub gate: Gate,
    /// Whether it is on.
    pub enabled: bool,
}

impl FromStr for GateSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, enabled) = text.split_once('=').unwrap_or((text, ""));
        let gate = Gate::ALL.into_iter().find(|gate| gate.name() == name);
        let known = || Gate::ALL.map(Gate::name).join(", ");
        let gate = gate.ok_or_else(|| format!("placement knows these gates: {}", known()))?;
        let enabled = enabled.parse();
        let enabled = enabled.map_err(|_| format!("{name} is set to true or to false"))?;
        Ok(Self { gate, enabled })
    }
}

/// A gate that the release does not have.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{profile} has no gate {gate}")]
#[diagnostic(help("leave --feature-gates out, or choose another --profile"))]
pub struct GateError {
    profile: &'static str,
    gate: &'static str,
}

impl PlacementArgs {
    /// The switches that were asked for.
    ///
    /// # Errors
    /// If a gate is set that the release does not have.
    pub fn rules(&self) -> Result<PlacementRules, GateError> {
        let of_release = self.profile.placement;
        let mut rules = of_release;
        for GateSetting { gate, enabled } in &self.feature_gates {
            let known = match gate {
                Gate::TaintTolerationComparisonOperators => COMPARING.contains(&self.profile.name),
                Gate::ExperimentalCriticalPodAnnotation => of_release.critical_pods != CriticalPods::None,
            };
            if !known {
                return Err(GateError { profile: self.profile.name, gate: gate.name() });
            }
            rules = match (gate, enabled) {
                (Gate::TaintTolerationComparisonOperators, true) => {
                    rules.with_comparison_operators(ComparisonOperators::Supported)
                }
                (Gate::TaintTolerationComparisonOperators, false) => {
                    rules.with_comparison_operators(ComparisonOperators::Unsupported)
                }
                (Gate::ExperimentalCriticalPodAnnotation, true) => {
                    rules.with_critical_pods(CriticalPods::ByPriorityOrAnnotation)
                }
                (Gate::ExperimentalCriticalPodAnnotation, false) => rules.with_critical_pods(CriticalPods::ByPriority),
            };
        }
        Ok(rules)
    }
}
