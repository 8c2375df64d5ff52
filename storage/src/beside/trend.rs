//! How the value of a metric went.

use rules::{Instance, Side};
use rusqlite::params;
use sample::{HostName, Metric, Timestamp};

use super::host_id;
use crate::{Store, StoreError, row};

/// More parts than a mail has room for.
const MOST_PARTS: usize = 1000;

/// How a value went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trend {
    /// The worst value of each part of the time; nothing for a part without a value.
    pub parts: Vec<Option<f64>>,
    /// The lowest of all values.
    pub low: Option<f64>,
    /// The highest of all values.
    pub high: Option<f64>,
}

impl Store {
    /// Returns how a metric went in `parts` equal parts of the time from `from` to `to`, both included; at most 1,000.
    /// Which value is the worst depends on the `side` of the limit. No parts for a metric of which there is no column to
    /// read, or a host that is not on file. CPU use that was measured on the spot is left out, as rules leave it out.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn trend(
        &self,
        host: &HostName,
        metric: Metric,
        instance: &Instance,
        side: Side,
        (from, to): (Timestamp, Timestamp),
        parts: usize,
    ) -> Result<Trend, StoreError> {
        let parts = parts.min(MOST_PARTS);
        let span = to.millis_since(from);
        let Some(statement) = statement(metric, instance).filter(|_| parts > 0 && span > 0) else {
            return Ok(Trend::default());
        };
        self.read(|db| {
            let Some(host) = host_id(db, host)? else { return Ok(Trend::default()) };
            let mut select = db.prepare_cached(&statement)?;
            let mut trend = Trend { parts: vec![None; parts], ..Trend::default() };
            let mut rows = select.query(params![host, from.as_millis(), to.as_millis(), instance.as_str()])?;
            while let Some(found) = rows.next()? {
                let after = row::time(found, 0)?.millis_since(from);
                let value = found.get::<_, Option<f64>>(1)?.filter(|value| value.is_finite());
                let Some(value) = value else { continue };
                // Both are positive, and the product of a time in milliseconds and a thousand is far from the limit.
                let place = usize::try_from(after.saturating_mul(parts as i64) / span).unwrap_or(0).min(parts - 1);
                trend.add(place, value, side);
            }
            Ok(trend)
        })
    }
}

impl Trend {
    fn add(&mut self, place: usize, value: f64, side: Side) {
        if let Some(part) = self.parts.get_mut(place) {
            *part = Some(part.map_or(value, |known| side.worse(known, value)));
        }
        self.low = Some(self.low.map_or(value, |low| low.min(value)));
        self.high = Some(self.high.map_or(value, |high| high.max(value)));
    }
}

/// Where the values of a metric lie.
enum Place {
    /// In `sample` itself.
    Column(&'static str),
    /// In the table of a list: its name, the column that names the thing, and the value.
    List(&'static str, &'static str, &'static str),
}

/// The times and values of a metric: of host `?1`, from `?2` to `?3`, of the thing `?4`.
pub(crate) fn statement(metric: Metric, instance: &Instance) -> Option<String> {
    let between = "host_id = ?1 AND taken_ms BETWEEN ?2 AND ?3";
    Some(match place(metric, instance)? {
        // The name is of no use here, and has to be asked for nevertheless: all four parameters are given.
        Place::Column(value) => {
            format!("SELECT taken_ms, {value} FROM sample INDEXED BY sample_of_host WHERE {between} AND ?4 IS NOT NULL")
        }
        Place::List(table, name, value) => format!(
            "SELECT taken_ms, {value} FROM sample INDEXED BY sample_of_host
             CROSS JOIN {table} ON sample_id = sample.id AND {name} = ?4 WHERE {between}"
        ),
    })
}

fn place(metric: Metric, instance: &Instance) -> Option<Place> {
    use Place::{Column, List};
    Some(match metric {
        Metric::Cpu => Column("iif(cpu_is_spot, NULL, cpu_percent)"),
        Metric::CpuCore => Column("iif(cpu_is_spot, NULL, cpu_busiest_core_percent)"),
        Metric::CpuIowait => Column("iif(cpu_is_spot, NULL, cpu_iowait_percent)"),
        Metric::CpuSteal => Column("iif(cpu_is_spot, NULL, cpu_steal_percent)"),
        Metric::Load => Column("load1_per_cpu"),
        Metric::Load5 => Column("load5_per_cpu"),
        Metric::Load15 => Column("load15_per_cpu"),
        Metric::Pressure => Column(match instance.as_str() {
            "cpu" => "pressure_cpu_some_percent",
            "memory" => "pressure_memory_some_percent",
            "io" => "pressure_io_some_percent",
            _ => return None,
        }),
        Metric::Memory => Column("memory_used_percent"),
        Metric::Swap => Column("swap_used_percent"),
        Metric::SwapIn => Column("swap_in_bytes_per_second"),
        Metric::OomKills => Column("CAST(oom_kills AS REAL)"),
        Metric::Conntrack => Column("conntrack_used_percent"),
        Metric::FileHandles => Column("file_handles_used_percent"),
        Metric::ListenDrops => Column("CAST(tcp_listen_drops AS REAL)"),
        Metric::Processes => Column("CAST(processes_total AS REAL)"),
        Metric::Zombies => Column("CAST(processes_zombie AS REAL)"),
        Metric::Users => Column("CAST(logged_in_users AS REAL)"),
        Metric::FailedUnits => Column("CAST(failed_units AS REAL)"),
        Metric::SecurityUpdates => Column("CAST(security_updates AS REAL)"),
        Metric::Uptime => Column("CAST(uptime_seconds AS REAL)"),
        Metric::Clock => Column("abs(CAST(clock_skew_ms AS REAL)) / 1000"),
        Metric::Disk => List("filesystem", "mount", "used_percent"),
        Metric::Inodes => List("filesystem", "mount", "inodes_used_percent"),
        Metric::DiskBusy => List("disk", "name", "busy_percent"),
        Metric::DiskLatency => {
            List("disk", "name", "coalesce(max(read_await_ms, write_await_ms), read_await_ms, write_await_ms)")
        }
        Metric::InterfaceIn => List("interface", "name", "received_bytes_per_second"),
        Metric::InterfaceOut => List("interface", "name", "sent_bytes_per_second"),
        Metric::InterfaceErrors => List("interface", "name", "received_errors_per_second + sent_errors_per_second"),
        Metric::InterfaceDrops => List("interface", "name", "received_dropped_per_second + sent_dropped_per_second"),
        Metric::Temperature => List("temperature", "sensor", "celsius"),
        Metric::Fan => List("fan", "sensor", "CAST(rpm AS REAL)"),
        Metric::Process => List("wanted_process", "name", "CAST(max(min_count - count, 0) AS REAL)"),
        Metric::Collector
        | Metric::Unreachable
        | Metric::Login
        | Metric::HostKey
        | Metric::Probe
        | Metric::Reboot
        | Metric::Gone
        | Metric::DiskFull
        | Metric::ReadOnly
        | Metric::StuckMount
        | Metric::Array
        | Metric::InterfaceDown
        | Metric::Unit
        | Metric::Check
        | Metric::ClockUnsynchronized
        | Metric::RebootRequired => return None,
    })
}
