//! Which processes have a wanted name.

use sample::{Scope, WantedProcess};

use super::stat::Process;
use super::table::Table;

/// What the kernel keeps of a program's name, in bytes.
const KEPT: usize = 15;
/// How much of the arguments is read: what is looked for stands among the first three.
const LONGEST_ARGUMENTS: usize = 4096;

/// How many processes there are of each wanted name; nothing where none is wanted.
pub(super) fn count(scope: &Scope, table: &Table, processes: &[Process]) -> Option<Vec<WantedProcess>> {
    let wishes = scope.processes.iter().filter(|wish| (1..=Scope::LONGEST_NAME).contains(&wish.name.len()));
    let mut wanted: Vec<WantedProcess> = wishes
        .take(Scope::MOST)
        .map(|wish| WantedProcess { name: wish.name.clone(), min: wish.min, count: 0 })
        .collect();
    let mut buffer = [0; LONGEST_ARGUMENTS];
    for process in processes.iter().filter(|process| !process.has_ended()) {
        for wanted in &mut wanted {
            if has_name(process, wanted.name.as_bytes(), || table.arguments(process, &mut buffer)) {
                wanted.count += 1;
            }
        }
    }
    (!wanted.is_empty()).then_some(wanted)
}

/// As [`WantedProcess::name`] says.
fn has_name<'a>(process: &Process, wanted: &[u8], arguments: impl FnOnce() -> Option<&'a [u8]>) -> bool {
    if process.name == wanted {
        return true;
    }
    if wanted.len() <= KEPT || process.name != wanted[..KEPT] {
        return false;
    }
    match arguments() {
        None | Some([]) => true,
        Some(arguments) => arguments.split(|byte| *byte == 0).take(3).any(|argument| ends_in(argument, wanted)),
    }
}

/// Whether this is the path of a program of that name, or what a program of that name shows in its place, such as
/// `name: idle`.
fn ends_in(argument: &[u8], wanted: &[u8]) -> bool {
    let title = argument.windows(2).position(|pair| pair == b": ").map_or(argument, |end| &argument[..end]);
    [argument, title].iter().any(|path| path.rsplit(|byte| *byte == b'/').next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::super::stat;
    use super::*;

    const LONG: &[u8] = b"prometheus-node-exporter";

    fn has(comm: &str, wanted: &[u8], arguments: Option<&'static [u8]>) -> bool {
        let process = stat::parse(9, format!("9 ({comm}) S 1").as_bytes()).unwrap();
        has_name(&process, wanted, || arguments)
    }

    #[test]
    fn a_short_name_is_the_kernels_name_to_the_byte() {
        let unread = Some(b"/usr/sbin/cron".as_slice());
        assert!(has("cron", b"cron", unread));
        for other in ["crond", "cro", "Cron", "cron ", ""] {
            assert!(!has(other, b"cron", unread), "{other}");
        }
        assert!(has("fifteen-letters", b"fifteen-letters", None));
    }

    #[test]
    fn a_long_name_is_looked_up_among_the_arguments() {
        let here: [&[u8]; 5] = [
            b"/usr/bin/prometheus-node-exporter\0--web\0",
            b"prometheus-node-exporter",
            b"/usr/bin/python3\0/opt/prometheus-node-exporter\0",
            b"/usr/bin/perl\0-w\0/opt/prometheus-node-exporter\0x\0",
            b"prometheus-node-exporter: reads /proc",
        ];
        for arguments in here {
            assert!(has("prometheus-node", LONG, Some(arguments)), "{}", arguments.escape_ascii());
        }
        let not_here: [&[u8]; 4] = [
            b"/usr/bin/prometheus-node-exporter2\0",
            b"/usr/bin/prometheus-node\0",
            b"/usr/bin/prometheus-node-exporter/x\0",
            b"a\0b\0c\0prometheus-node-exporter\0",
        ];
        for arguments in not_here {
            assert!(!has("prometheus-node", LONG, Some(arguments)), "{}", arguments.escape_ascii());
        }
    }

    #[test]
    fn without_arguments_the_beginning_of_a_long_name_decides() {
        assert!(has("prometheus-node", LONG, None) && has("prometheus-node", LONG, Some(b"")));
        assert!(!has("prometheus-nod", LONG, None) && !has("cron", LONG, None));
        assert!(has("kworker/0:1-events_freezable", b"kworker/0:1-events_freezable", None), "the kernel's own");
    }
}
