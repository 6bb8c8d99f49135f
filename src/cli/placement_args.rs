//! What was typed behind `everynode placement`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

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
    /// v1.12-legacy): then room and host ports count
    #[arg(long, value_name = "FILE")]
    pub pods: Vec<PathBuf>,
    /// The release whose rules decide
    #[arg(long, value_enum, default_value_t = PlacementProfile::V1_36)]
    pub profile: PlacementProfile,
    /// Gates that are not as the release sets them, as a component takes them:
    /// `TaintTolerationComparisonOperators=true` (v1.36), `ExperimentalCriticalPodAnnotation=true` (v1.11, v1.12)
    #[arg(long, value_name = "GATE=BOOL,...", value_delimiter = ',')]
    pub feature_gates: Vec<GateSetting>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// A release, and who places in it where there is a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlacementProfile {
    /// The controller places
    #[value(name = "v1.11", alias = "v1.11-legacy")]
    V1_11Legacy,
    /// 1.11 with the gate `ScheduleDaemonSetPods` on
    #[value(name = "v1.11-scheduler")]
    V1_11Scheduler,
    /// 1.12 with the gate `ScheduleDaemonSetPods` off
    #[value(name = "v1.12-legacy")]
    V1_12Legacy,
    /// The scheduler places, as in all that follow
    #[value(name = "v1.12", alias = "v1.12-scheduler")]
    V1_12Scheduler,
    /// 1.20
    #[value(name = "v1.20")]
    V1_20,
    /// 1.28
    #[value(name = "v1.28")]
    V1_28,
    /// 1.34
    #[value(name = "v1.34")]
    V1_34,
    /// 1.36
    #[value(name = "v1.36")]
    V1_36,
    /// 1.37, which places as 1.36 does
    #[value(name = "v1.37")]
    V1_37,
}

impl PlacementProfile {
    /// The switches of the release.
    pub const fn rules(self) -> PlacementRules {
        match self {
            Self::V1_11Legacy => PlacementRules::v1_11_legacy(),
            Self::V1_11Scheduler => PlacementRules::v1_11_scheduler(),
            Self::V1_12Legacy => PlacementRules::v1_12_legacy(),
            Self::V1_12Scheduler => PlacementRules::v1_12_scheduler(),
            Self::V1_20 => PlacementRules::v1_20(),
            Self::V1_28 => PlacementRules::v1_28(),
            Self::V1_34 => PlacementRules::v1_34(),
            Self::V1_36 | Self::V1_37 => PlacementRules::v1_36(),
        }
    }
}

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
    profile: String,
    gate: &'static str,
}

impl PlacementArgs {
    /// The switches that were asked for.
    ///
    /// # Errors
    /// If a gate is set that the release does not have.
    pub fn rules(&self) -> Result<PlacementRules, GateError> {
        let of_release = self.profile.rules();
        let mut rules = of_release;
        for GateSetting { gate, enabled } in &self.feature_gates {
            let known = match gate {
                Gate::TaintTolerationComparisonOperators => {
                    matches!(self.profile, PlacementProfile::V1_36 | PlacementProfile::V1_37)
                }
                Gate::ExperimentalCriticalPodAnnotation => of_release.critical_pods != CriticalPods::None,
            };
            if !known {
                let profile = self.profile.to_possible_value();
                let profile = profile.map(|value| value.get_name().to_owned());
                return Err(GateError { profile: profile.unwrap_or_default(), gate: gate.name() });
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

/// Value of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// For machines: an array, one object a `DaemonSet` and node
    Json,
}
