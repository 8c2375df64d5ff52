//! The answer for programs: one JSON object per host and line, named as the columns of the database.
//!
//! What is not known is left out; it is never 0.

use std::io::{self, Write};

use sample::{OutcomeKind, Readings};
use serde::Serialize;
use storage::{FiringAlert, HostStatus};

use crate::status::{Host, fullest};

#[derive(Default, Serialize)]
struct Line<'a> {
    host: &'a str,
    #[serde(flatten)]
    visit: Visit<'a>,
    #[serde(flatten)]
    values: Values<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe_version: Option<&'a str>,
    firing: Vec<Firing<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<&'static str>,
}

#[derive(Default, Serialize)]
struct Visit<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ok_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_ms: Option<i64>,
}

#[derive(Default, Serialize)]
struct Values<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_window_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_cpus: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_used_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap_used_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load1: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load5: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load15: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fullest_mount: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fullest_used_percent: Option<f64>,
}

#[derive(Serialize)]
struct Firing<'a> {
    metric: &'static str,
    instance: &'a str,
    since_ms: i64,
    worst_value: f64,
}

/// Writes one line per host.
///
/// # Errors
/// `out` can't be written.
pub fn write(out: &mut impl Write, hosts: &[Host]) -> io::Result<()> {
    for host in hosts {
        serde_json::to_writer(&mut *out, &line(host))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn line(host: &Host) -> Line<'_> {
    let name = host.name.as_str();
    let Some(known) = &host.known else { return Line { host: name, ..Line::default() } };
    let facts = &known.facts;
    Line {
        host: name,
        visit: visit(known),
        values: host.readings().map(values).unwrap_or_default(),
        hostname: facts.hostname.as_deref(),
        os: facts.os.as_deref(),
        kernel: facts.kernel.as_deref(),
        architecture: facts.architecture.as_deref(),
        probe_version: known.probe_version.as_deref(),
        firing: known.firing.iter().map(firing).collect(),
        unreadable: known.unreadable.iter().map(|part| part.name()).collect(),
    }
}

fn visit(known: &HostStatus) -> Visit<'_> {
    let outcome = known.outcome.as_ref();
    Visit {
        kind: outcome.map(|outcome| outcome.kind).map(OutcomeKind::name),
        detail: outcome.and_then(|outcome| outcome.detail.as_deref()),
        at_ms: outcome.map(|outcome| outcome.at.as_millis()),
        last_ok_ms: known.last_ok.map(|time| time.as_millis()),
        taken_ms: known.sample.as_ref().map(|sample| sample.taken.as_millis()),
    }
}

fn values(readings: &Readings) -> Values<'_> {
    let fullest = fullest(readings);
    Values {
        cpu_percent: readings.cpu.map(|cpu| cpu.busy_percent),
        cpu_window_ms: readings.cpu.map(|cpu| cpu.window_ms),
        logical_cpus: readings.logical_cpus,
        memory_used_percent: readings.memory.map(|memory| memory.used_percent()),
        swap_used_percent: readings.swap.map(|swap| swap.used_percent()),
        load1: readings.load.map(|load| load.one),
        load5: readings.load.map(|load| load.five),
        load15: readings.load.map(|load| load.fifteen),
        uptime_seconds: readings.uptime_seconds,
        fullest_mount: fullest.map(|(filesystem, _)| filesystem.mount.as_str()),
        fullest_used_percent: fullest.map(|(_, percent)| percent),
    }
}

fn firing(alert: &FiringAlert) -> Firing<'_> {
    Firing {
        metric: alert.key.rule.metric.name(),
        instance: alert.key.instance.as_str(),
        since_ms: alert.since.as_millis(),
        worst_value: alert.worst,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{busy, unvisited, visited};

    fn shown(known: Option<HostStatus>) -> String {
        let host = Host { name: "web1".parse().unwrap(), known };
        let mut out = Vec::new();
        write(&mut out, &[host]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_host_is_one_line_named_as_the_database_has_it() {
        let expected = concat!(
            r#"{"host":"web1","kind":"ok","at_ms":1795241857000,"last_ok_ms":1795241677000,"taken_ms":1795241676500,"#,
            r#""cpu_percent":12.25,"cpu_window_ms":300000,"memory_used_percent":85.0,"#,
            r#""load1":0.5,"load5":0.25,"load15":0.125,"fullest_mount":"/var","fullest_used_percent":91.0,"#,
            r#""firing":[{"metric":"cpu","instance":"","since_ms":1795241857000,"worst_value":97.5},"#,
            r#"{"metric":"disk","instance":"/var","since_ms":1795241857000,"worst_value":97.5}]}"#,
            "\n",
        );
        assert_eq!(shown(Some(busy("web1", "/var"))), expected);
    }

    #[test]
    fn what_could_not_be_read_is_named() {
        let known = HostStatus { unreadable: vec![storage::Part::Alert], ..unvisited("web1") };
        assert_eq!(shown(Some(known)), "{\"host\":\"web1\",\"firing\":[],\"unreadable\":[\"alert\"]}\n");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(shown(None), "{\"host\":\"web1\",\"firing\":[]}\n");
        assert_eq!(shown(Some(unvisited("web1"))), "{\"host\":\"web1\",\"firing\":[]}\n");
        let failed = shown(Some(visited("web1", OutcomeKind::AuthFailed)));
        assert_eq!(failed, "{\"host\":\"web1\",\"kind\":\"auth_failed\",\"at_ms\":1795241857000,\"firing\":[]}\n");
    }
}
