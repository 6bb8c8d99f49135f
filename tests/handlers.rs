//! Whom an event wakes: the handlers, shown the model's objects. What the handlers themselves decide is compared with the
//! real ones by `tests/vectors.rs`.

use std::path::Path;

use everynode::cluster::object::PodObject;
use everynode::cluster::watch::Notification;
use everynode::model::compose::DaemonSetModel;
use everynode::model::informed;
use everynode::model::state::Queued;
use everynode::scope::parse;

/// One node; `ds` is rolled out, and `other` is in the cache too. Who is queued once the handler was told what `notify`
/// makes of the pod that is there?
fn woken(lines: &str, notify: impl Fn(PodObject) -> Notification<PodObject>) -> [bool; 2] {
    let text = format!(
        "about = \"\"\nstart = \"settled\"\n{lines}\n[nodes]\nn1 = \"plain\"\n[variants]\nplain = {{}}\n\
         [templates]\na = {{}}\n[daemon_sets]\nds = {{}}\nother = {{}}\n"
    );
    let file = parse(Path::new("by-hand.toml"), &text, None, &|name| Err(format!("no manifest {name}")));
    let model = DaemonSetModel::new(file.expect("a model").scope, &[]);
    let cluster = model.initial();
    let mut process = cluster.controllers[0].clone();
    let ds = process.daemon_sets.store.0[0];
    let mut other = ds;
    (other.key, other.uid) = (1, ds.uid + 1);
    process.daemon_sets.store.put(other);
    informed::pod(&model.scope, &mut process, notify(cluster.store.pods.0[0]));
    [0, 1].map(|key: usize| process.work[key].queue == Queued::Waiting)
}

#[test]
fn an_orphan_wakes_everyone_whose_selector_matches_it() {
    let orphan = |pod: PodObject| Notification::Added(PodObject { owner: None, ..pod });
    assert_eq!(woken("", orphan), [true, false]);
    assert_eq!(woken("overlapping_selectors = true", orphan), [true, true]);
    let unlabelled = |pod: PodObject| Notification::Added(PodObject { owner: None, labelled: false, ..pod });
    assert_eq!(woken("overlapping_selectors = true", unlabelled), [false, false]);
}

#[test]
fn a_pod_with_an_owner_wakes_the_owner_alone() {
    assert_eq!(woken("overlapping_selectors = true", Notification::Added), [true, false]);
    let becomes_unready = |pod: PodObject| Notification::Updated(pod, PodObject { ready: false, ..pod });
    assert_eq!(woken("overlapping_selectors = true", becomes_unready), [true, false]);
    let is_released = |pod: PodObject| Notification::Updated(pod, PodObject { owner: None, ..pod });
    assert_eq!(woken("overlapping_selectors = true", is_released), [true, true], "the old owner, and who may adopt it");
    assert_eq!(woken("", is_released), [true, false]);
}
