//! One process, from `/proc/<pid>/stat`. Source: proc_pid_stat(5).

/// Longest name that is kept, in bytes. Programs have at most 15; the kernel gives its own threads up to 63.
const LONGEST_NAME: usize = 63;

/// A process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: Option<u32>,
    /// Any bytes but NUL: a program names itself as it likes.
    pub(super) name: Vec<u8>,
    state: u8,
    threads: Option<u64>,
    /// The device number of its terminal; 0: none.
    terminal: Option<u64>,
    /// What it used; absent when that is no number.
    pub(super) usage: Option<Usage>,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time of all its threads, in ticks.
    pub(super) ticks: u64,
    /// When it started, in ticks since boot. With its id this tells it from all others of the same boot.
    pub(super) start: u64,
    /// Resident memory, in pages.
    pub(super) pages: u64,
}

impl Process {
    /// Whether it has ended and only its parent does not know.
    ///
    /// A process whose first thread alone has ended is shown as a zombie too, though the others go on.
    pub(super) fn is_zombie(&self) -> bool {
        self.state == b'Z' && self.threads.is_none_or(|threads| threads <= 1)
    }

    /// Whether it has ended altogether.
    pub(super) fn has_ended(&self) -> bool {
        self.is_zombie() || matches!(self.state, b'X' | b'x')
    }

    /// Whether it has a terminal.
    pub(super) fn has_terminal(&self) -> Option<bool> {
        Some(self.terminal? != 0)
    }

    /// Whether it is in uninterruptible sleep.
    pub(super) fn is_blocked(&self) -> bool {
        self.state == b'D'
    }
}

/// The process in the content of its stat file; nothing without a name and a state.
pub(super) fn parse(pid: u32, stat: &[u8]) -> Option<Process> {
    // A name may hold parentheses, spaces and line breaks; what follows it never does.
    let (open, close) = (stat.iter().position(|byte| *byte == b'(')?, stat.iter().rposition(|byte| *byte == b')')?);
    let name = stat.get(open + 1..close)?;
    let mut fields = stat[close + 1..].split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let &[state] = fields.next()? else { return None };
    let mut numbers = [None; 21];
    for (number, field) in numbers.iter_mut().zip(fields) {
        *number = decimal(field);
    }
    // Numbered as in the manual, where the parent is field 4.
    let field = |at: usize| numbers[at - 4];
    let usage = || {
        let ticks = field(14)?.checked_add(field(15)?)?;
        Some(Usage { ticks, start: field(22)?, pages: field(24)? })
    };
    Some(Process {
        pid,
        parent: field(4).and_then(|parent| u32::try_from(parent).ok()),
        name: name[..name.len().min(LONGEST_NAME)].to_vec(),
        state,
        threads: field(20),
        terminal: field(7),
        usage: usage(),
    })
}

fn decimal(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "10 20 20 34816 20 4194560 9 8 7 6 150 50 3 2 20 0 4 0 12345 1048576 256 18446744073709551615 1";

    fn named(name: &str, state: char) -> Option<Process> {
        parse(20, format!("20 ({name}) {state} {REST}\n").as_bytes())
    }

    #[test]
    fn each_field_has_its_place() {
        let usage = Some(Usage { ticks: 200, start: 12345, pages: 256 });
        let (name, parent, threads, terminal) = (b"cron".to_vec(), Some(10), Some(4), Some(34816));
        assert_eq!(named("cron", 'S'), Some(Process { pid: 20, parent, name, state: b'S', threads, terminal, usage }));
    }

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        for name in ["", "(", ")", ") R 1 (", "a b", "a\nb) Z 1\n", "\u{1b}[31m", "((sd-pam))"] {
            let process = named(name, 'D').unwrap();
            assert_eq!((process.name.as_slice(), process.is_blocked()), (name.as_bytes(), true), "{name:?}");
            assert_eq!((process.parent, process.usage.map(|usage| usage.ticks)), (Some(10), Some(200)), "{name:?}");
        }
        assert_eq!(named(&"x".repeat(1000), 'S').unwrap().name.len(), LONGEST_NAME);
    }

    #[test]
    fn a_line_cut_short_has_a_name_and_a_state_or_is_none() {
        let whole = format!("20 (a) S {REST}");
        for end in 0..whole.len() {
            let process = parse(20, &whole.as_bytes()[..end]);
            assert_eq!(process.is_some(), end >= "20 (a) S".len(), "{}", &whole[..end]);
        }
        for odd in ["20 ) S (a 1", "20 (a) SS 1", "20 (a) ", ""] {
            assert_eq!(parse(20, odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_absent_and_the_rest_is_not() {
        let most = "18446744073709551615";
        for (from, to) in [(" 150 ", format!(" {most} ")), (" 150 ", " -1 ".into()), (" 256 ", " -256 ".into())] {
            let process = parse(20, format!("20 (a) S {}", REST.replace(from, &to)).as_bytes()).unwrap();
            assert_eq!((process.usage, process.parent), (None, Some(10)), "{to}");
        }
    }

    #[test]
    fn a_process_whose_first_thread_ended_is_no_zombie() {
        assert!(!named("four threads", 'Z').unwrap().is_zombie());
        let alone = parse(20, format!("20 (a) Z {}", REST.replace(" 20 0 4 ", " 20 0 1 ")).as_bytes()).unwrap();
        assert!(alone.is_zombie() && alone.has_ended());
        assert!(parse(20, b"20 (a) Z 1").unwrap().is_zombie());
    }
}
