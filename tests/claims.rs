//! What the claims say, on clusters made by hand: where each is met and holds, where it breaks, and where it says nothing.
//! Expected verdicts follow from the claims' sentences.

use std::path::Path;

use everynode::check::Explored;
use everynode::cluster::api_server::{Call, Origin, Sorts};
use everynode::cluster::object::{
    Deleting, FOREIGN, OTHERS, PodObject, PodPhase, RevisionObject, added_label, revision_hash,
};
use everynode::controller::record::{NodeName, PodName, Symbol};
use everynode::controller::request::{Reason, Request};
use everynode::controller::sync::Step;
use everynode::model::action::Action;
use everynode::model::compose::{DaemonSetModel, Steps};
use everynode::model::state::Cluster;
use everynode::property::{ALL, Property, for_ever, judge_state, judge_step};
use everynode::scope::parse;

/// Two nodes, template a rolled out; nobody does anything. `more` goes before the tables.
fn model(more: &str, strategy: &str) -> DaemonSetModel {
    let text = format!(
        "about = \"by hand\"\nstart = \"settled\"\n{more}\n[nodes]\nn1 = \"plain\"\nn2 = \"plain\"\n[variants]\nplain = {{}}\n\
         tainted = {{ taints = [\"x=y:NoSchedule\"] }}\n[templates]\na = {{}}\nb = {{}}\nc = {{}}\nnever = {{ pods = \"never-ready\" }}\n[strategies]\none = {strategy}\n"
    );
    let file = parse(Path::new("by-hand.toml"), &text, None, &|name| Err(format!("no manifest {name}")));
    DaemonSetModel::new(file.unwrap_or_else(|error| panic!("{error}\n{text}")).scope, ALL)
}

fn rolling() -> DaemonSetModel {
    model("", "{ maxUnavailable = 1, revisionHistoryLimit = 1 }")
}

/// What a state says of a claim: none if its premise is not met.
fn in_state(model: &DaemonSetModel, cluster: &Cluster, property: Property) -> Option<bool> {
    let judged = judge_state(model, cluster, property.bit());
    (judged.premise & property.bit() != 0).then_some(judged.broken & property.bit() == 0)
}

/// What a step says of it.
fn in_step(model: &DaemonSetModel, before: &Cluster, action: &Action, property: Property) -> Option<bool> {
    let mut steps = Steps::new();
    model.raw_steps(before, &mut steps);
    let (_, after) =
        steps.iter().find(|(other, _)| other == action).unwrap_or_else(|| panic!("{action:?} is not enabled"));
    let judged = judge_step(model, before, action, after, property.bit());
    (judged.premise & property.bit() != 0).then_some(judged.broken & property.bit() == 0)
}

/// Changes pod `index` in the store and in the cache.
fn change(cluster: &mut Cluster, index: usize, change: impl Fn(&mut PodObject)) {
    change(&mut cluster.store.pods.0[index]);
    change(&mut cluster.controllers[0].pods.store.0[index]);
}

/// Another pod on the node of pod 0, in the store and in the cache.
fn beside(cluster: &mut Cluster, make: impl Fn(&mut PodObject)) {
    let mut pod = cluster.store.pods.0[0];
    pod.name += 1;
    make(&mut pod);
    cluster.store.pods.put(pod);
    cluster.controllers[0].pods.store.put(pod);
}

/// A request of the first controller about the `DaemonSet` as it is, on its way; and the step that carries it out.
fn sent(cluster: &mut Cluster, request: Request, origin: Origin) -> Action {
    let object = cluster.store.daemon_sets.0[0];
    let revision = revision_hash(object.key, object.template, object.collisions);
    let call = Call {
        controller: 0,
        awaited: false,
        key: 0,
        uid: object.uid,
        template: object.template,
        revision,
        origin,
        request,
    };
    cluster.calls.push(call);
    Action::Handle { controller: 0, key: 0, request, orphaned: call.orphaned(), sorts: Sorts::Last }
}

#[test]
fn one_per_node_counts_what_is_neither_failed_nor_succeeded_of_one_uid() {
    let model = rolling();
    let claim = |make: &dyn Fn(&mut PodObject)| {
        let mut cluster = model.initial();
        beside(&mut cluster, make);
        in_state(&model, &cluster, Property::OnePerNode)
    };
    assert_eq!(in_state(&model, &model.initial(), Property::OnePerNode), Some(true));
    assert_eq!(claim(&|_| {}), Some(false));
    assert_eq!(claim(&|pod| pod.deleting = true), Some(false), "terminating pods count");
    assert_eq!(claim(&|pod| pod.phase = PodPhase::Failed), Some(true));
    assert_eq!(claim(&|pod| pod.phase = PodPhase::Succeeded), Some(true));
    assert_eq!(claim(&|pod| pod.owner = Some(9)), Some(true), "another uid");
    assert_eq!(claim(&|pod| pod.owner = None), Some(true));
    assert_eq!(claim(&|pod| pod.owner = Some(FOREIGN)), Some(true));
    let mut empty = model.initial();
    empty.store.pods.0.clear();
    assert_eq!(in_state(&model, &empty, Property::OnePerNode), None);
}

#[test]
fn one_per_name_counts_across_uids_and_few_pods_counts_every_phase() {
    let model = rolling();
    let mut cluster = model.initial();
    beside(&mut cluster, |pod| pod.owner = Some(9));
    assert_eq!(in_state(&model, &cluster, Property::OnePerName), Some(false));
    assert_eq!(in_state(&model, &cluster, Property::FewPods), None, "of one uid there is one");
    let mut cluster = model.initial();
    beside(&mut cluster, |pod| pod.phase = PodPhase::Failed);
    assert_eq!(in_state(&model, &cluster, Property::OnePerName), Some(true));
    assert_eq!(in_state(&model, &cluster, Property::FewPods), Some(true));
    beside(&mut cluster, |pod| (pod.name, pod.deleting) = (pod.name + 1, true));
    assert_eq!(in_state(&model, &cluster, Property::FewPods), Some(false));
}

