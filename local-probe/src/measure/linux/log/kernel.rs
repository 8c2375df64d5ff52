//! The kernel's log. Source: the kernel's Documentation/ABI/testing/dev-kmsg.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::time::Duration;

use rustix::fs::{OFlags, major, minor};
use rustix::time::{ClockId, clock_gettime};
use sample::{LogLine, Timestamp};

use super::{FIRST_LOOK_SECONDS, Found, LONGEST_LINE};
use crate::measure::linux::{Tree, programs, system};
use crate::measure::now;

/// The device's number.
const DEVICE: (u32, u32) = (1, 11);
/// Longest record, and most of them: more than the biggest of the kernel's buffers holds.
const LONGEST_RECORD: usize = 8192;
const MOST_RECORDS: usize = 500_000;
/// Levels up to this one are errors.
const ERROR: u64 = 3;
/// Most errors that are kept; of a storm of more, only so many are counted.
const MOST_LINES: usize = 1000;
/// How far the clocks of a machine that never slept may be apart.
const AWAKE: Duration = Duration::from_secs(1);

/// A record at error level or above.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    number: u64,
    at_us: u64,
    from_kernel: bool,
    message: String,
}

/// The clocks, for telling when a record was made.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    now: Timestamp,
    /// As records are stamped: without the time that the machine slept.
    awake_us: u64,
    slept: bool,
}

/// What came behind a note of the run before; without one of this boot, what is of the last hour.
pub(super) fn read(since: Option<&str>, tree: &Tree) -> Option<Found> {
    let boot = system::boot()?.id;
    let records = records(tree)?;
    Some(select(&records, since, &boot, Clocks::read()))
}

/// All errors that the kernel still has. None if it can't be asked; without permission it can't.
fn records(tree: &Tree) -> Option<Vec<Record>> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut device =
        OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(tree.path("dev/kmsg")).ok()?;
    // In some containers this is a link to the console.
    let found = device.metadata().ok()?;
    if !found.file_type().is_char_device() || (major(found.rdev()), minor(found.rdev())) != DEVICE {
        return None;
    }
    let (mut records, mut record) = (Vec::new(), [0; LONGEST_RECORD]);
    for _ in 0..MOST_RECORDS {
        match device.read(&mut record) {
            Ok(0) => break,
            Ok(length) => records.extend(parse(&record[..length])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // Overwritten before we came to it: the next one is there.
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted) => {}
            Err(_) => return None,
        }
    }
    Some(records)
}

/// A record such as `3,1234,5678901,-;message`, if it is an error. Lines behind the first one hold details.
fn parse(record: &[u8]) -> Option<Record> {
    let record = String::from_utf8_lossy(record);
    let (prefix, message) = record.lines().next()?.split_once(';')?;
    let mut fields = prefix.split(',');
    let mut number = || fields.next()?.parse::<u64>().ok();
    let (priority, number, at_us) = (number()?, number()?, number()?);
    let is_error = priority & 7 <= ERROR;
    is_error.then(|| Record {
        number,
        at_us,
        from_kernel: priority >> 3 == 0,
        message: programs::line(message, LONGEST_LINE),
    })
}

impl Clocks {
    fn read() -> Clocks {
        let read = |clock| {
            let time = clock_gettime(clock);
            let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
            Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
        };
        let (awake, since_boot) = (read(ClockId::Monotonic), read(ClockId::Boottime));
        Clocks {
            now: now().into(),
            awake_us: u64::try_from(awake.as_micros()).unwrap_or(u64::MAX),
            slept: since_boot.saturating_sub(awake) > AWAKE,
        }
    }

    /// When a record was made. On a machine that slept nobody knows whether it was before or after that.
    fn time_of(&self, at_us: u64) -> Option<Timestamp> {
        let ago = Duration::from_micros(self.awake_us.saturating_sub(at_us));
        (!self.slept).then(|| self.now - ago)
    }
}

