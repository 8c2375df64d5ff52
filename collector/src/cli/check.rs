//! `fleet-collector check`: what configuration, keys and probes come to.

use std::collections::{HashMap, HashSet};
use std::iter;

use config::{Agent, Host, HostKeyPolicy};
use sample::{HostName, ProcessWish, Scope};

use super::error::{CommandError, Ending};
use super::key_report;
use super::report::print;
use crate::prepare::Setting;
use crate::run::Run;

pub(super) fn check(setting: &Setting) -> Result<Ending, CommandError> {
    print(&format!("config    {}", setting.config.path.display()));
    print(&format!("state     {}", setting.state_dir.display()));
    print(&format!("database  {}", setting.database().display()));
    let policy = match setting.config.collector.host_keys {
        HostKeyPolicy::Strict => "strict",
        HostKeyPolicy::AcceptNew => "accept-new",
    };
    print(&format!("host keys {} ({policy})", setting.known_hosts().display()));
    let run = with_ways(setting).prepare()?;
    for probe in run.fleet.probes.iter() {
        print(&format!("probe     {}, {} bytes, sha256 {}", probe.architecture, probe.bytes.len(), probe.sha256));
    }
    for line in key_report::lines(&run.fleet.keys, setting)? {
        print(&line);
    }
    let (hosts, disabled) = (&setting.config.hosts, setting.config.hosts.iter().filter(|host| !host.enabled).count());
    print(&format!("hosts     {}, of which {disabled} disabled\n", hosts.len()));
    if tell_hosts(hosts, &run) {
        return Ok(Ending::Done);
    }
    Err(CommandError::usage("some hosts can't be logged in to, see above", None))
}

/// The setting of a run that also visits the hosts which those to visit are reached through: what is wrong with one of
/// these concerns all behind it, also where it is disabled.
fn with_ways(setting: &Setting) -> Setting {
    let hosts = &setting.config.hosts;
    let jumps: HashMap<&HostName, &HostName> =
        hosts.iter().filter_map(|host| Some((&host.name, host.jump.as_ref()?))).collect();
    let way = |host| iter::successors(Some(host), |name: &&HostName| jumps.get(*name).copied());
    let needed: HashSet<&HostName> =
        hosts.iter().filter(|host| host.enabled).flat_map(|host| way(&host.name)).collect();
    let mut with_ways = setting.clone();
    with_ways.config.hosts.iter_mut().for_each(|host| host.enabled = needed.contains(&host.name));
    with_ways
}

/// Prints a line for each host; returns whether all can be logged in to, as far as that is known here.
fn tell_hosts(hosts: &[Host], run: &Run) -> bool {
    let faults: HashMap<&HostName, &String> =
        run.hosts.iter().filter_map(|visitee| Some((&visitee.name, visitee.access.as_ref().err()?))).collect();
    let pinned: HashMap<&HostName, bool> =
        run.hosts.iter().map(|visitee| (&visitee.name, run.fleet.trust.knows(&visitee.target))).collect();
    let head = ["HOST", "LOGIN", "WITH", "HOST KEY", "RULES", "REMARKS"].map(str::to_owned);
    let rows = iter::once(head).chain(hosts.iter().map(|host| row(host, pinned.get(&host.name).copied())));
    let lines = aligned(&rows.collect::<Vec<_>>());
    // The first line is the head of the table.
    let of_hosts = [None].into_iter().chain(hosts.iter().map(|host| faults.get(&host.name)));
    for (line, fault) in lines.iter().zip(of_hosts) {
        print(line);
        if let Some(fault) = fault {
            print(&format!("  {fault}"));
        }
    }
    faults.is_empty()
}

/// `on_file` says whether its host key is, where that was looked for: not for hosts that are neither visited nor gone through.
fn row(host: &Host, on_file: Option<bool>) -> [String; 6] {
    let port = if host.port == 22 { String::new() } else { format!(" port {}", host.port) };
    let host_key = match (host.fingerprints.as_slice(), on_file) {
        ([], Some(true)) => "on file".to_owned(),
        ([], Some(false)) => "not on file".to_owned(),
        ([], None) => "-".to_owned(),
        (fingerprints, _) => fingerprints.join(" or "),
    };
    [
        host.name.to_string(),
        format!("{}@{}{port}", host.username, host.address),
        ways(host),
        host_key,
        // Those that are built in are the same for all.
        host.rules.iter().filter(|rule| rule.origin.is_some()).count().to_string(),
        remarks(host),
    ]
}

