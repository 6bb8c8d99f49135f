use everynode::vectors::{handlers, question::Line, subject::Subject, sync, wire};
use std::collections::BTreeSet;
fn run(file: &str) {
    let text = std::fs::read_to_string(format!("../shared/vectors/v1.36.3/{file}.jsonl")).unwrap();
    let (mut ok, mut bad) = (0, 0);
    let mut slow = vec![];
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let subject = Subject::of(everynode::release::Profile::named("v1.36").unwrap()).with_gates(&line.gates);
        let start = std::time::Instant::now();
        let got = std::panic::catch_unwind(|| sync::outcomes(&subject, &line, line.given.as_ref().unwrap()));
        slow.push((start.elapsed(), line.id.clone()));
        let want: BTreeSet<wire::Outcome> = line
            .outcomes
            .clone()
            .unwrap()
            .into_iter()
            .map(|mut o| {
                o.normalise();
                o
            })
            .collect();
        match got {
            Ok(Ok(got)) if got == want => ok += 1,
            Ok(Ok(got)) => {
                bad += 1;
                if bad < 12 {
                    println!(
                        "=== {} {} ours {} want {}",
                        line.id,
                        line.family.as_deref().unwrap(),
                        got.len(),
                        want.len()
                    );
                    for o in got.difference(&want).take(2) {
                        println!("  surplus {}", serde_json::to_string(o).unwrap());
                    }
                    for o in want.difference(&got).take(2) {
                        println!("  missing {}", serde_json::to_string(o).unwrap());
                    }
                }
            }
            other => {
                bad += 1;
                if bad < 12 {
                    println!("=== {} {:?}", line.id, other.map_err(|_| "panic"));
                }
            }
        }
    }
    slow.sort();
    slow.reverse();
    println!(
        "{file}: {ok} ok {bad} bad; slowest {:?} total {:?}",
        &slow[..5],
        slow.iter().map(|s| s.0).sum::<std::time::Duration>()
    );
}
#[test]
fn sync_file() {
    run("sync");
    run("midsync");
}
