//! The mutants of each claim: it holds in a bundled model, and one switch moved or one fault let in breaks it there. Where a
//! claim is broken today whenever its premise is met, the mutant is today's controller: it holds under a fix.

use everynode::property::{ALL, Property};

use super::{broken_by, mended_in};

macro_rules! mutants {
    ($($test:ident: $property:ident in $path:literal, $line:literal;)+) => {
        /// The claims that a switch or a fault breaks.
        const BROKEN: &[Property] = &[$(Property::$property),+];

        $(
            #[test]
            fn $test() {
                broken_by($path, Property::$property, $line);
            }
        )+
    };
}

macro_rules! fixes {
    ($($test:ident: $property:ident in $path:literal $lines:expr, $line:literal;)+) => {
        /// The claims that hold under a fix only.
        const MENDED: &[Property] = &[$(Property::$property),+];

        $(
            #[test]
            fn $test() {
                mended_in($path, &$lines, Property::$property, $line);
            }
        )+
    };
}

mutants! {
    without_occupying_terminating_pods_a_node_gets_two:
        OnePerNode in "rollout/two-nodes.toml", r#"switches = { terminating_occupies = "No" }"#;
    a_lost_reply_gives_a_node_two_pods:
        OnePerNode in "staleness/pod-lag.toml", "faults = { lost_reply = 1 }";
    without_the_gate_expiry_gives_a_node_two_pods:
        OnePerNode in "staleness/expiry-with-the-gate.toml", r#"switches = { gate = "Off" }"#;
    pods_known_by_their_binding_only_are_created_again:
        OnePerNode in "nodes/join.toml", r#"switches = { target = "BoundOnly" }"#;
    a_surge_that_does_not_know_its_unbound_pod_creates_another_of_the_same_revision:
        SurgeTwo in "surge/one-node.toml", r#"switches = { target = "BoundOnly" }"#;
    a_number_counted_from_what_the_clean_up_left_is_given_twice:
        RevisionIncreases in "rollout/history-limit-0.toml", r#"switches = { next_number = "AboveCount" }"#;
    a_process_that_does_not_wait_for_revisions_begins_to_count_again:
        RevisionIncreases in "faults/restart-before-revisions.toml", r#"switches = { await_revisions = "No" }"#;
    a_collision_counted_from_the_cache_is_counted_twice_and_two_revisions_get_one_number:
        RevisionIncreases in "rollout/hash-collision.toml", r#"switches = { collision_read = "Cached" }"#;
    a_template_that_comes_back_under_its_old_number_is_not_the_greatest:
        CurrentIsMax in "undo/undo-to-numbers.toml", r#"switches = { returned_template = "Kept" }"#;
    a_process_that_does_not_wait_for_revisions_makes_the_current_one_the_lesser:
        CurrentIsMax in "faults/restart-before-revisions.toml", r#"switches = { await_revisions = "No" }"#;
    an_undo_by_place_restores_another_template:
        UndoRestores in "undo/undo-to-numbers.toml", r#"switches = { undo_choice = "ByPosition" }"#;
    a_sync_that_changes_the_shared_template_makes_pods_that_are_not_of_their_hash:
        HashTruth in "rollout/template-in-any-order.toml", r#"switches = { shared_mutation = "On" }"#;
    a_clean_up_that_does_not_look_at_pods_deletes_a_live_revision:
        HistoryKept in "rollout/history-limit-0.toml", r#"switches = { live_revisions = "Deleted" }"#;
    a_failing_rollout_that_does_not_count_old_unavailable_pods_exceeds_the_budget:
        Budget in "rollout/two-bad-updates.toml", r#"switches = { old_unavailable = "NotCounted" }"#;
    a_failing_rollout_that_does_not_count_old_unavailable_pods_exceeds_the_budget_that_it_sees:
        ViewBudget in "rollout/two-bad-updates.toml", r#"switches = { old_unavailable = "NotCounted" }"#;
    a_rollout_that_passes_over_pods_that_it_could_not_replace_does_not_count_those_that_are_down:
        ViewBudget in "nodes/unreachable-node.toml", r#"switches = { rollout_eligibility = "Always" }"#;
    pods_claimed_by_their_labels_are_deleted_without_being_owned:
        OwnerOnly in "lifecycle/manual-pod.toml", r#"switches = { claimed_by = "Selector" }"#;
    without_asking_for_eligibility_a_surge_creates_where_it_must_not:
        EligibleOnly in "surge/tainted-node.toml", r#"switches = { rollout_eligibility = "Never" }"#;
    a_generation_counted_up_by_each_status_write_is_never_reached:
        GenerationOrder in "undo/undo-to-numbers.toml", r#"switches = { observed = "Incremented" }"#;
    a_full_sync_of_a_terminating_daemon_set_writes_its_generation_onto_the_next_one:
        GenerationOrder in "lifecycle/orphan-and-recreate.toml", r#"switches = { sync_deleting = "Full" }"#;
    without_timers_the_status_never_learns_that_a_pod_has_matured:
        StatusTruth in "rollout/min-ready-seconds.toml", r#"switches = { availability_timer = "None" }"#;
    without_timers_a_rollout_stops_at_a_pod_that_has_matured:
        NeverWedged in "rollout/min-ready-seconds.toml", r#"switches = { availability_timer = "None" }"#;
    a_create_that_timed_out_and_is_taken_for_done_is_awaited_for_ever:
        NeverWedged in "faults/refused-and-lost-requests.toml", r#"switches = { create_error = "SwallowTimeout" }"#;
    without_occupying_terminating_pods_a_name_has_two_on_a_node:
        OnePerName in "rollout/two-nodes.toml", r#"switches = { terminating_occupies = "No" }"#;
    a_surge_that_does_not_know_its_unbound_pods_piles_them_up:
        FewPods in "surge/one-node.toml", r#"switches = { target = "BoundOnly" }"#;
    a_failing_rollout_that_does_not_count_old_unavailable_pods_takes_ready_ones_too:
        ReadyBudget in "rollout/two-bad-updates.toml", r#"switches = { old_unavailable = "NotCounted" }"#;
    a_failing_rollout_that_does_not_count_old_unavailable_pods_empties_both_nodes:
        PodBudget in "rollout/two-bad-updates.toml", r#"switches = { old_unavailable = "NotCounted" }"#;
    an_undo_finds_a_template_that_came_back_under_its_old_number_in_place:
        UndoActs in "undo/undo-to-numbers.toml", r#"switches = { returned_template = "Kept" }"#;
    without_timers_a_rollout_is_not_finished_at_rest:
        RolledOut in "rollout/min-ready-seconds.toml", r#"switches = { availability_timer = "None" }"#;
    without_a_live_read_an_orphaned_pod_is_adopted_by_the_dead:
        OrphansSurvive in "lifecycle/orphan-and-recreate.toml", r#"switches = { adopt_recheck = "None" }"#;
    a_lost_collision_error_crashes_the_process:
        NoPanic in "rollout/hash-collision.toml", r#"switches = { collision_error = "Lost" }"#;
    a_creation_that_is_never_seen_is_expected_for_ever_where_its_expiry_wakes_nobody:
        Converges in "staleness/expiry-wakes.toml", r#"switches = { expiry_wakeup = "Off" }"#;
    expectations_that_never_expire_keep_a_node_empty:
        Converges in "staleness/expiry-wakes.toml", r#"switches = { expiry_wakeup = "On", expiry = "Off" }"#;
    without_timers_a_rollout_does_not_converge:
        Converges in "rollout/min-ready-seconds.toml", r#"switches = { availability_timer = "None" }"#;
    a_create_that_timed_out_and_is_taken_for_done_leaves_its_node_empty:
        Converges in "faults/refused-and-lost-requests.toml", r#"switches = { create_error = "SwallowTimeout" }"#;
    without_back_off_failing_pods_are_replaced_in_a_hot_loop:
        NoHotLoop in "rollout/failing-pods-without-end.toml", r#"switches = { failed_pods = "AtOnce" }"#;
}

