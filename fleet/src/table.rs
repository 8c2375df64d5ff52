//! The answer for people: a table, and what to do about the failures in it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use sample::{OutcomeKind, Readings, Timestamp};
use storage::{FiringAlert, HostStatus};

use crate::age::ago;
use crate::cut::cut;
use crate::layout::{self, Colour, Coloured, UNKNOWN};
use crate::status::{Host, fullest};

const COLUMNS: [&str; 8] = ["HOST", "STATE", "LAST SEEN", "CPU", "MEMORY", "FULLEST", "LOAD", "ALERTS"];
/// CPU, memory and load are numbers.
const NUMBERS: [usize; 3] = [3, 4, 6];
const STATE: usize = 1;
/// So that one host with a strange mount point does not spoil everybody's table.
const MAX_MOUNT_CHARS: usize = 32;
const MAX_ALERTS: usize = 3;

/// Writes the table, and a line for each kind of failure in it that says what to do, and for each host that could
/// not be read as a whole.
///
/// # Errors
/// `out` can't be written.
pub fn write(out: &mut impl Write, hosts: &[Host], now: Timestamp, colour: bool) -> io::Result<()> {
    let rows: Vec<_> = hosts.iter().map(|host| cells(host, now)).collect();
    let lines = layout::lines(COLUMNS, &rows, &NUMBERS);
    let start = layout::start(COLUMNS, &rows, STATE);
    let states = [None].into_iter().chain(hosts.iter().map(|host| Some(state(host))));
    for (line, state) in lines.iter().zip(states) {
        match state.filter(|_| colour) {
            Some(state) => {
                let (text, colour) = (state_text(state), state_colour(state));
                writeln!(out, "{}", Coloured { line, start, text, colour })?;
            }
            None => writeln!(out, "{line}")?,
        }
    }
    write_hints(out, hosts)?;
    write_unreadable(out, hosts)
}

/// How the latest visit ended; none if there was none.
type State = Option<OutcomeKind>;

fn state(host: &Host) -> State {
    Some(host.known.as_ref()?.outcome.as_ref()?.kind)
}

fn state_text(state: State) -> &'static str {
    state.map_or("never", OutcomeKind::name)
}

fn state_colour(state: State) -> Colour {
    match state {
        None => Colour::Yellow,
        Some(OutcomeKind::Ok) => Colour::Green,
        Some(_) => Colour::Red,
    }
}

fn cells(host: &Host, now: Timestamp) -> [String; COLUMNS.len()] {
    let known = host.known.as_ref();
    let readings = host.readings();
    let unknown = || UNKNOWN.to_owned();
    let percent = |value: Option<f64>| value.map_or_else(unknown, |value| format!("{value:.0} %"));
    let last_ok = known.and_then(|known| known.last_ok);
    let load = readings.and_then(|readings| readings.load);
    [
        host.name.to_string(),
        state_text(state(host)).to_owned(),
        last_ok.map_or_else(|| "never".to_owned(), |time| ago(time, now)),
        percent(readings.and_then(|readings| readings.cpu).map(|cpu| cpu.busy_percent)),
        percent(readings.and_then(|readings| readings.memory).map(|memory| memory.used_percent())),
        readings.and_then(fullest_text).unwrap_or_else(unknown),
        load.map_or_else(unknown, |load| format!("{:.2}", load.one)),
        known.map_or_else(String::new, |known| alerts_text(&known.firing)),
    ]
}

fn fullest_text(readings: &Readings) -> Option<String> {
    let (filesystem, percent) = fullest(readings)?;
    Some(format!("{} {percent:.0} %", cut(&filesystem.mount, MAX_MOUNT_CHARS)))
}

fn alerts_text(firing: &[FiringAlert]) -> String {
    let name = |alert: &FiringAlert| match alert.key.instance.as_str() {
        "" => alert.key.rule.metric.to_string(),
        mount => format!("{} {}", alert.key.rule.metric, cut(mount, MAX_MOUNT_CHARS)),
    };
    let mut names: Vec<String> = firing.iter().take(MAX_ALERTS).map(name).collect();
    if firing.len() > MAX_ALERTS {
        names.push(format!("and {} more", firing.len() - MAX_ALERTS));
    }
    names.join(", ")
}

