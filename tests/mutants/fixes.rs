//! What mends a claim that is broken today.

use everynode::check::Verdict;
use everynode::property::Property;

use super::{mended_by, verdict};

#[test]
fn a_deletion_counted_once_per_pod_keeps_the_budget() {
    mended_by("staleness/deletion-counted-twice-small.toml", Property::Budget, r#"switches = { expect = "Uid" }"#);
}

#[test]
fn waiting_for_its_own_deletions_keeps_the_budget() {
    let path = "staleness/deletion-counted-twice-small.toml";
    mended_by(path, Property::Budget, r#"switches = { gate = "AndDeletes" }"#);
}

#[test]
fn waiting_for_its_own_revisions_numbers_them_in_order() {
    let path = "undo/a-b-a-in-quick-succession.toml";
    mended_by(path, Property::CurrentIsMax, r#"switches = { gate = "AndRevisions" }"#);
}

#[test]
fn renumbering_a_revision_that_was_found_by_name_makes_it_the_greatest() {
    mended_by("undo/two-users-update-at-once.toml", Property::CurrentIsMax, r#"switches = { renumber = "Done" }"#);
}

#[test]
fn waiting_for_one_kind_of_write_does_not_stand_in_for_the_other() {
    let revisions = verdict(
        "staleness/deletion-counted-twice-small.toml",
        Property::Budget,
        &[r#"switches = { gate = "AndRevisions" }"#],
    );
    assert!(matches!(revisions, Verdict::Violated(_)), "{revisions:?}");
    let deletions = verdict(
        "undo/a-b-a-in-quick-succession.toml",
        Property::CurrentIsMax,
        &[r#"switches = { gate = "AndDeletes" }"#],
    );
    assert!(matches!(deletions, Verdict::Violated(_)), "{deletions:?}");
}

#[test]
fn expectations_by_uid_are_not_inherited_by_a_recreated_daemon_set() {
    let path = "lifecycle/delete-and-recreate-foreground.toml";
    mended_by(path, Property::NeverWedged, r#"switches = { counter_key = "Uid" }"#);
}

#[test]
fn a_precondition_keeps_a_quarantined_pod_alive() {
    let line = r#"switches = { delete_precondition = "UidAndVersion" }"#;
    mended_by("lifecycle/quarantined-pod.toml", Property::OwnerOnly, line);
}

#[test]
fn without_cleaning_unscheduled_pods_up_the_controller_is_done_with_a_node_that_is_gone() {
    // The status is wrong either way (NOG-27); what the switch adds is that the pending pod is nobody's any more.
    mended_by("nodes/leave.toml", Property::NeverWedged, r#"switches = { clean_unscheduled = "No" }"#);
}

#[test]
fn a_copied_revision_makes_hashes_lie_only_while_every_pod_is_relabelled() {
    let line = r#"switches = { dedup_relabel = "OnlyDuplicates" }"#;
    mended_by("undo/copied-revision.toml", Property::HashTruth, line);
}

#[test]
fn adopted_pods_count_as_updated_only_by_their_generation() {
    let path = "lifecycle/orphan-and-recreate.toml";
    mended_by(path, Property::StatusTruth, r#"switches = { updated_by = "Hash" }"#);
}

#[test]
fn a_node_event_counted_by_uid_wakes_the_recreated_daemon_set() {
    let path = "lifecycle/label-flip-and-recreate.toml";
    let Verdict::Violated(today) = verdict(path, Property::NeverWedged, &[]) else { panic!("it stalls today") };
    let fixed = verdict(path, Property::NeverWedged, &[r#"switches = { node_wake_owner = "Uid" }"#]);
    // Other stalls remain (DS-B21), but not this one.
    assert!(!matches!(&fixed, Verdict::Violated(trace) if trace.actions == today.actions), "{fixed:?}");
}

#[test]
fn refusing_revisions_without_labels_keeps_the_process_alive() {
    mended_by("faults/unlabelled-revision.toml", Property::NoPanic, r#"switches = { nil_labels = "Refuse" }"#);
}
