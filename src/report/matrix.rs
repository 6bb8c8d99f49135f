//! What is asked: base scopes, faults and releases, as data.

use std::fmt::Write;
use std::path::Path;

use crate::property::{self, Property};
use crate::release::Profile;
use crate::scope::{ModelError, ModelFile, parse};

/// A base scope: what users do while nothing goes wrong. Faults are added to it one at a time, then in pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its name.
    pub id: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Whether the `DaemonSet` has rolled out template a before the first step.
    pub settled: bool,
    /// One script a user.
    pub users: &'static [&'static [&'static str]],
    /// Nodes, all of the first variant.
    pub nodes: u8,
    /// The strategy, as TOML.
    pub strategy: &'static str,
    /// Whether the node variants are told apart by a label that the template selects (or else by a taint).
    pub variants: Variants,
    /// Whether the selector also matches objects without labels.
    pub selects_unlabelled: bool,
    /// Whether pairs of faults are asked too.
    pub pairs: bool,
    /// What the kubelets of the nodes do, as a model file says it.
    pub kubelet: &'static str,
    /// Whether the node lifecycle controller acts on silent kubelets.
    pub node_lifecycle: bool,
    /// Whether the template's pods take a host port.
    pub host_port: bool,
    /// The faults that are asked, by id; all if empty.
    pub only: &'static [&'static str],
}

/// The node variants of a base scope: the first is what nodes start as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variants {
    /// `plain` only.
    Plain,
    /// `labelled`, which the templates select, and `unlabelled`.
    Labels,
    /// `plain` and `tainted` (`NoSchedule`).
    Taint,
}

const ROLLING: &str = "{ maxUnavailable = 1 }";

/// Template b is applied, one node at a time: what the other bases vary.
const ROLLOUT: Base = Base {
    id: "rollout",
    about: "One node, template a rolled out; a user applies template b.",
    settled: true,
    users: &[&["apply b"]],
    nodes: 1,
    strategy: ROLLING,
    variants: Variants::Plain,
    selects_unlabelled: false,
    pairs: false,
    kubelet: "runs",
    node_lifecycle: false,
    host_port: false,
    only: &[],
};

/// A base that is about one entry of the catalogue: the pod watch may lag, and nothing else goes wrong.
const ENTRY: Base = Base { only: &["pod-lag"], ..ROLLOUT };