#[test]
fn surge_two_wants_two_revisions_and_does_not_count_terminating_pods() {
    let model = model("", "{ maxSurge = 1 }");
    let other = revision_hash(0, 1, 0);
    let claim = |makes: &[&dyn Fn(&mut PodObject)]| {
        let mut cluster = model.initial();
        for (index, make) in (0..).zip(makes) {
            beside(&mut cluster, |pod| {
                pod.name += index;
                make(pod);
            });
        }
        in_state(&model, &cluster, Property::SurgeTwo)
    };
    assert_eq!(claim(&[]), None);
    assert_eq!(claim(&[&|pod| pod.hash = other]), Some(true));
    assert_eq!(claim(&[&|_| {}]), Some(false), "two of one revision");
    assert_eq!(claim(&[&|pod| pod.hash = other, &|pod| pod.hash = other + 4]), Some(false), "three");
    assert_eq!(claim(&[&|pod| pod.hash = other, &|pod| pod.deleting = true]), Some(true));
    assert_eq!(claim(&[&|pod| pod.deleting = true]), None);
}

#[test]
fn hash_truth_goes_by_the_stored_revision_or_by_what_the_hash_was_made_of() {
    let model = rolling();
    let claim = |make: &dyn Fn(&mut Cluster)| {
        let mut cluster = model.initial();
        make(&mut cluster);
        in_state(&model, &cluster, Property::HashTruth)
    };
    assert_eq!(claim(&|_| {}), Some(true));
    assert_eq!(claim(&|cluster| change(cluster, 0, |pod| pod.template = 1)), Some(false));
    assert_eq!(claim(&|cluster| cluster.store.revisions.0[0].template = 1), Some(false));
    assert_eq!(claim(&|cluster| change(cluster, 0, |pod| pod.hash = 0)), Some(true), "one without a hash says nothing");
    assert_eq!(
        claim(&|cluster| (0..2).for_each(|index| change(cluster, index, |pod| pod.hash = 0))),
        None,
        "nor do two"
    );
    assert_eq!(claim(&|cluster| cluster.store.revisions.0.clear()), Some(true), "the hash alone says what it is of");
}

#[test]
fn generation_order_lets_the_observed_generation_reach_the_generation_and_not_pass_it() {
    let model = rolling();
    let claim = |observed: u8| {
        let mut cluster = model.initial();
        cluster.store.daemon_sets.0[0].generation = 2;
        cluster.store.daemon_sets.0[0].observed_generation = observed;
        in_state(&model, &cluster, Property::GenerationOrder)
    };
    assert_eq!([0, 1, 2, 3].map(claim), [None, Some(true), Some(true), Some(false)]);
}

/// A settled cluster with old revisions beside the current one; rest is not disturbed.
fn with_old_revisions(model: &DaemonSetModel, templates: &[u8]) -> Cluster {
    let mut cluster = model.initial();
    for (number, template) in (1..).zip(templates) {
        let current = cluster.store.revisions.0[0];
        let name = revision_hash(0, *template, 0);
        let old = RevisionObject { name, label: name, template: *template, number, ..current };
        cluster.store.revisions.put(old);
    }
    let last = u8::try_from(templates.len()).expect("few") + 1;
    cluster.store.revisions.0[0].number = last;
    cluster.controllers[0].revisions.store = cluster.store.revisions.clone();
    cluster
}

#[test]
fn history_kept_allows_at_rest_the_limit_of_old_revisions_without_pods() {
    let model = rolling();
    let claim = |cluster: &Cluster| in_state(&model, cluster, Property::HistoryKept);
    assert_eq!(claim(&with_old_revisions(&model, &[])), None);
    assert_eq!(claim(&with_old_revisions(&model, &[1])), Some(true), "one, and the limit is one");
    let two = with_old_revisions(&model, &[1, 2]);
    assert_eq!(claim(&two), Some(false), "two");
    let mut live = two.clone();
    change(&mut live, 0, |pod| (pod.template, pod.hash) = (1, revision_hash(0, 1, 0)));
    assert_eq!(claim(&live), Some(true), "one of them has a pod");
    let mut foreign = two.clone();
    foreign.store.revisions.0[1].owner = Some(FOREIGN);
    assert_eq!(claim(&foreign), Some(true), "one of them is somebody else's");
    let mut busy = two;
    busy.controllers[0].work[0].queue = everynode::model::state::Queued::Waiting;
    assert_eq!(claim(&busy), None, "no rest");
}

#[test]
fn history_kept_lets_a_clean_up_delete_only_what_no_pod_of_the_owner_carries() {
    let model = rolling();
    let (_, _, decided) = rollout_decides(&model);
    let claim = |origin: Origin, awaited: bool, change: &dyn Fn(&mut PodObject)| {
        let mut cluster = decided.clone();
        cluster.calls.clear();
        let name = Symbol(u32::from(cluster.store.revisions.0[0].name));
        cluster.store.pods.0.truncate(1);
        change(&mut cluster.store.pods.0[0]);
        sent(&mut cluster, Request::DeleteRevision(name), origin);
        let call = &mut cluster.calls[0];
        call.awaited = awaited;
        let (request, orphaned) = (call.request, call.orphaned());
        let action = Action::Handle { controller: 0, key: 0, request, orphaned, sorts: Sorts::Last };
        between(&model, &cluster, &action, &cluster, Property::HistoryKept)
    };
    for awaited in [true, false] {
        let claim = |change: &dyn Fn(&mut PodObject)| claim(Origin::CleanUp, awaited, change);
        assert_eq!(claim(&|_| {}), Some(false), "a pod carries its hash");
        assert_eq!(claim(&|pod| pod.deleting = true), Some(false), "one that terminates is there still");
        assert_eq!(claim(&|pod| pod.hash = 0), Some(true));
        assert_eq!(claim(&|pod| pod.owner = Some(9)), Some(true), "a pod of another uid");
        assert_eq!(claim(&|pod| pod.owner = None), Some(true));
    }
    assert_eq!(claim(Origin::Manage, true, &|_| {}), None, "no clean-up deletes it");
}

#[test]
fn current_is_max_wants_the_current_template_once_and_greatest() {
    let model = rolling();
    let claim = |cluster: &Cluster| in_state(&model, cluster, Property::CurrentIsMax);
    assert_eq!(claim(&with_old_revisions(&model, &[])), None, "nothing to compare");
    let mut cluster = with_old_revisions(&model, &[1]);
    assert_eq!(claim(&cluster), Some(true));
    cluster.store.revisions.0[0].number = 1;
    assert_eq!(claim(&cluster), Some(false), "equal");
    cluster.store.revisions.0[0].number = 2;
    cluster.store.revisions.0[1].template = 0;
    assert_eq!(claim(&cluster), Some(false), "two hold the current template");
    cluster.store.revisions.0[0].template = 2;
    cluster.store.revisions.0[1].template = 1;
    assert_eq!(claim(&cluster), Some(false), "none does");
}

