//! No text of a host can do anything to the terminal of whoever reads the database.

use sample::{Boot, DiskCounters, InterfaceCounters};
use serde_json::Value;

use super::readings::{columns::rows, whole};
use super::*;

/// A terminal's control sequences in two ways, and text that runs backwards.
const HOSTILE: &str = "\u{1b}]0;x\u{7}\u{9b}2J\u{202e}";

/// The columns with text that a host chose; `baseline.counters` is another, with backslashes of JSON's own.
const CHOSEN: &str = "
    host.hostname host.os host.kernel host.architecture host.cpu_model host.virtualization host.probe_version
    outcome.detail sample.boot_id sample.container sample.reboot_reason
    filesystem.mount filesystem.fs_type filesystem.source filesystem.pool stuck_mount.mount stuck_mount.fs_type
    disk.name interface.name temperature.sensor fan.sensor process.name process.arguments
    wanted_process.name unit.name unit.load_state unit.active_state
    storage_array.kind storage_array.name storage_array.state log_line.source log_line.message
    listener.protocol listener.address check_result.name check_result.output
    check_value.name check_value.label check_value.unit check_value.warning check_value.critical
    baseline.boot_id";

/// The places of all texts in this value.
fn texts(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place.to_owned()),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| texts(value, &format!("{place}/{index}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| texts(value, &format!("{place}/{name}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

/// The sample with something hostile in every text that may be any text.
fn hostile(sample: &Sample) -> Sample {
    let mut sample = serde_json::to_value(sample).unwrap();
    let mut places = Vec::new();
    texts(&sample, "", &mut places);
    for place in places {
        let text = sample.pointer_mut(&place).unwrap();
        let before = text.clone();
        *text = format!("{}{HOSTILE}", before.as_str().unwrap()).into();
        // An id or a name of ours is refused then.
        if serde_json::from_value::<Sample>(sample.clone()).is_err() {
            *sample.pointer_mut(&place).unwrap() = before;
        }
    }
    serde_json::from_value(sample).unwrap()
}

fn sent(number: u8) -> ReceivedSample {
    let mut received = received(number, at(60 * i64::from(number)), whole());
    let known = || Some("x".to_owned());
    received.sample.facts = Facts {
        hostname: known(),
        os: known(),
        kernel: known(),
        architecture: known(),
        cpu_model: known(),
        virtualization: known(),
    };
    received.sample.boot = Some(Boot { id: "b".into(), elapsed_ms: 60_000 * u64::from(number) });
    let disk = DiskCounters { name: "sda".into(), reads: u64::from(number), ..DiskCounters::default() };
    let interface = InterfaceCounters { name: "eth0".into(), ..InterfaceCounters::default() };
    received.sample.counters =
        Counters { disks: Some(vec![disk]), interfaces: Some(vec![interface]), ..Counters::default() };
    received.sample = hostile(&received.sample);
    received
}

#[test]
fn what_a_host_chose_is_kept_without_what_a_terminal_obeys() {
    let mut fixture = Fixture::new();
    let (run, host) = (fixture.run(), fixture.host("web1"));
    let samples = vec![sent(1), sent(2)];
    let facts = Some((samples[0].sample.facts.clone(), format!("1.0{HOSTILE}")));
    let mut visit = Visit { facts, samples, ..visit(host, OutcomeKind::Ok) };
    visit.outcome.detail = Some(HOSTILE.into());
    fixture.store.record_visits(run, &[visit]).unwrap();

    let columns = rows(
        &fixture,
        "SELECT tables.name || '.' || columns.name
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND columns.type = 'TEXT'",
    );
    let mut chosen = Vec::new();
    for column in &columns {
        let (table, name) = column.split_once('.').unwrap();
        let texts = rows(&fixture, &format!("SELECT {name} FROM {table}"));
        for text in &texts {
            assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{column}: {text:?}");
        }
        if texts.iter().any(|text| text.contains("\\u{1b}]0;x\\u{7}\\u{9b}2J\\u{202e}")) {
            chosen.push(column.as_str());
        }
    }
    let mut expected: Vec<_> = CHOSEN.split_whitespace().collect();
    chosen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(chosen, expected);
    // Also under names of which hosts try the worst, samples are compared.
    assert_eq!(rows(&fixture, "SELECT reads_per_second > 0 FROM disk ORDER BY sample_id"), ["", "1"]);
}