/// The base scopes, in the order of reports.
pub const BASES: &[Base] = &[
    Base {
        id: "create",
        about: "One node; a user creates the DaemonSet.",
        settled: false,
        users: &[&["create a"]],
        pairs: true,
        ..ROLLOUT
    },
    ROLLOUT,
    Base {
        id: "rollout-2",
        about: "Two nodes, maxUnavailable 1, template a rolled out; a user applies template b.",
        nodes: 2,
        ..ROLLOUT
    },
    Base {
        id: "rollout-3",
        about: "Three nodes, maxUnavailable 2, template a rolled out; a user applies template b.",
        nodes: 3,
        strategy: "{ maxUnavailable = 2 }",
        only: &["pod-lag"],
        ..ROLLOUT
    },
    Base {
        id: "surge",
        about: "One node, maxSurge 1, template a rolled out; a user applies template b.",
        strategy: "{ maxSurge = 1 }",
        ..ROLLOUT
    },
    Base {
        id: "a-b-a",
        about: "One node, template a rolled out; a user applies b and then a, without waiting in between.",
        users: &[&["apply b", "apply a"]],
        ..ROLLOUT
    },
    Base {
        id: "undo",
        about: "One node, template a rolled out, no old revision kept beyond one; a user applies b, waits, and undoes to revision 1.",
        users: &[&["apply b", "wait", "undo 1"]],
        strategy: "{ maxUnavailable = 1, revisionHistoryLimit = 1 }",
        ..ROLLOUT
    },
    Base {
        id: "no-history",
        about: "One node, revisionHistoryLimit 0, template a rolled out; a user applies template b.",
        strategy: "{ maxUnavailable = 1, revisionHistoryLimit = 0 }",
        ..ROLLOUT
    },
    Base {
        id: "copied-revision",
        about: "One node, template a rolled out; a user applies b, waits, copies the revision of a, and applies a.",
        users: &[&["apply b", "wait", "copy-revision a", "apply a"]],
        ..ROLLOUT
    },
    Base {
        id: "recreate",
        about: "One node, template a rolled out; a user deletes the DaemonSet in the background and creates it again.",
        users: &[&["delete background", "create a"]],
        ..ROLLOUT
    },
    Base {
        id: "orphan-recreate",
        about: "One node, template a rolled out; a user deletes the DaemonSet keeping its pods and creates it again with template b.",
        users: &[&["delete orphan", "create b"]],
        ..ROLLOUT
    },
    Base {
        id: "taint",
        about: "One node, template a rolled out; the node gets a NoSchedule taint that the template does not tolerate.",
        users: &[&["node n1 tainted"]],
        variants: Variants::Taint,
        ..ROLLOUT
    },
    Base {
        id: "label-and-recreate",
        about: "One node with the label that the template selects; the label goes, the DaemonSet is deleted and created again, the label comes back.",
        users: &[&["node n1 unlabelled", "delete background", "create a", "node n1 labelled"]],
        variants: Variants::Labels,
        ..ENTRY
    },
    Base {
        id: "quarantine",
        about: "One node with the label that the template selects; one user takes the selector's labels off the pod, another takes the label off the node.",
        users: &[&["unlabel-pod n1"], &["node n1 unlabelled"]],
        variants: Variants::Labels,
        ..ROLLOUT
    },
    Base {
        id: "unlabelled-revision",
        about: "One node, a selector of negative requirements only; a user creates a ControllerRevision without labels and annotates the DaemonSet.",
        users: &[&["unlabelled-revision", "annotate"]],
        selects_unlabelled: true,
        ..ROLLOUT
    },
    Base {
        id: "rejecting-kubelet",
        about: "One node whose kubelet rejects every pod, maxSurge 1; a user creates the DaemonSet.",
        settled: false,
        users: &[&["create a"]],
        strategy: "{ maxSurge = 1 }",
        kubelet: "rejects",
        ..ENTRY
    },
    Base {
        id: "slow-termination",
        about: "One node whose kubelet never ends a terminating pod, maxSurge 1; a user applies b and then c.",
        users: &[&["apply b", "apply c"]],
        strategy: "{ maxSurge = 1 }",
        kubelet: "keeps",
        ..ENTRY
    },
    Base {
        id: "update-and-recreate",
        about: "One node; a user applies b, deletes the DaemonSet in the background and creates it again.",
        users: &[&["apply b", "delete background", "create a"]],
        ..ENTRY
    },
    Base {
        id: "host-port",
        about: "One node, pods with a host port, maxSurge 1; a user applies template b.",
        strategy: "{ maxSurge = 1 }",
        host_port: true,
        ..ENTRY
    },
    Base {
        id: "vanished-node",
        about: "Two nodes, maxSurge 1; a user deletes a node and applies template b.",
        users: &[&["leave n2", "apply b"]],
        nodes: 2,
        strategy: "{ maxSurge = 1 }",
        ..ENTRY
    },
    Base {
        id: "unready-rollout",
        about: "Two nodes, maxUnavailable 1, minReadySeconds 30; a user creates the DaemonSet and applies template b.",
        settled: false,
        users: &[&["create a", "apply b"]],
        nodes: 2,
        strategy: "{ maxUnavailable = 1, minReadySeconds = 30 }",
        ..ENTRY
    },
    Base {
        id: "taint-then-rollout",
        about: "One node that gets a NoSchedule taint while a user applies template b.",
        users: &[&["node n1 tainted"], &["apply b"]],
        variants: Variants::Taint,
        ..ENTRY
    },
    Base {
        id: "dead-node",
        about: "Two nodes, maxUnavailable 1; a kubelet may go silent while a user applies template b.",
        nodes: 2,
        only: &["kubelet-silent", "kubelet-outage"],
        ..ROLLOUT
    },
    Base {
        id: "unreachable-node",
        about: "One node whose kubelet is away at the start and comes back, while the node lifecycle controller taints and untaints the node; a user creates the DaemonSet.",
        settled: false,
        users: &[&["create a"]],
        kubelet: "away",
        node_lifecycle: true,
        ..ENTRY
    },
    Base {
        id: "new-machine",
        about: "One node without a working kubelet is deleted and joins again under its name.",
        users: &[&["leave n1", "join n1 plain"]],
        kubelet: "silent",
        ..ENTRY
    },
    Base {
        id: "undo-twice",
        about: "One node; a user applies b, waits, and undoes twice without a number.",
        users: &[&["apply b", "wait", "undo", "undo"]],
        ..ENTRY
    },
    Base {
        id: "orphan-twice",
        about: "One node; a user deletes the DaemonSet keeping its pods, creates it again, and deletes it keeping its pods.",
        users: &[&["delete orphan", "create a", "delete orphan"]],
        ..ENTRY
    },
    Base {
        id: "older-template-over-orphans",
        about: "One node; a user applies b, waits, deletes the DaemonSet keeping its pods, and creates it again with a.",
        users: &[&["apply b", "wait", "delete orphan", "create a"]],
        ..ENTRY
    },
    Base {
        id: "stripped-revision",
        about: "One node; a user takes the hash label off the revision, deletes the DaemonSet and creates it again.",
        users: &[&["strip-revision a", "delete background", "create a"]],
        ..ENTRY
    },
    Base {
        id: "terminating-namespace",
        about: "Two nodes; a user creates the DaemonSet, another deletes the namespace.",
        settled: false,
        users: &[&["create a"], &["terminate-namespace"]],
        nodes: 2,
        ..ENTRY
    },
];