#[test]
fn owner_only_is_about_the_owner_of_the_sync_that_deletes() {
    let model = rolling();
    let claim = |owner: Option<u8>, deleting: bool| {
        let mut cluster = model.initial();
        change(&mut cluster, 0, |pod| (pod.owner, pod.deleting) = (owner, deleting));
        let name = u32::from(cluster.store.pods.0[0].name);
        let step = sent(&mut cluster, Request::DeletePod(PodName(name), None), Origin::Manage);
        in_step(&model, &cluster, &step, Property::OwnerOnly)
    };
    let ours = model.initial().store.daemon_sets.0[0].uid;
    assert_eq!(claim(Some(ours), false), Some(true));
    assert_eq!(claim(None, false), Some(false));
    assert_eq!(claim(Some(ours + 1), false), Some(false), "it has an owner, but another one");
    assert_eq!(claim(Some(FOREIGN), false), Some(false));
    assert_eq!(claim(None, true), None, "it terminates already");
}

#[test]
fn hash_present_wants_a_hash_on_what_is_created() {
    let model = rolling();
    let claim = |hash: u8| {
        let mut cluster = model.initial();
        let request = Request::CreatePod(NodeName(0), Symbol(u32::from(hash)), Some(1));
        let step = sent(&mut cluster, request, Origin::Manage);
        in_step(&model, &cluster, &step, Property::HashPresent)
    };
    assert_eq!(claim(revision_hash(0, 0, 0)), Some(true));
    assert_eq!(claim(added_label(revision_hash(0, 0, 0))), Some(true));
    assert_eq!(claim(0), Some(false));
}

#[test]
fn the_budget_counts_nodes_without_an_available_pod_that_stays() {
    let model = rolling();
    let claim = |origin: Origin, make: &dyn Fn(&mut Cluster)| {
        let mut cluster = model.initial();
        make(&mut cluster);
        let name = u32::from(cluster.store.pods.0[0].name);
        let step = sent(&mut cluster, Request::DeletePod(PodName(name), None), origin);
        [Property::Budget, Property::ReadyBudget, Property::PodBudget].map(|one| in_step(&model, &cluster, &step, one))
    };
    let rollout = |make: &dyn Fn(&mut Cluster)| claim(Origin::RollingUpdate, make);
    assert_eq!(rollout(&|_| {}), [Some(true); 3], "one node down, and one may be");
    assert_eq!(claim(Origin::Manage, &|_| {}), [None; 3], "not the rollout's");
    let other_unready = |cluster: &mut Cluster| change(cluster, 1, |pod| pod.ready = false);
    assert_eq!(rollout(&other_unready), [Some(false), Some(false), Some(true)], "both down, one still has a pod");
    let other_leaves = |cluster: &mut Cluster| change(cluster, 1, |pod| pod.deleting = true);
    assert_eq!(rollout(&other_leaves), [Some(false); 3], "one that terminates does not stay");
    let unready = |cluster: &mut Cluster| change(cluster, 0, |pod| pod.ready = false);
    assert_eq!(rollout(&unready), [None, None, Some(true)], "it served nobody, and one node may be empty");
    let both_go = |cluster: &mut Cluster| {
        unready(cluster);
        other_leaves(cluster);
    };
    assert_eq!(rollout(&both_go), [None, None, Some(false)], "none of the two served, both nodes are empty");
    let other_ended =
        |cluster: &mut Cluster| change(cluster, 1, |pod| (pod.phase, pod.ready) = (PodPhase::Failed, false));
    assert_eq!(rollout(&other_ended), [Some(false); 3], "one that has ended is no pod that stays");
    let unwanted = |cluster: &mut Cluster| {
        other_unready(cluster);
        cluster.store.nodes.0[1].variant = 1;
    };
    assert_eq!(rollout(&unwanted), [Some(true); 3], "the other node should not run the pod");
    let replaced = |cluster: &mut Cluster| {
        other_unready(cluster);
        beside(cluster, |_| {});
    };
    assert_eq!(rollout(&replaced), [Some(true); 3], "another pod serves the node");
}

#[test]
fn a_pod_that_has_not_been_ready_long_enough_is_down_for_one_budget_and_up_for_the_other() {
    let model = model("", "{ maxUnavailable = 1, minReadySeconds = 30 }");
    let mut cluster = model.initial();
    change(&mut cluster, 1, |pod| pod.matured = false);
    let name = u32::from(cluster.store.pods.0[0].name);
    let step = sent(&mut cluster, Request::DeletePod(PodName(name), None), Origin::RollingUpdate);
    assert_eq!(in_step(&model, &cluster, &step, Property::Budget), Some(false));
    assert_eq!(in_step(&model, &cluster, &step, Property::ReadyBudget), Some(true));
}

#[test]
fn orphans_survive_is_about_pods_that_a_deletion_kept() {
    let model = rolling();
    let collect = |kept: bool| {
        let mut cluster = model.initial();
        cluster.store.daemon_sets.0.clear();
        cluster.controllers[0].daemon_sets.store.0.clear();
        let pod = cluster.store.pods.0[0].name;
        if kept {
            cluster.store.kept.push(pod);
        }
        in_step(&model, &cluster, &Action::CollectPod { pod }, Property::OrphansSurvive)
    };
    assert_eq!(collect(true), Some(false));
    assert_eq!(collect(false), None);
    let mut again = model.initial();
    again.store.daemon_sets.0[0].deleting = Deleting::Orphan;
    let pod = again.store.pods.0[0].name;
    again.store.kept.push(pod);
    let step = Action::CollectPod { pod };
    assert_eq!(in_step(&model, &again, &step, Property::OrphansSurvive), None, "it is kept once more, not deleted");
    let mut cluster = model.initial();
    cluster.store.daemon_sets.0[0].deleting = Deleting::Orphan;
    for index in 0..2 {
        change(&mut cluster, index, |pod| pod.owner = None);
    }
    cluster.store.revisions.0[0].owner = None;
    assert_eq!(in_step(&model, &cluster, &Action::FinishDelete { key: 0 }, Property::OrphansSurvive), Some(true));
}