/// The ways to log in, in the order they are tried.
fn ways(host: &Host) -> String {
    let certificate = host.certificate_file.as_ref().map(|path| format!("certificate {}", path.display()));
    let key = host.identity_file.as_ref().map(|path| format!("key {}", path.display()));
    let agent = host.agent.as_ref().map(|agent| match agent {
        Agent::OfEnvironment => "agent of $SSH_AUTH_SOCK".to_owned(),
        Agent::At(path) => format!("agent {}", path.display()),
    });
    let password = host.password.as_ref().map(|_| "password".to_owned());
    [certificate, key, agent, password].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn remarks(host: &Host) -> String {
    let remarks = [
        (!host.enabled).then(|| "disabled".to_owned()),
        host.group.as_ref().map(|group| format!("group {group}")),
        host.jump.as_ref().map(|jump| format!("jump {jump}")),
        host.every.map(|every| format!("every {}", humane(every.as_secs()))),
        host.work_dir.as_ref().map(|dir| format!("work-dir {dir}")),
        host.formerly.as_ref().map(|name| format!("formerly {name}")),
        host.legacy_algorithms.then(|| "legacy algorithms".to_owned()),
        looked_at(&host.scope),
    ];
    remarks.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What is looked at there that is not everywhere.
fn looked_at(scope: &Scope) -> Option<String> {
    let usual = Scope::default();
    let min = |process: &ProcessWish| if process.min == 1 { String::new() } else { format!(" × {}", process.min) };
    let processes = scope.processes.iter().map(|process| format!("process {}{}", process.name, min(process)));
    let units = scope.units.iter().map(|unit| format!("unit {unit}"));
    let options = [
        scope.process_arguments.then(|| "process arguments".to_owned()),
        (scope.log_lines > 0).then(|| format!("{} log lines", scope.log_lines)),
        scope.listeners.then(|| "listening ports".to_owned()),
        scope.network_filesystems.then(|| "network filesystems".to_owned()),
        (!scope.checks).then(|| "no checks".to_owned()),
        (scope.checks && scope.check_timeout_ms != usual.check_timeout_ms)
            .then(|| format!("checks {} ms", scope.check_timeout_ms)),
    ];
    let all: Vec<String> = processes.chain(units).chain(options.into_iter().flatten()).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn humane(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{seconds}s"), |(unit, letter)| format!("{}{letter}", seconds / unit))
}

/// The rows as lines, with columns that begin below each other.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_host_is_told_with_all_its_ways_in_and_all_that_is_special_about_it() {
        let xml = r#"<config><client name="db" ip="192.0.2.2" port="2200" username="m" password="x"/></config>"#;
        let mut host = config::parse(xml.as_bytes(), Path::new("/x.xml"), 0o600).unwrap().hosts.remove(0);
        assert_eq!(row(&host, Some(false)), ["db", "m@192.0.2.2 port 2200", "password", "not on file", "0", ""]);
        host.identity_file = Some("/k".into());
        host.certificate_file = Some("/c".into());
        host.agent = Some(Agent::OfEnvironment);
        host.fingerprints = vec!["SHA256:x".to_owned()];
        (host.port, host.enabled, host.group) = (22, false, Some("eu".to_owned()));
        (host.jump, host.every) = (Some("gate".parse().unwrap()), Some(Duration::from_secs(3600)));
        let expected = [
            "db",
            "m@192.0.2.2",
            "certificate /c, key /k, agent of $SSH_AUTH_SOCK, password",
            "SHA256:x",
            "0",
            "disabled, group eu, jump gate, every 1h",
        ];
        assert_eq!(row(&host, None), expected);
    }

    #[test]
    fn what_is_looked_at_beside_what_always_is_is_told() {
        assert_eq!(looked_at(&Scope::default()), None);
        let process = |name: &str, min| ProcessWish { name: name.to_owned(), min };
        let mut scope = Scope {
            processes: vec![process("sshd", 1), process("nginx", 4)],
            units: vec!["cron.service".to_owned()],
            check_timeout_ms: 1500,
            process_arguments: true,
            log_lines: 20,
            listeners: true,
            network_filesystems: true,
            ..Scope::default()
        };
        let told = "process sshd, process nginx × 4, unit cron.service, process arguments, 20 log lines, \
                    listening ports, network filesystems";
        assert_eq!(looked_at(&scope), Some(format!("{told}, checks 1500 ms")));
        scope.checks = false;
        assert_eq!(looked_at(&scope), Some(format!("{told}, no checks")));
    }

    #[test]
    fn columns_begin_below_each_other_and_lines_end_with_their_text() {
        let rows = [["web1", "a", ""], ["w", "bcd", "x"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), ["web1  a", "w     bcd  x"]);
        assert_eq!([humane(90), humane(3_600), humane(86_400), humane(300)], ["90s", "1h", "1d", "5m"]);
    }
}