impl Base {
    /// Whether `property` is asked here: some are not about surge, and surge-two is about nothing else.
    pub fn asks(&self, property: Property) -> bool {
        let surges = self.strategy.contains("maxSurge");
        if property == Property::SurgeTwo {
            return surges;
        }
        let not_about_surge =
            [Property::OnePerNode, Property::OnePerName, Property::Budget, Property::ReadyBudget, Property::PodBudget];
        !(surges && not_about_surge.contains(&property))
    }

    /// Whether all faults of a combination are asked here.
    pub fn allows(&self, combination: &[usize]) -> bool {
        self.only.is_empty() || combination.iter().all(|index| self.only.contains(&FAULTS[*index].id))
    }

    /// The claims that are asked here.
    pub fn claims(&self) -> Vec<Property> {
        property::FINITE.iter().copied().filter(|property| self.asks(*property)).collect()
    }
}

/// What may go wrong, beyond the users' scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name, as in file names.
    pub id: &'static str,
    /// What it allows.
    pub about: &'static str,
    /// The fault budget that becomes 1.
    pub budget: Option<&'static str>,
    /// What another user does at any time.
    pub user: Option<&'static str>,
    /// What may wait beyond one undelivered commit, as the `lag` of a model file says it.
    pub lag: Option<&'static str>,
}

const fn budget(id: &'static str, budget: &'static str, about: &'static str) -> Fault {
    Fault { id, about, budget: Some(budget), user: None, lag: None }
}

const fn lag(id: &'static str, lag: &'static str, about: &'static str) -> Fault {
    Fault { id, about, budget: None, user: None, lag: Some(lag) }
}

/// The faults, in the order of reports. Their indices are what [`super::minimal`] combines.
pub const FAULTS: &[Fault] = &[
    lag("pod-lag", "pods = 2", "the pod watch may be two commits behind instead of one"),
    lag("daemon-set-lag", "daemon_sets = 2", "the DaemonSet watch may be two commits behind instead of one"),
    lag("revision-lag", "revisions = 2", "the watch of revisions may be two commits behind instead of one"),
    lag("handler-lag", "handlers = 1", "a handler may run later than its event enters the store"),
    budget("crash", "crash", "the controller process dies once and another starts, with fresh lists"),
    budget("stale-list", "stale_list", "the same, but the new process lists pods from a lagging API server"),
    Fault {
        user: Some("delete-pod n1"),
        ..budget("watch-gap", "pod_watch_break", "the pod watch breaks once and lists again; a user deletes a pod")
    },
    budget("conflict", "conflict", "somebody else writes an object first, so a versioned write is refused once"),
    budget("refused", "refused", "one request of the controller is refused with a definite error"),
    budget("lost-request", "lost_request", "one request never arrives, and its sender sees a timeout"),
    budget("lost-reply", "lost_reply", "one request is carried out, and its sender sees a timeout"),
    Fault {
        user: Some("annotate"),
        ..budget(
            "expiry",
            "expiry",
            "five minutes pass once while expectations are not met; a user annotates the DaemonSet",
        )
    },
    budget("second-leader", "second_leader", "a second controller leads while the first still runs"),
    budget("readiness-blip", "readiness_blip", "a ready pod is not ready for a moment, once"),
    budget("pod-failure", "pod_failure", "a running pod fails, once"),
    budget("kubelet-silent", "kubelet_silent", "a kubelet goes silent for good"),
    budget("kubelet-outage", "kubelet_outage", "a kubelet goes silent once, and comes back"),
];