#[test]
fn revision_increases_compares_with_every_number_ever_given_to_that_uid() {
    let model = rolling();
    let claim = |highest: u8, number: i64| {
        let mut cluster = with_old_revisions(&model, &[1]);
        let uid = cluster.store.daemon_sets.0[0].uid;
        cluster.store.highest.clear();
        cluster.store.highest.push((uid, highest));
        let old = cluster.store.revisions.0[1];
        let version = everynode::controller::record::ResourceVersion(u64::from(old.version));
        let request = Request::RenumberRevision(Symbol(u32::from(old.name)), version, number);
        let step = sent(&mut cluster, request, Origin::Manage);
        in_step(&model, &cluster, &step, Property::RevisionIncreases)
    };
    assert_eq!(claim(2, 3), Some(true));
    assert_eq!(claim(3, 3), Some(false), "given before, to one that is gone");
    assert_eq!(claim(4, 3), Some(false));
}

#[test]
fn slow_start_forbids_creates_after_a_create_that_failed() {
    // The claim as a mutant breaks it is in tests/mutants; here: it says nothing of a create that succeeded.
    let model = rolling();
    let before = model.initial();
    let request = Request::CreatePod(NodeName(0), Symbol(1), Some(1));
    let action = Action::Reply { controller: 0, key: 0, request, choice: 0 };
    let judge = |reason: Option<Reason>, more: Option<&dyn Fn(Call) -> Call>| {
        let mut before = before.clone();
        let mut after = before.clone();
        let step = sent(&mut before, request, Origin::Manage);
        assert!(matches!(step, Action::Handle { .. }));
        let call = Call { awaited: true, ..before.calls.remove(0) };
        let answer =
            reason.map_or(everynode::cluster::api_server::Answer::Done, everynode::cluster::api_server::Answer::Error);
        before.replies.push((call, answer));
        after.calls.extend(more.map(|more| more(call)));
        let judged = judge_step(&model, &before, &action, &after, Property::SlowStart.bit());
        (judged.premise != 0).then_some(judged.broken == 0)
    };
    let own = |call: Call| Call { request: Request::CreatePod(NodeName(1), Symbol(1), Some(1)), ..call };
    assert_eq!(judge(None, Some(&own)), None);
    assert_eq!(judge(Some(Reason::Forbidden), None), Some(true));
    assert_eq!(judge(Some(Reason::Forbidden), Some(&own)), Some(false));
    let of_another_process = |call: Call| Call { controller: 1, ..own(call) };
    assert_eq!(judge(Some(Reason::Forbidden), Some(&of_another_process)), Some(true));
    let deletion = |call: Call| Call { request: Request::DeletePod(PodName(2), None), ..call };
    assert_eq!(judge(Some(Reason::Forbidden), Some(&deletion)), Some(true), "deletions follow (EXEC-7)");
}

/// A settled cluster whose `DaemonSet` is `change`d, and whose controller knows it and has nothing queued.
fn unnoticed(model: &DaemonSetModel, change: impl Fn(&mut everynode::cluster::object::DaemonSetObject)) -> Cluster {
    let mut cluster = model.initial();
    change(&mut cluster.store.daemon_sets.0[0]);
    change(&mut cluster.controllers[0].daemon_sets.store.0[0]);
    cluster
}

/// What the three claims about rest say: rolled-out, never-wedged, status-truth.
fn at_rest(model: &DaemonSetModel, cluster: &Cluster) -> [Option<bool>; 3] {
    [Property::RolledOut, Property::NeverWedged, Property::StatusTruth].map(|one| in_state(model, cluster, one))
}

#[test]
fn claims_about_rest_see_a_rollout_that_nobody_began() {
    let model = rolling();
    assert_eq!(at_rest(&model, &model.initial()), [Some(true); 3]);
    let updated = unnoticed(&model, |object| (object.template, object.template_generation) = (1, 2));
    assert_eq!(at_rest(&model, &updated), [Some(false); 3], "old pods, deletions to do, counted as updated");
    let mut busy = updated.clone();
    busy.controllers[0].work[0].queue = everynode::model::state::Queued::Waiting;
    assert_eq!(at_rest(&model, &busy), [None; 3], "no rest");
    let deleted = unnoticed(&model, |object| object.deleting = Deleting::Foreground);
    assert_eq!(in_state(&model, &deleted, Property::RolledOut), None, "it is being deleted");
    let by_hand = self::model("", "{ type = \"OnDelete\" }");
    let updated = unnoticed(&by_hand, |object| (object.template, object.template_generation) = (1, 2));
    assert_eq!(at_rest(&by_hand, &updated), [Some(true), Some(true), Some(false)], "OnDelete leaves old pods");
}

#[test]
fn status_truth_compares_every_counter() {
    let model = rolling();
    for counter in 0..6 {
        let wrong = unnoticed(&model, |object| object.counters[counter] += 1);
        assert_eq!(at_rest(&model, &wrong), [Some(true), Some(true), Some(false)], "counter {counter}");
    }
}

#[test]
fn rolled_out_asks_only_nodes_that_could_run_the_pod() {
    use everynode::cluster::presence::Presence;
    let model = rolling();
    let without_pod = |also: &dyn Fn(&mut Cluster)| {
        let mut cluster = model.initial();
        let name = cluster.store.pods.0[0].name;
        cluster.store.pods.remove(name);
        cluster.controllers[0].pods.store.remove(name);
        also(&mut cluster);
        in_state(&model, &cluster, Property::RolledOut)
    };
    assert_eq!(without_pod(&|_| {}), Some(false));
    assert_eq!(without_pod(&|cluster| cluster.machines[0].kubelet = Presence::Gone), Some(true), "its kubelet is gone");
    let tainted = |cluster: &mut Cluster| {
        cluster.store.nodes.0[0].variant = 1;
        cluster.controllers[0].nodes.store.0[0].variant = 1;
    };
    assert_eq!(without_pod(&tainted), Some(true), "it should not run there");
    assert_eq!(without_pod(&|cluster| cluster.scheduler = Presence::Gone), None, "nobody binds pods");
}

