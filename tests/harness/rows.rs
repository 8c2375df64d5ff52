//! Rows of a database, as the collector would have written them: for times that nobody can wait for, and for more
//! hosts than there are.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

const DISK_BYTES: i64 = 100 << 30;
const MEMORY_BYTES: i64 = 16 << 30;
const CPUS: f64 = 4.0;

/// A database that is written by hand. It must exist.
pub struct Rows {
    db: Connection,
}

/// What a sample says of its host; the rest of it is plausible and quiet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Busy share of all CPUs.
    pub cpu_percent: f64,
    /// Used memory.
    pub memory_percent: f64,
    /// For each CPU.
    pub load_per_cpu: f64,
    /// Used space of `/`.
    pub disk_percent: f64,
    /// Used inodes of `/`.
    pub inodes_percent: f64,
}

impl Default for Measured {
    /// A host that is well.
    fn default() -> Measured {
        Measured { cpu_percent: 12.0, memory_percent: 40.0, load_per_cpu: 0.3, disk_percent: 55.0, inodes_percent: 8.0 }
    }
}

impl Rows {
    /// Opens the database of a server.
    pub fn open(database: &Path) -> Rows {
        let db = Connection::open(database).unwrap();
        db.busy_timeout(crate::PATIENCE).unwrap();
        Rows { db }
    }

    /// The connection, for what is not rows of samples.
    pub fn db(&self) -> &Connection {
        &self.db
    }

    /// Does it all in one transaction.
    pub fn at_once<T>(&self, fill: impl FnOnce(&Rows) -> T) -> T {
        self.db.execute_batch("BEGIN IMMEDIATE").unwrap();
        let filled = fill(self);
        self.db.execute_batch("COMMIT").unwrap();
        filled
    }

    /// The row of a host, made if there is none.
    pub fn host(&self, name: &str, at_ms: i64) -> i64 {
        let sql =
            "INSERT INTO host (name, first_seen_ms) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET name = name RETURNING id";
        self.db.prepare_cached(sql).unwrap().query_row(params![name, at_ms], |row| row.get(0)).unwrap()
    }

    /// A run of the collector that began and ended at this time.
    pub fn run(&self, at_ms: i64) -> i64 {
        let sql =
            "INSERT INTO run (started_ms, finished_ms, state, config_sha256) VALUES (?1, ?1, 'done', '') RETURNING id";
        self.db.prepare_cached(sql).unwrap().query_row([at_ms], |row| row.get(0)).unwrap()
    }

    /// How the visit to a host ended.
    pub fn outcome(&self, run: i64, host: i64, kind: &str, at_ms: i64) {
        let sql = "INSERT INTO outcome (run_id, host_id, kind, at_ms, duration_ms) VALUES (?1, ?2, ?3, ?4, 900)";
        self.db.prepare_cached(sql).unwrap().execute(params![run, host, kind, at_ms]).unwrap();
    }

    /// A visit that brought a sample home, with two filesystems. Returns the sample.
    pub fn visit(&self, run: i64, host: i64, at_ms: i64, measured: &Measured) -> i64 {
        self.outcome(run, host, "ok", at_ms);
        let sample = self.sample(run, host, at_ms, measured);
        self.filesystem(sample, "/", measured.disk_percent, measured.inodes_percent);
        self.filesystem(sample, "/boot", 20.0, 1.0);
        sample
    }

    /// Lets time pass: everything that is on record happened so much earlier.
    pub fn let_pass(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).unwrap();
        let mut select = self.db.prepare(TIMES).unwrap();
        let columns = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let columns: Vec<(String, String)> = columns.collect::<Result<_, _>>().unwrap();
        self.at_once(|rows| {
            for (table, column) in columns {
                // Others of these names are lengths of time.
                let sql = format!("UPDATE {table} SET {column} = {column} - ?1 WHERE {column} > 1000000000000");
                rows.db.execute(&sql, [ms]).unwrap();
            }
        });
    }

    fn sample(&self, run: i64, host: i64, at_ms: i64, measured: &Measured) -> i64 {
        let Measured { cpu_percent: cpu, memory_percent, load_per_cpu, .. } = *measured;
        let available = MEMORY_BYTES - part(MEMORY_BYTES, memory_percent);
        let boot = format!("3f1c9a52-7d40-4c1e-9b7a-{host:012x}");
        let values = params![
            host,
            run,
            at_ms,
            boot,
            cpu,
            load_per_cpu * CPUS,
            load_per_cpu,
            CPUS,
            MEMORY_BYTES,
            available,
            memory_percent,
        ];
        self.db.prepare_cached(SAMPLE).unwrap().query_row(values, |row| row.get(0)).unwrap()
    }

    /// One more filesystem of a sample.
    pub fn filesystem(&self, sample: i64, mount: &str, percent: f64, inodes_percent: f64) {
        let (size, inodes) = (DISK_BYTES, DISK_BYTES / 16_384);
        let used = part(size, percent);
        let free = inodes - part(inodes, inodes_percent);
        let values = params![sample, mount, percent, used, size - used, size, inodes, free, inodes_percent];
        self.db.prepare_cached(FILESYSTEM).unwrap().execute(values).unwrap();
    }
}

fn part(whole: i64, percent: f64) -> i64 {
    // Of sizes of disks and shares up to 100: exact enough, and never beyond the whole.
    (whole as f64 * percent / 100.0) as i64
}

const TIMES: &str = "
    SELECT sqlite_schema.name, found.name FROM sqlite_schema, pragma_table_info(sqlite_schema.name) AS found
    WHERE sqlite_schema.type = 'table' AND found.type = 'INTEGER' AND found.name LIKE '%\\_ms' ESCAPE '\\'";

const SAMPLE: &str = "
    INSERT INTO sample (host_id, run_id, probe_sample_id, taken_ms, host_taken_ms, received_ms, measuring_ms, boot_id,
        uptime_seconds, cpu_percent, cpu_window_ms, cpu_is_spot, cpu_user_percent, cpu_system_percent, load1, load5,
        load15, load1_per_cpu, load5_per_cpu, load15_per_cpu, logical_cpus, memory_total_bytes, memory_available_bytes,
        memory_used_percent, clock_synchronized, clock_skew_ms, failed_units, stuck_mounts, filesystems_read, disks_read,
        interfaces_read, temperatures_read, fans_read, wanted_processes_read, units_read, arrays_read, log_read,
        listeners_read, checks_read)
    VALUES (?1, ?2, lower(hex(randomblob(16))), ?3, ?3, ?3, 40, ?4, ?3 / 1000 - 1700000000, ?5, 300000, 0, ?5 * 0.8,
        ?5 * 0.2, ?6, ?6, ?6, ?7, ?7, ?7, ?8, ?9, ?10, ?11, 1, 3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    RETURNING id";

const FILESYSTEM: &str = "
    INSERT INTO filesystem (sample_id, mount, fs_type, source, used_percent, used_bytes, avail_bytes, reserved_bytes,
        size_bytes, inodes, inodes_free, inodes_used_percent, read_only, unexpectedly_read_only)
    VALUES (?1, ?2, 'ext4', '/dev/vda1', ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, 0, 0)";