/// The releases, oldest first.
pub const RELEASES: &[&str] = &["v1.11", "v1.12-controller", "v1.12", "v1.20", "v1.28", "v1.34", "v1.36"];

/// Unique states at which a search is cut: there are many pairs of faults, so that they are asked a tenth each.
pub fn states_max(combination: &[usize], states_max: u64) -> u64 {
    if combination.len() > 1 { states_max.div_ceil(10) } else { states_max }
}

/// The profiles of [`RELEASES`].
pub fn profiles() -> impl Iterator<Item = &'static Profile> {
    RELEASES.iter().filter_map(|name| Profile::named(name))
}

/// A combination of faults in words: their ids, or that there is none.
pub fn combination_id(combination: &[usize]) -> String {
    if combination.is_empty() {
        return "no-fault".to_owned();
    }
    combination.iter().map(|index| FAULTS[*index].id).collect::<Vec<_>>().join("+")
}

/// The name of the model file of a base under a combination of faults.
pub fn model_name(base: &Base, combination: &[usize]) -> String {
    format!("{}--{}", base.id, combination_id(combination))
}

/// The model file of a base under a combination of faults.
pub fn model_text(base: &Base, combination: &[usize]) -> String {
    let faults = || combination.iter().map(|index| &FAULTS[*index]);
    let mut text = format!("about = \"\"\"\n{}\n", base.about);
    for fault in faults() {
        let _ = writeln!(text, "Fault: {}.", fault.about);
    }
    let quoted = |script: &[&str]| {
        let commands: Vec<String> = script.iter().map(|command| format!("\"{command}\"")).collect();
        format!("[{}]", commands.join(", "))
    };
    let mut users: Vec<String> = base.users.iter().map(|script| quoted(script)).collect();
    users.extend(faults().filter_map(|fault| fault.user).map(|command| quoted(&[command])));
    let lags: Vec<&str> = faults().filter_map(|fault| fault.lag).collect();
    let budgets: Vec<String> =
        faults().filter_map(|fault| fault.budget).map(|budget| format!("{budget} = 1")).collect();
    let _ = write!(
        text,
        "\"\"\"\nstart = \"{}\"\nusers = [{}]\nlag = {{ {} }}\nfaults = {{ {} }}\n",
        if base.settled { "settled" } else { "empty" },
        users.join(", "),
        lags.join(", "),
        budgets.join(", ")
    );
    if base.node_lifecycle {
        text.push_str("node_lifecycle = true\n");
    }
    let plain = if base.host_port {
        r#"{ spec = { containers = [{ name = "exporter", ports = [{ containerPort = 9100, hostPort = 9100 }] }] } }"#
    } else {
        "{}"
    };
    let (first, variants, template) = match base.variants {
        Variants::Plain => ("plain", "plain = {}\n", plain),
        Variants::Labels => (
            "labelled",
            "labelled = { labels = { pool = \"a\" } }\nunlabelled = {}\n",
            "{ spec = { nodeSelector = { pool = \"a\" }, containers = [] } }",
        ),
        Variants::Taint => ("plain", "plain = {}\ntainted = { taints = [\"dedicated=db:NoSchedule\"] }\n", "{}"),
    };
    text.push_str("\n[nodes]\n");
    for node in 1..=base.nodes {
        let _ = writeln!(text, "n{node} = {{ variant = \"{first}\", kubelet = \"{}\" }}", base.kubelet);
    }
    let _ = write!(
        text,
        "\n[variants]\n{variants}\n[strategies]\nrolling = {}\n\n[templates]\na = {template}\nb = {template}\nc = {template}\n",
        base.strategy
    );
    if base.selects_unlabelled {
        text.push_str("\n[daemon_sets]\nds = { selects_unlabelled = true }\n");
    }
    text
}