#[test]
fn rolled_out_asks_for_pods_that_can_be_and_become_available() {
    let model = rolling();
    let others =
        PodObject { name: 1, owner: None, labelled: false, template: OTHERS, ..model.initial().store.pods.0[0] };
    let mut without = model.initial();
    let name = without.store.pods.0[0].name;
    without.store.pods.remove(name);
    without.controllers[0].pods.store.remove(name);
    assert_eq!(in_state(&model, &without, Property::RolledOut), Some(false));
    without.store.pods.put(others);
    without.controllers[0].pods.store.put(others);
    assert_eq!(in_state(&model, &without, Property::RolledOut), Some(true), "others have the room");
    // Time goes on while a ready pod is to mature, so no claim about rest meets one.
    let slow = self::model("", "{ maxUnavailable = 1, minReadySeconds = 30 }");
    let with = |change_it: &dyn Fn(&mut PodObject)| {
        let mut cluster = slow.initial();
        change(&mut cluster, 0, change_it);
        in_state(&slow, &cluster, Property::RolledOut)
    };
    assert_eq!(with(&|_| {}), Some(true));
    assert_eq!(with(&|pod| pod.matured = false), None, "it matures yet");
    let never = model.scope.templates.iter().position(|one| one.name == "never");
    let never = u8::try_from(never.expect("it is in the scope")).expect("few templates");
    let unready = unnoticed(&model, |object| object.template = never);
    assert_eq!(in_state(&model, &unready, Property::RolledOut), None, "no pod of that template becomes ready");
}

#[test]
fn never_wedged_asks_manage_and_the_rolling_update_each_by_itself() {
    let on_delete = model("", "{ type = \"OnDelete\" }");
    let surplus = |model: &DaemonSetModel, make: &dyn Fn(&mut PodObject)| {
        let mut cluster = model.initial();
        let mut pod = cluster.store.pods.0[0];
        pod.name += 1;
        make(&mut pod);
        cluster.store.pods.put(pod);
        cluster.controllers[0].pods.store.put(pod);
        in_state(model, &cluster, Property::NeverWedged)
    };
    assert_eq!(surplus(&on_delete, &|_| {}), Some(false), "manage would delete one of two");
    assert_eq!(surplus(&on_delete, &|pod| pod.owner = Some(FOREIGN)), Some(true), "somebody else's");
    let unavailable = |model: &DaemonSetModel| {
        let mut cluster = unnoticed(model, |object| (object.template, object.template_generation) = (1, 2));
        (0..2).for_each(|index| change(&mut cluster, index, |pod| pod.generation = 1));
        in_state(model, &cluster, Property::NeverWedged)
    };
    assert_eq!(unavailable(&rolling()), Some(false), "the rolling update would delete an old pod");
    assert_eq!(unavailable(&on_delete), Some(true), "and here nobody would");
}

#[test]
fn eligible_only_goes_by_the_nodes_that_the_sync_has_read() {
    let model = rolling();
    let claim = |variant: u8| {
        let mut cluster = model.initial();
        let name = cluster.store.pods.0[0].name;
        cluster.store.pods.remove(name);
        cluster.controllers[0].pods.store.remove(name);
        cluster.controllers[0].work[0].queue = everynode::model::state::Queued::Waiting;
        // The truth is another: what counts is what the cache shows.
        cluster.store.nodes.0[0].variant = 1 - variant;
        cluster.controllers[0].nodes.store.0[0].variant = variant;
        in_step(&model, &cluster, &Action::Begin { controller: 0, key: 0, choice: 0 }, Property::EligibleOnly)
    };
    assert_eq!(claim(0), Some(true), "it is eligible by the cache, and a pod is created");
    assert_eq!(claim(1), None, "it is not, and none is");
    let mut before = model.initial();
    let name = before.store.pods.0[0].name;
    before.store.pods.remove(name);
    before.controllers[0].pods.store.remove(name);
    before.controllers[0].work[0].queue = everynode::model::state::Queued::Waiting;
    let action = Action::Begin { controller: 0, key: 0, choice: 0 };
    let mut steps = Steps::new();
    model.raw_steps(&before, &mut steps);
    let (_, mut after) = steps.into_iter().find(|(other, _)| *other == action).expect("a sync begins");
    let sync = after.controllers[0].work[0].sync.as_deref_mut().expect("it waits for its request");
    sync.nodes[0].placement.should_run = false;
    assert_eq!(between(&model, &before, &action, &after, Property::EligibleOnly), Some(false), "a mistaken sync");
}

#[test]
fn eligible_only_goes_by_the_look_up_for_surge_pods_and_says_nothing_of_their_later_batches() {
    let model = model("", "{ maxSurge = 1 }");
    let create = Request::CreatePod(NodeName(0), Symbol(1), Some(1));
    let (_, _, mut decided) = rollout_decides(&model);
    let call = *decided.calls.iter().find(|call| call.origin == Origin::RollingUpdate).expect("it creates");
    decided.calls.clear();
    let claim = |action: &Action, origin: Origin, variant: u8| {
        let (mut before, mut after) = (decided.clone(), decided.clone());
        before.controllers[0].nodes.store.0[0].variant = variant;
        after.calls.push(Call { request: create, origin, ..call });
        between(&model, &before, action, &after, Property::EligibleOnly)
    };
    let proceed = Action::Proceed { controller: 0, key: 0, choice: 0 };
    let reply = Action::Reply { controller: 0, key: 0, request: create, choice: 0 };
    assert_eq!(claim(&proceed, Origin::RollingUpdate, 0), Some(true));
    assert_eq!(claim(&proceed, Origin::RollingUpdate, 1), Some(false), "by the cache it is tainted");
    assert_eq!(claim(&reply, Origin::RollingUpdate, 1), None, "the node was looked up before");
    assert_eq!(claim(&proceed, Origin::Manage, 1), Some(true), "manage goes by the list of its start (SYNC-4)");
    assert_eq!(claim(&reply, Origin::Manage, 1), Some(true));
    assert_eq!(claim(&Action::Crash { controller: 0 }, Origin::Manage, 1), None, "no step of a sync");
}

/// What `judge_step` says of a step between two clusters, whether or not it leads from one to the other.
fn between(model: &DaemonSetModel, before: &Cluster, action: &Action, after: &Cluster, one: Property) -> Option<bool> {
    let judged = judge_step(model, before, action, after, one.bit());
    (judged.premise & one.bit() != 0).then_some(judged.broken & one.bit() == 0)
}

/// The step of a sync by which the rolling update of two pods sends its first deletion: before, step, after.
fn rollout_decides(model: &DaemonSetModel) -> (Cluster, Action, Cluster) {
    let mut before =
        unnoticed(model, |object| (object.template, object.template_generation, object.generation) = (1, 2, 2));
    before.controllers[0].work[0].queue = everynode::model::state::Queued::Waiting;
    loop {
        let mut steps = Steps::new();
        model.raw_steps(&before, &mut steps);
        let of_the_sync = |action: &Action| {
            matches!(
                action,
                Action::Begin { .. }
                    | Action::Proceed { .. }
                    | Action::Handle { .. }
                    | Action::Reply { .. }
                    | Action::Deliver { .. }
            )
        };
        let (action, after) = steps.into_iter().find(|(action, _)| of_the_sync(action)).expect("the sync goes on");
        if after.calls.iter().any(|call| call.origin == Origin::RollingUpdate) {
            return (before, action, after);
        }
        before = after;
    }
}

