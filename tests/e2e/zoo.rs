//! The zoo: one fleet in one configuration, each host with a fault of its own, and ten with none. Whatever one host
//! does, the good ones are visited, and every host's row says what is wrong with it.
//!
//! To add a fault, add a line to one of the tables in `zoo/`.

mod beyond;
mod exhibit;
mod fleet;
mod hostile;
mod on_dropbear;
mod on_sshd;
mod terms;

use std::collections::BTreeMap;
use std::time::Instant;

use harness::Server;

use fleet::{Expected, Zoo};

const ROUNDS: usize = 10;
/// The least that has to be on display: faults, those of them on real servers, and hosts with nothing wrong.
const LEAST: (usize, usize, usize) = (130, 85, 10);

#[test]
fn whatever_a_host_does_the_good_ones_are_visited_and_its_row_says_what_it_was() {
    let zoo = Zoo::open();
    assert!(zoo.faults() >= LEAST.0 && zoo.real >= LEAST.1 && zoo.good() == LEAST.2);
    for round in 1..=ROUNDS {
        let began = Instant::now();
        let printed = zoo.visit();
        let found = outcomes(&zoo.server);
        assert_no_codes(&printed, "what was printed");
        let wrong: Vec<String> =
            zoo.expected.iter().filter_map(|(host, expected)| expected.differs(host, &found, round)).collect();
        assert!(wrong.is_empty(), "round {round}:\n{}", wrong.join("\n"));
        assert_eq!(found.len(), zoo.expected.len(), "one row for each host");
        let failed = found.values().filter(|(kind, _)| kind != "ok").count();
        assert_eq!(printed.matches("\n  hint: ").count(), failed, "each failure says what to do");
        println!(
            "round {round}: {} hosts, {} faults, {:.1} s",
            found.len(),
            zoo.faults(),
            began.elapsed().as_secs_f64()
        );
    }
    for (host, (kind, detail)) in outcomes(&zoo.server) {
        println!("{host:28} {kind:18} {detail}");
    }
    assert_no_codes_in_the_database(&zoo.server);
    assert_one_sample_for_each_ok(&zoo.server);
}

/// Kind and detail of the latest run's outcomes, by host.
fn outcomes(server: &Server) -> BTreeMap<String, (String, String)> {
    let rows = server.sql(
        "SELECT host.name || '|' || outcome.kind || '|' || coalesce(outcome.detail, '') FROM outcome
         JOIN host ON host.id = host_id WHERE run_id = (SELECT max(id) FROM run)",
    );
    let split = |row: &String| {
        let mut parts = row.splitn(3, '|').map(str::to_owned);
        let mut next = || parts.next().expect("three columns");
        (next(), (next(), next()))
    };
    rows.iter().map(split).collect()
}

/// Terminal codes, line breaks and what reorders text.
#[track_caller]
fn assert_no_codes(text: &str, what: &str) {
    let bad = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    let line = text.lines().find(|line| line.contains(bad));
    assert_eq!(line, None, "{what}");
}

fn assert_no_codes_in_the_database(server: &Server) {
    let mut looked_at = 0;
    for table in ["host", "outcome"] {
        for column in server.sql(&format!("SELECT name FROM pragma_table_info('{table}') WHERE type = 'TEXT'")) {
            for value in server.sql(&format!("SELECT \"{column}\" FROM {table}")) {
                assert!(!value.contains('\n'), "{table}.{column}: {value:?}");
                assert_no_codes(&value, &format!("{table}.{column}"));
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 1000, "the search finds the columns");
}

fn assert_one_sample_for_each_ok(server: &Server) {
    let count = |query: &str| server.value(query).parse::<usize>().unwrap();
    let ok = count("SELECT count(*) FROM outcome WHERE kind = 'ok'");
    // The answer that one host replays was a real one, of another visit: it counts once.
    let replayed = "SELECT count(*) FROM sample JOIN host ON host.id = host_id WHERE name = 'replayed'";
    assert_eq!(count(replayed), 1);
    assert_eq!(count("SELECT count(*) FROM sample"), ok + 1);
    assert_eq!(count("SELECT count(DISTINCT probe_sample_id) FROM sample"), ok + 1);
}

impl Expected {
    /// What is wrong with the outcome found, if anything is.
    fn differs(&self, host: &str, found: &BTreeMap<String, (String, String)>, round: usize) -> Option<String> {
        let Some((kind, detail)) = found.get(host) else { return Some(format!("{host}: no outcome")) };
        // Where another place was taken, its reason is told when it is taken.
        let says = if self.kind == "ok" && round > 1 { "" } else { self.says };
        let quiet = self.kind == "ok" && self.says.is_empty();
        let fits = kind == self.kind && detail.contains(says) && (!quiet || detail.is_empty());
        (!fits).then(|| format!("{host}: expected {} ({says}), found {kind}: {detail}", self.kind))
    }
}