fixes! {
    a_rollout_that_asks_for_eligibility_deletes_only_what_it_can_replace:
        RolloutReplaces in "nodes/taint-then-rollout.toml" [], r#"switches = { rollout_eligibility = "Always" }"#;
    a_rollout_that_replaces_unavailable_pods_within_its_budget_empties_one_node_at_a_time:
        PodBudget in "rollout/unready-old-pods.toml" [], r#"switches = { replace_unavailable = "Bounded" }"#;
    a_surge_that_passes_over_a_vanished_node_proceeds:
        RolloutProceeds in "surge/vanished-node.toml" [], r#"switches = { missing_node = "Skip" }"#;
    a_revision_written_under_the_version_of_its_adoption_meets_no_conflict:
        NoSelfConflict in "lifecycle/adoption-defeats-the-next-write.toml" [
            r#"users = [["strip-revision a", "delete orphan", "create a"]]"#,
            "lag = { revisions = 2 }",
        ], r#"switches = { adopted_version = "Answered" }"#;
    a_revision_of_another_owner_that_is_not_taken_over_gives_no_pod_an_empty_hash:
        HashPresent in "lifecycle/revision-without-hash-label.toml" [], r#"switches = { snapshot_reuse = "SameOwner" }"#;
    a_terminating_namespace_taken_for_an_error_stops_the_slow_start:
        SlowStart in "faults/namespace-terminating.toml" [], r#"switches = { namespace_terminating = "AnyError" }"#;
    a_node_that_wakes_on_every_change_of_taints_keeps_no_pending_pod:
        Converges in "nodes/taint-manager.toml" [], r#"switches = { node_wake = "Any" }"#;
    a_node_whose_old_and_new_placement_are_compared_keeps_no_pending_pod:
        Converges in "nodes/taint-manager.toml" [], r#"switches = { node_wake = "Compare" }"#;
}

#[test]
fn every_claim_has_a_mutant() {
    let without: Vec<&str> = ALL
        .iter()
        .filter(|property| ![BROKEN, MENDED].concat().contains(property))
        .map(|property| property.id())
        .collect();
    assert!(without.is_empty(), "no switch and no fault breaks {without:?}");
}