/// The requests that the rolling update of `after` has in flight.
fn in_flight(after: &mut Cluster) -> &mut everynode::controller::choice::Few<Request> {
    let sync = after.controllers[0].work[0].sync.as_deref_mut().expect("a sync is under way");
    let Step::SyncNodes(nodes) = &mut sync.step else { panic!("it deletes pods") };
    &mut nodes.in_flight
}

#[test]
fn view_budget_counts_what_the_sync_itself_can_see() {
    let model = rolling();
    let (before, action, after) = rollout_decides(&model);
    let claim = |change: &dyn Fn(&mut Cluster, &mut Cluster)| {
        let (mut before, mut after) = (before.clone(), after.clone());
        change(&mut before, &mut after);
        between(&model, &before, &action, &after, Property::ViewBudget)
    };
    let names: Vec<PodName> = before.store.pods.iter().map(|pod| PodName(u32::from(pod.name))).collect();
    let deletes = |which: &[usize]| {
        let requests: Vec<Request> = which.iter().map(|index| Request::DeletePod(names[*index], None)).collect();
        move |_: &mut Cluster, after: &mut Cluster| *in_flight(after) = requests.iter().copied().collect()
    };
    assert_eq!(claim(&|_, _| {}), Some(true), "one of two, and one may be down");
    assert_eq!(claim(&deletes(&[0, 1])), Some(false), "both");
    assert_eq!(claim(&deletes(&[])), None, "none");
    let unready = |index: usize| move |before: &mut Cluster| before.controllers[0].pods.store.0[index].ready = false;
    assert_eq!(
        claim(&|before, after| {
            unready(1)(before);
            deletes(&[0])(before, after);
        }),
        Some(false),
        "the cache shows the other down"
    );
    assert_eq!(
        claim(&|before, after| {
            unready(1)(before);
            deletes(&[1])(before, after);
        }),
        None,
        "it is down already"
    );
    assert_eq!(
        claim(&|before, after| {
            before.store.pods.0[1].ready = false;
            deletes(&[0])(before, after);
        }),
        Some(true),
        "only the cache counts"
    );
}

#[test]
fn view_budget_counts_nodes_by_the_pods_that_the_sync_has_claimed() {
    let model = rolling();
    let (before, action, after) = rollout_decides(&model);
    let [first, second] = [0, 1].map(|index: usize| before.store.pods.0[index]);
    // In the cache the first node is down already; `pods` are there besides, and `deleted` goes.
    let claim = |pods: &[PodObject], deleted: &[PodObject]| {
        let (mut before, mut after) = (before.clone(), after.clone());
        let cache = &mut before.controllers[0].pods.store;
        cache.put(PodObject { ready: false, ..first });
        for pod in pods {
            assert!(cache.put(*pod).is_none(), "a name of its own");
        }
        let delete = |pod: &PodObject| Request::DeletePod(PodName(u32::from(pod.name)), None);
        *in_flight(&mut after) = deleted.iter().map(delete).collect();
        between(&model, &before, &action, &after, Property::ViewBudget)
    };
    let other = PodObject { name: second.name + 1, ..second };
    assert_eq!(claim(&[], &[second]), Some(false), "it takes the second node down too");
    assert_eq!(claim(&[other], &[second]), Some(true), "another pod serves the second node");
    let serves_not = |other: PodObject| claim(&[other], &[second]);
    assert_eq!(serves_not(PodObject { ready: false, ..other }), Some(false));
    assert_eq!(serves_not(PodObject { deleting: true, ..other }), Some(false));
    assert_eq!(serves_not(PodObject { labelled: false, ..other }), Some(false), "it was let go");
    assert_eq!(serves_not(PodObject { owner: second.owner.map(|uid| uid + 1), ..other }), Some(false), "another uid");
    assert_eq!(serves_not(PodObject { owner: None, ..other }), Some(false));
    // A third node, which the sync has not listed, counts once there is a pod on it.
    let third = PodObject { name: second.name + 3, target: 2, ..second };
    let down = PodObject { ready: false, ..third };
    assert_eq!(claim(&[third], &[third]), Some(false), "one was down, and this is one more");
    assert_eq!(claim(&[down, other], &[second]), Some(true), "two are down, as before");
    assert_eq!(claim(&[down], &[second]), Some(false), "three are, and it was two");
}

#[test]
fn rollout_replaces_is_about_nodes_that_the_sync_would_put_a_pod_on() {
    let model = rolling();
    let (_, _, before) = rollout_decides(&model);
    let call = *before.calls.iter().find(|call| call.origin == Origin::RollingUpdate).expect("it deletes");
    let action =
        Action::Handle { controller: 0, key: 0, request: call.request, orphaned: call.orphaned(), sorts: Sorts::Last };
    assert_eq!(in_step(&model, &before, &action, Property::RolloutReplaces), Some(true));
    let mut unwanted = before.clone();
    let sync = unwanted.controllers[0].work[0].sync.as_deref_mut().expect("a sync");
    for node in &mut sync.nodes {
        node.placement.should_run = false;
    }
    assert_eq!(in_step(&model, &unwanted, &action, Property::RolloutReplaces), Some(false));
    let mut manage = before;
    let place = manage.calls.iter().position(|other| *other == call).expect("it is there");
    manage.calls[place].origin = Origin::Manage;
    assert_eq!(in_step(&model, &manage, &action, Property::RolloutReplaces), None);
}

#[test]
fn rollout_proceeds_is_about_pods_whose_node_is_gone() {
    use everynode::controller::request::{Failure, Stage};
    let model = rolling();
    let (mut before, action, mut after) = rollout_decides(&model);
    let fails = |cluster: &mut Cluster| {
        let sync = cluster.controllers[0].work[0].sync.as_deref_mut().expect("a sync");
        sync.failure = Some(Failure::new(Stage::Node, Reason::NodeMissing));
    };
    assert!(matches!(action, Action::Proceed { .. }));
    let claim = |before: &Cluster, after: &Cluster| between(&model, before, &action, after, Property::RolloutProceeds);
    assert_eq!(claim(&before, &after), None, "every node is there");
    before.store.nodes.remove(1);
    assert_eq!(claim(&before, &after), Some(true));
    fails(&mut after);
    assert_eq!(claim(&before, &after), Some(false));
    fails(&mut before);
    assert_eq!(claim(&before, &after), Some(true), "it had failed before this step");
}