/// The note is the boot, and the number of the first record that was not looked at yet.
fn select(records: &[Record], since: Option<&str>, boot: &str, clocks: Clocks) -> Found {
    let from = since.and_then(|note| note.strip_prefix(boot)?.strip_prefix(' ')?.parse::<u64>().ok());
    let an_hour_ago = clocks.awake_us.saturating_sub(FIRST_LOOK_SECONDS * 1_000_000);
    let is_new = |record: &&Record| from.map_or(record.at_us >= an_hour_ago, |from| record.number >= from);
    let told = |record: &Record| LogLine {
        at_ms: clocks.time_of(record.at_us),
        source: record.from_kernel.then(|| "kernel".to_owned()),
        message: record.message.clone(),
    };
    let new: Vec<&Record> = records.iter().filter(is_new).collect();
    let next = records.last().map_or(0, |last| last.number.saturating_add(1)).max(from.unwrap_or(0));
    Found {
        lines: new[new.len().saturating_sub(MOST_LINES)..].iter().map(|record| told(record)).collect(),
        next: format!("{boot} {next}"),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const BOOT: &str = "eedaaeee-eb24-4ed7-9701-166aaf83b3c3";
    const HOUR_US: u64 = 3_600_000_000;

    fn clocks(slept: bool) -> Clocks {
        Clocks { now: Timestamp::from_millis(1_795_283_575_000), awake_us: 3 * HOUR_US, slept }
    }

    fn record(number: u64, at_us: u64) -> Record {
        Record { number, at_us, from_kernel: true, message: number.to_string() }
    }

    fn told(found: &Found) -> Vec<&str> {
        found.lines.iter().map(|line| line.message.as_str()).collect()
    }

    #[test]
    fn errors_are_read_and_what_is_less_grave_is_not() {
        let error = b"3,1234,5678901,-;ata1.00: failed command: READ DMA\n SUBSYSTEM=scsi\n DEVICE=+scsi:0:0:0:0\n";
        let expected = Record {
            number: 1234,
            at_us: 5_678_901,
            from_kernel: true,
            message: "ata1.00: failed command: READ DMA".into(),
        };
        assert_eq!(parse(error), Some(expected));
        // Level 2 of facility 3 (daemon), with a field that later kernels add.
        let daemon = parse(b"26,7,8,-,caller=T1;systemd[1]: Freezing execution.\n").unwrap();
        assert_eq!((daemon.from_kernel, daemon.message.as_str()), (false, "systemd[1]: Freezing execution."));
        for none in [
            &b"4,1,2,-;warning\n"[..],
            b"30,1,2,-;info\n",
            b"",
            b"\n",
            b"3,1;x",
            b"x,1,2,-;y",
            b"\xff\xff",
            b"3,-1,2,-;y",
        ] {
            assert_eq!(parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn the_first_look_goes_back_an_hour_and_each_one_after_it_begins_where_the_last_ended() {
        let records = [record(1, 5), record(2, 3 * HOUR_US - 7_000_000), record(3, 3 * HOUR_US)];
        let first = select(&records, None, BOOT, clocks(false));
        assert_eq!(told(&first), ["2", "3"]);
        assert_eq!(first.lines[0].at_ms, Some(Timestamp::from_millis(1_795_283_568_000)));
        assert_eq!(first.lines[0].source.as_deref(), Some("kernel"));
        assert_eq!(first.next, format!("{BOOT} 4"));
        let second = select(&records, Some(&first.next), BOOT, clocks(false));
        assert_eq!((told(&second).len(), &second.next), (0, &first.next));
        let other_boot = select(&records, Some("deadbeef 3"), BOOT, clocks(false));
        assert_eq!(told(&other_boot), ["2", "3"]);
        let none_yet = select(&[], None, BOOT, clocks(false)).next;
        assert_eq!(told(&select(&records, Some(&none_yet), BOOT, clocks(false))), ["1", "2", "3"]);
        for garbage in ["", BOOT, &format!("{BOOT} x"), "\u{0}"] {
            assert_eq!(told(&select(&records, Some(garbage), BOOT, clocks(false))), ["2", "3"], "{garbage}");
        }
    }

    #[test]
    fn on_a_machine_that_slept_no_time_is_told() {
        assert_eq!(select(&[record(3, 3 * HOUR_US)], None, BOOT, clocks(true)).lines[0].at_ms, None);
    }

    #[test]
    fn a_storm_is_cut_to_the_newest() {
        let records: Vec<Record> = (0..5000).map(|number| record(number, 3 * HOUR_US)).collect();
        let found = select(&records, None, BOOT, clocks(false));
        assert_eq!((found.lines.len(), found.lines[999].message.as_str()), (1000, "4999"));
    }

    #[test]
    fn the_log_of_this_machine_has_as_many_errors_as_dmesg_finds() {
        let dmesg = Command::new("dmesg").args(["--raw", "--level=emerg,alert,crit,err"]).output().unwrap();
        let expected = dmesg.status.success().then(|| String::from_utf8_lossy(&dmesg.stdout).lines().count());
        let found = records(&Tree::live()).map(|records| records.len());
        assert_eq!(found, expected);
    }
}
