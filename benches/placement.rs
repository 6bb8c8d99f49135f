//! Placement of one template on the nodes of a large cluster. Goal: 5,000 nodes in under 50 ms.

use everynode::manifest::documents::read;
use everynode::manifest::node::NodeView;
use everynode::manifest::placement::Placement;
use everynode::release::placement::PlacementRules;
use k8s_openapi::api::core::v1::{Node, PodTemplateSpec, Taint};

const NODES: usize = 5_000;

fn main() {
    divan::main();
}

/// Nodes with a dozen labels each; every tenth has a taint.
fn nodes() -> Vec<Node> {
    let node = |place: usize| {
        let mut node = Node::default();
        node.metadata.name = Some(format!("n{place}"));
        let labels = (0..12).map(|label| (format!("example.com/label-{label}"), format!("{}", place % (label + 1))));
        node.metadata.labels = Some(labels.collect());
        let taint = Taint { key: "dedicated".to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() };
        node.spec.get_or_insert_default().taints = Some(vec![taint]).filter(|_| place.is_multiple_of(10));
        node
    };
    (0..NODES).map(node).collect()
}

/// The bundled template with the most demands.
fn template() -> PodTemplateSpec {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/manifests/storage-driver.yaml");
    let text = std::fs::read_to_string(path).expect("a bundled manifest");
    let documents = read("storage-driver.yaml", &text).expect("a bundled manifest is well-formed");
    documents.daemon_sets[0].spec.clone().expect("a bundled manifest has a spec").template
}

#[divan::bench]
fn decide_5000_nodes(bencher: divan::Bencher) {
    let (nodes, template) = (nodes(), template());
    bencher.bench(|| {
        let placement = Placement::compile(&template, PlacementRules::v1_36());
        let run = nodes.iter().filter(|node| placement.node_should_run_daemon_pod(&NodeView::of(node)).want_to_run());
        run.count()
    });
}

#[divan::bench]
fn explain_5000_nodes(bencher: divan::Bencher) {
    let (nodes, template) = (nodes(), template());
    bencher.bench(|| {
        let placement = Placement::compile(&template, PlacementRules::v1_36());
        nodes.iter().map(|node| placement.explain(&NodeView::of(node)).reasons.len()).sum::<usize>()
    });
}