#[test]
fn undo_acts_unless_the_second_highest_is_in_place_already() {
    use everynode::model::state::Undo;
    let model = model("users = [[\"undo\"]]", "{ maxUnavailable = 1 }");
    let claim = |mut cluster: Cluster, template: u8| {
        cluster.users[0].undo = Undo::Read(cluster.store.daemon_sets.0[0].uid, template);
        between(&model, &cluster, &Action::User { user: 0 }, &cluster, Property::UndoActs)
    };
    let two = with_old_revisions(&model, &[1]);
    assert_eq!(claim(two.clone(), 0), Some(true), "b is put in place of a");
    assert_eq!(claim(two.clone(), 1), Some(false), "b is in place, and has the second highest number");
    assert_eq!(claim(with_old_revisions(&model, &[]), 0), None, "there is nothing to go back to");
    assert_eq!(
        between(&model, &two, &Action::User { user: 0 }, &two, Property::UndoActs),
        None,
        "nothing was read yet"
    );
}

#[test]
fn undo_restores_what_the_revision_of_that_number_recorded() {
    use everynode::model::state::Undo;
    let model = model("users = [[\"undo 1\"]]", "{ maxUnavailable = 1 }");
    let claim = |mut before: Cluster, put_in: u8| {
        before.users[0].undo = Undo::Chosen(put_in);
        let mut after = before.clone();
        after.store.daemon_sets.0[0].template = put_in;
        between(&model, &before, &Action::User { user: 0 }, &after, Property::UndoRestores)
    };
    let two = with_old_revisions(&model, &[1]);
    assert_eq!(claim(two.clone(), 1), Some(true));
    assert_eq!(claim(two.clone(), 0), Some(false), "revision 1 recorded b");
    let mut none = two.clone();
    none.store.revisions.0[1].number = 9;
    assert_eq!(claim(none, 1), None, "no revision has that number any more");
    let mut foreign = two;
    foreign.store.revisions.0[1].owner = Some(FOREIGN);
    assert_eq!(claim(foreign, 1), None, "it is somebody else's");
}

#[test]
fn no_self_conflict_is_about_a_revision_that_only_the_adoption_changed() {
    let model = rolling();
    let written = |cached_owner: Option<u8>, reason: Option<Reason>| {
        let mut before = with_old_revisions(&model, &[1]);
        before.controllers[0].revisions.store.0[1].owner = cached_owner;
        let name = Symbol(u32::from(before.store.revisions.0[1].name));
        let version = everynode::controller::record::ResourceVersion(1);
        sent(&mut before, Request::LabelRevision(name, version), Origin::Manage);
        before.calls[0].awaited = true;
        let call = before.calls[0];
        let mut after = before.clone();
        after.calls.clear();
        let answer =
            reason.map_or(everynode::cluster::api_server::Answer::Done, everynode::cluster::api_server::Answer::Error);
        after.replies.push((call, answer));
        let action = Action::Handle {
            controller: 0,
            key: 0,
            request: call.request,
            orphaned: call.orphaned(),
            sorts: Sorts::Last,
        };
        (before, action, after)
    };
    let claim = |cached_owner: Option<u8>, reason: Option<Reason>| {
        let (before, action, after) = written(cached_owner, reason);
        between(&model, &before, &action, &after, Property::NoSelfConflict)
    };
    assert_eq!(claim(None, None), Some(true));
    assert_eq!(claim(None, Some(Reason::Conflict)), Some(false));
    assert_eq!(claim(None, Some(Reason::NotFound)), Some(true), "another error");
    assert_eq!(claim(Some(1), Some(Reason::Conflict)), None, "the cache shows the adoption");
    let not_adopted = |owner: Option<u8>| {
        let (mut before, action, after) = written(None, Some(Reason::Conflict));
        before.store.revisions.0[1].owner = owner;
        between(&model, &before, &action, &after, Property::NoSelfConflict)
    };
    assert_eq!(not_adopted(None), None, "it is nobody's");
    assert_eq!(not_adopted(Some(FOREIGN)), None, "somebody else has taken it");
}

#[test]
fn no_panic_is_about_the_process_whose_sync_takes_the_step() {
    let model = rolling();
    let claim = |action: Action, ran: bool, runs: bool| {
        let (mut before, mut after) = (model.initial(), model.initial());
        before.controllers[0].running = ran;
        after.controllers[0].running = runs;
        between(&model, &before, &action, &after, Property::NoPanic)
    };
    let begin = Action::Begin { controller: 0, key: 0, choice: 0 };
    assert_eq!(claim(begin, true, true), Some(true));
    assert_eq!(claim(begin, true, false), Some(false));
    assert_eq!(claim(begin, false, false), None, "its lease was lost before");
    assert_eq!(claim(Action::Crash { controller: 0 }, true, false), None, "that is a fault");
}

/// The test that judges each claim by hand. A claim without one does not compile.
fn judged_by(property: Property) -> &'static str {
    match property {
        Property::OnePerNode => "one_per_node_counts_what_is_neither_failed_nor_succeeded_of_one_uid",
        Property::OnePerName | Property::FewPods => "one_per_name_counts_across_uids_and_few_pods_counts_every_phase",
        Property::SurgeTwo => "surge_two_wants_two_revisions_and_does_not_count_terminating_pods",
        Property::RevisionIncreases => "revision_increases_compares_with_every_number_ever_given_to_that_uid",
        Property::CurrentIsMax => "current_is_max_wants_the_current_template_once_and_greatest",
        Property::UndoRestores => "undo_restores_what_the_revision_of_that_number_recorded",
        Property::HashTruth => "hash_truth_goes_by_the_stored_revision_or_by_what_the_hash_was_made_of",
        Property::HistoryKept => "history_kept_allows_at_rest_the_limit_of_old_revisions_without_pods",
        Property::Budget | Property::ReadyBudget | Property::PodBudget => {
            "the_budget_counts_nodes_without_an_available_pod_that_stays"
        }
        Property::OwnerOnly => "owner_only_is_about_the_owner_of_the_sync_that_deletes",
        Property::EligibleOnly => "eligible_only_goes_by_the_nodes_that_the_sync_has_read",
        Property::GenerationOrder => {
            "generation_order_lets_the_observed_generation_reach_the_generation_and_not_pass_it"
        }
        Property::StatusTruth | Property::NeverWedged => "claims_about_rest_see_a_rollout_that_nobody_began",
        Property::NoPanic => "no_panic_is_about_the_process_whose_sync_takes_the_step",
        Property::RolloutReplaces => "rollout_replaces_is_about_nodes_that_the_sync_would_put_a_pod_on",
        Property::RolloutProceeds => "rollout_proceeds_is_about_pods_whose_node_is_gone",
        Property::UndoActs => "undo_acts_unless_the_second_highest_is_in_place_already",
        Property::RolledOut => "rolled_out_asks_only_nodes_that_could_run_the_pod",
        Property::OrphansSurvive => "orphans_survive_is_about_pods_that_a_deletion_kept",
        Property::NoSelfConflict => "no_self_conflict_is_about_a_revision_that_only_the_adoption_changed",
        Property::HashPresent => "hash_present_wants_a_hash_on_what_is_created",
        Property::SlowStart => "slow_start_forbids_creates_after_a_create_that_failed",
        Property::Converges => "converged_is_rolled_out_with_no_live_pod_where_none_may_stay",
        Property::NoHotLoop => "no_hot_loop_excuses_what_a_back_off_holds_up",
        Property::ViewBudget => "view_budget_counts_what_the_sync_itself_can_see",
    }
}