/// The model of a base under a combination of faults, in a release.
///
/// # Errors
///
/// If the text is no model; a test keeps every base and fault valid.
pub fn model(base: &Base, combination: &[usize], profile: &'static Profile) -> Result<ModelFile, Box<ModelError>> {
    let path = format!("{}.toml", model_name(base, combination));
    let no_manifests = |name: &str| Err(format!("no manifest {name}"));
    parse(Path::new(&path), &model_text(base, combination), Some(profile), &no_manifests).map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::budget::allows_surge;
    use crate::scope::{Command, Start};

    #[test]
    fn every_base_is_a_model_under_every_fault_and_release() {
        for base in BASES {
            for profile in profiles() {
                model(base, &[], profile).expect("the base is a model");
                for fault in 0..FAULTS.len() {
                    model(base, &[fault], profile).expect("the base is a model under the fault");
                }
            }
            let all: Vec<usize> = (0..2).collect();
            model(base, &all, Profile::named("v1.36").unwrap()).expect("and under two");
        }
    }

    #[test]
    fn names_are_unique_and_releases_exist() {
        let distinct = |names: Vec<&str>| {
            let count = names.len();
            let mut names = names;
            names.sort_unstable();
            names.dedup();
            names.len() == count
        };
        assert!(distinct(BASES.iter().map(|base| base.id).collect()));
        assert!(distinct(FAULTS.iter().map(|fault| fault.id).collect()));
        assert_eq!(profiles().count(), RELEASES.len());
    }

    #[test]
    fn every_claim_is_asked_somewhere() {
        for property in property::FINITE {
            assert!(BASES.iter().any(|base| base.asks(*property)), "{} is asked nowhere", property.id());
        }
    }

    #[test]
    fn faults_show_in_the_model() {
        let lost_reply = FAULTS.iter().position(|fault| fault.id == "lost-reply").unwrap();
        let pod_lag = FAULTS.iter().position(|fault| fault.id == "pod-lag").unwrap();
        let found = model(&BASES[0], &[pod_lag, lost_reply], Profile::named("v1.36").unwrap()).unwrap();
        assert_eq!((found.scope.lag.pods, found.scope.faults.lost_reply, found.scope.faults.crash), (2, 1, 0));
    }

    #[test]
    fn what_another_user_does_at_any_time_is_a_script_of_its_own() {
        let scope = |base: &Base, fault: &str| {
            let fault = FAULTS.iter().position(|one| one.id == fault).unwrap();
            model(base, &[fault], Profile::named("v1.36").unwrap()).unwrap().scope
        };
        let base = &BASES[0];
        assert_eq!(scope(base, "lost-reply").users.len(), base.users.len());
        let annotated = scope(base, "expiry").users;
        assert_eq!(annotated.len(), base.users.len() + 1);
        assert_eq!(annotated.last().unwrap().as_slice(), [Command::Annotate(0)]);
        assert_eq!(scope(base, "watch-gap").users.last().unwrap().as_slice(), [Command::DeletePod(0, 0)]);
    }

    #[test]
    fn what_a_base_says_of_itself_is_in_its_model() {
        for base in BASES {
            let scope = model(base, &[], Profile::named("v1.36").unwrap()).unwrap().scope;
            assert_eq!(scope.nodes.len(), usize::from(base.nodes), "{}", base.id);
            assert_eq!(scope.users.len(), base.users.len(), "{}", base.id);
            assert_eq!(scope.start == Start::Settled, base.settled, "{}", base.id);
            assert_eq!(scope.node_lifecycle.is_some(), base.node_lifecycle, "{}", base.id);
            assert_eq!(scope.daemon_sets[0].selects_unlabelled, base.selects_unlabelled, "{}", base.id);
            let ports = scope.templates.iter().all(|template| !template.host_ports.is_empty());
            assert_eq!(ports, base.host_port, "{}", base.id);
            let limits = scope.strategies[0].strategy.limits(scope.switches.surge);
            assert_eq!(allows_surge(limits.max_surge), base.strategy.contains("maxSurge"), "{}", base.id);
        }
    }

    #[test]
    fn claims_about_one_pod_a_node_are_not_asked_where_two_are_meant() {
        let [surging, plain] = [true, false].map(|surges| {
            BASES.iter().find(|base| base.strategy.contains("maxSurge") == surges).expect("there is one of each")
        });
        assert!(surging.asks(Property::SurgeTwo) && !surging.asks(Property::OnePerNode));
        assert!(!surging.asks(Property::Budget) && surging.asks(Property::HashTruth));
        assert!(!plain.asks(Property::SurgeTwo) && plain.asks(Property::OnePerNode) && plain.asks(Property::Budget));
    }
}