fn write_hints(out: &mut impl Write, hosts: &[Host]) -> io::Result<()> {
    let kinds: BTreeSet<OutcomeKind> = hosts.iter().filter_map(state).collect();
    let hints: Vec<_> = kinds.into_iter().filter_map(|kind| Some((kind, kind.hint()?))).collect();
    if !hints.is_empty() {
        writeln!(out)?;
    }
    hints.into_iter().try_for_each(|(kind, hint)| writeln!(out, "{kind}: {hint}"))
}

fn write_unreadable(out: &mut impl Write, hosts: &[Host]) -> io::Result<()> {
    let known = hosts.iter().filter_map(|host| host.known.as_ref());
    let noted: Vec<&HostStatus> = known.filter(|known| !known.unreadable.is_empty()).collect();
    if !noted.is_empty() {
        writeln!(out)?;
    }
    noted.into_iter().try_for_each(|known| {
        let parts: Vec<&str> = known.unreadable.iter().map(|part| part.name()).collect();
        let (name, parts) = (&known.name, parts.join(", "));
        writeln!(out, "{name}: not shown, since this version can't read it in the database: {parts}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{NOON, busy, visited};
    use storage::Part;

    fn shown(known: Vec<HostStatus>, colour: bool) -> String {
        let host = |known: HostStatus| Host { name: known.name.clone(), known: Some(known) };
        let mut hosts: Vec<Host> = known.into_iter().map(host).collect();
        hosts.push(Host { name: "new".parse().unwrap(), known: None });
        let mut out = Vec::new();
        write(&mut out, &hosts, NOON, colour).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_shows_what_is_known_and_what_to_do() {
        let known = vec![busy("web1.example.org", "/var"), visited("db1", OutcomeKind::AuthFailed)];
        let expected = "\
HOST              STATE        LAST SEEN   CPU  MEMORY  FULLEST    LOAD  ALERTS
web1.example.org  ok           3m ago     12 %    85 %  /var 91 %  0.50  cpu, disk /var
db1               auth_failed  never         -       -  -             -
new               never        never         -       -  -             -

auth_failed: check username, key and password; fleet-collector --host NAME prints the ssh line to try by hand
";
        assert_eq!(shown(known, false), expected);
    }

    #[test]
    fn what_could_not_be_read_is_told_below_the_table() {
        let known = HostStatus { unreadable: vec![Part::Sample, Part::Alert], ..visited("db1", OutcomeKind::Ok) };
        let told = "\ndb1: not shown, since this version can't read it in the database: sample, alert\n";
        assert!(shown(vec![known, visited("db2", OutcomeKind::Ok)], false).ends_with(told));
    }

    #[test]
    fn colour_is_around_the_state_and_changes_nothing_else() {
        let known = || vec![busy("ok", "/ok"), visited("auth_failed", OutcomeKind::AuthFailed)];
        let text = shown(known(), true);
        assert!(text.contains("\u{1b}[32mok\u{1b}[0m ") && text.contains("\u{1b}[31mauth_failed\u{1b}[0m "), "{text}");
        assert!(text.contains("\u{1b}[33mnever\u{1b}[0m "), "{text}");
        let plain = ["\u{1b}[32m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"]
            .into_iter()
            .fold(text, |text, code| text.replace(code, ""));
        assert_eq!(plain, shown(known(), false));
    }

    #[test]
    fn a_host_can_neither_paint_the_terminal_nor_spoil_the_table() {
        let text = shown(vec![busy("web1", "/\u{1b}[2J\n/x"), busy("web2", &"/long".repeat(100))], false);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains("/\\u{1b}[2J\\u{a}/x 91 %"), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 160), "{text}");
    }

    #[test]
    fn many_alerts_are_counted() {
        let mut known = busy("web1", "/var");
        known.firing = [known.firing.clone(), known.firing].concat();
        known.firing.extend(known.firing.clone());
        assert!(shown(vec![known], false).contains("cpu, disk /var, cpu, and 5 more"));
    }
}