#[test]
fn converged_is_rolled_out_with_no_live_pod_where_none_may_stay() {
    assert!(for_ever::claims().iter().any(|(claim, _)| *claim == Property::Converges));
    let evicting = "drained = { taints = [\"x=y:NoExecute\"] }";
    let model = model_with(evicting);
    let mut cluster = model.initial();
    assert_eq!(for_ever::converged(&model, &cluster), Some(true), "both nodes have their pod");
    assert_eq!(model.marks(&cluster), 0);
    // A pod that is not ready is not there yet.
    change(&mut cluster, 0, |pod| pod.ready = false);
    assert_eq!(for_ever::converged(&model, &cluster), Some(false));
    assert_ne!(model.marks(&cluster), 0);
    change(&mut cluster, 0, |pod| pod.ready = true);
    // Where the pod may stay but none would be created, nothing is asked.
    let variant = |name: &str| {
        let at = model.scope.variants.iter().position(|variant| variant == name).expect("a variant");
        u8::try_from(at).expect("few")
    };
    cluster.store.nodes.0[0].variant = variant("tainted");
    assert_eq!(for_ever::converged(&model, &cluster), Some(true));
    // Where it must go, it is asked to, until it terminates or has failed.
    cluster.store.nodes.0[0].variant = variant("drained");
    assert_eq!(for_ever::converged(&model, &cluster), Some(false));
    change(&mut cluster, 0, |pod| pod.deleting = true);
    assert_eq!(for_ever::converged(&model, &cluster), Some(true));
    change(&mut cluster, 0, |pod| (pod.deleting, pod.phase) = (false, PodPhase::Failed));
    assert_eq!(for_ever::converged(&model, &cluster), Some(true));
    // Of a DaemonSet that is being deleted nothing is asked.
    cluster.store.daemon_sets.0[0].deleting = Deleting::Foreground;
    assert_eq!(for_ever::converged(&model, &cluster), None);
}

/// As [`model`], with another variant of nodes.
fn model_with(variant: &str) -> DaemonSetModel {
    let text = format!(
        "about = \"by hand\"\nstart = \"settled\"\n[nodes]\nn1 = \"plain\"\nn2 = \"plain\"\n[variants]\nplain = {{}}\n\
         tainted = {{ taints = [\"x=y:NoSchedule\"] }}\n{variant}\n[templates]\na = {{}}\n"
    );
    let file = parse(Path::new("by-hand.toml"), &text, None, &|name| Err(format!("no manifest {name}")));
    DaemonSetModel::new(file.unwrap_or_else(|error| panic!("{error}\n{text}")).scope, ALL)
}

/// A pod fails, is deleted, gone and created again, by `failed_pods`: the loop, and whether it is told to be hot.
#[test]
fn no_hot_loop_excuses_what_a_back_off_holds_up() {
    let judged = |failed_pods: &str| {
        let text = format!(
            "about = \"by hand\"\nusers = [[\"create a\"]]\nswitches = {{ failed_pods = \"{failed_pods}\" }}\n\
             [nodes]\nn1 = \"plain\"\n[variants]\nplain = {{}}\n[templates]\na = {{ pods = \"fail\" }}\n"
        );
        let file = parse(Path::new("by-hand.toml"), &text, None, &|name| Err(format!("no manifest {name}")));
        let model = DaemonSetModel::new(file.unwrap_or_else(|error| panic!("{error}")).scope, &[Property::NoHotLoop]);
        // Always the first step of the system that is not a step of the worker, else one of the worker: the controller is
        // shown everything before it acts, and back-offs end when nothing else is to be done.
        let mut cluster = model.initial();
        let (mut seen, mut actions) = (vec![cluster.clone()], Vec::new());
        loop {
            let mut steps = Steps::new();
            model.steps(&cluster, &mut steps);
            let rank = |action: &Action| match action.kind() {
                "begin sync" | "sync reads on" => 1,
                "back-off ends" => 2,
                "expectations expire" => 3,
                _ => 0,
            };
            let (action, next) = steps.into_iter().min_by_key(|(action, _)| rank(action)).expect("it never ends");
            actions.push(action);
            if let Some(begins) = seen.iter().position(|before| *before == next) {
                assert!(actions.iter().skip(begins).any(|action| matches!(action, Action::Handle { .. })));
                return Some(!for_ever::is_broken_by(&model, Property::NoHotLoop, &actions, begins));
            }
            seen.push(next.clone());
            cluster = next;
        }
    };
    assert_eq!(judged("AtOnce"), Some(false));
    assert_eq!(judged("Backoff"), Some(true));
}

#[test]
fn every_claim_is_judged_by_hand_both_ways() {
    let source = include_str!("claims.rs");
    for property in ALL {
        let name = judged_by(*property);
        let begin = source.find(&format!("fn {name}()")).unwrap_or_else(|| panic!("{name} is not here"));
        let body = &source[begin..];
        let body = &body[..body.find("\n}\n").expect("it ends")];
        assert!(
            body.contains(&format!("Property::{property:?}")) || body.contains("at_rest("),
            "{name} judges another"
        );
        assert!(body.contains("Some(true)") && body.contains("Some(false)"), "{name} judges one way only");
    }
}
