//! What is kept can be asked for in SQL, by name.

use rusqlite::types::Value;

use super::*;

const EXPECTED: &[(&str, &str)] = &[
    (
        "sample",
        "measuring_ms=17 uptime_seconds=8640000 cpu_percent=61.00 cpu_window_ms=300001 cpu_is_spot=1 cpu_user_percent=31.00
         cpu_system_percent=20.00 cpu_iowait_percent=4.00 cpu_steal_percent=10.00 cpu_busiest_core_percent=99.00
         logical_cpus=8 load1=0.50 load5=0.25 load15=0.12 load1_per_cpu=0.06 load5_per_cpu=0.03
         load15_per_cpu=0.02 memory_total_bytes=1000 memory_available_bytes=150 memory_used_percent=85.00
         memory_cached_bytes=70 memory_shared_bytes=30 memory_zfs_arc_bytes=20 memory_of_container=1
         swap_total_bytes=400 swap_free_bytes=100 swap_used_percent=75.00 rates_window_ms=300002
         swap_in_bytes_per_second=6.50 swap_out_bytes_per_second=7.50 pressure_cpu_some_percent=1.00
         pressure_memory_some_percent=2.00 pressure_memory_full_percent=3.00 pressure_io_some_percent=4.00
         pressure_io_full_percent=5.00 oom_kills=8 tcp_listen_drops=9 container=lxc container_cpu_limit=1.50
         container_memory_limit_bytes=1000 processes_total=200 processes_zombie=2 processes_blocked=1
         process_window_ms=299000 logged_in_users=3 file_handles_used=10 file_handles_limit=40
         file_handles_used_percent=25.00 conntrack_used=5 conntrack_limit=50 conntrack_used_percent=10.00
         clock_synchronized=1 reboot_required=1 reboot_reason=linux-image security_updates=7 failed_units=1
         stuck_mounts=1 log_lines_omitted=9 filesystems_read=1 disks_read=1 interfaces_read=1 temperatures_read=1
         fans_read=1 wanted_processes_read=1 units_read=1 arrays_read=1 log_read=1 listeners_read=1 checks_read=1",
    ),
    (
        "filesystem",
        "mount=/ fs_type=ext4 source=tank/root pool=tank used_percent=40.00 used_bytes=40 avail_bytes=60
         reserved_bytes=10 size_bytes=110 inodes=1000 inodes_free=900 inodes_used_percent=10.00 read_only=1
         unexpectedly_read_only=0",
    ),
    ("stuck_mount", "mount=/nfs fs_type=nfs4 since_ms=1795241797000"),
    (
        "disk",
        "name=sda reads_per_second=1.00 writes_per_second=2.00 read_bytes_per_second=3.00
         written_bytes_per_second=4.00 busy_percent=5.00 read_await_ms=6.00 write_await_ms=7.00 queue_length=8.00",
    ),
    (
        "interface",
        "name=eth0 is_up=1 link_bits_per_second=1000000000 received_bytes_per_second=1.00
         received_packets_per_second=2.00 received_errors_per_second=3.00 received_dropped_per_second=4.00
         sent_bytes_per_second=5.00 sent_packets_per_second=6.00 sent_errors_per_second=7.00
         sent_dropped_per_second=8.00",
    ),
    ("temperature", "sensor=cpu celsius=71.50 critical_celsius=100.00"),
    ("fan", "sensor=fan1 rpm=900"),
    ("process", "pid=77 name=postgres cpu_percent=180.00 memory_bytes=4096 arguments=postgres -D /data"),
    ("wanted_process", "name=nginx min_count=2 count=1 is_present=0"),
    ("unit", "name=a.service load_state=loaded active_state=failed is_wanted=0"),
    ("storage_array", "kind=md name=md0 state=active is_degraded=1 devices=4 active_devices=3"),
    ("log_line", "position=1 at_ms=1795241852000 source=kernel message=I/O error"),
    ("listener", "protocol=tcp address=:: port=22"),
    ("check_result", "name=http state=warning output=slow duration_ms=250"),
    ("check_value", "name=http label=size value=0.00 unit= warning= critical= minimum= maximum="),
];

/// The columns that are not measured values.
const IDENTITY: [&str; 11] = [
    "id",
    "sample_id",
    "host_id",
    "run_id",
    "probe_sample_id",
    "taken_ms",
    "host_taken_ms",
    "received_ms",
    "treated_ms",
    "boot_id",
    "clock_skew_ms",
];

/// The rows of a query, each with its values between bars; NULL is empty.
pub(crate) fn rows(fixture: &Fixture, query: &str) -> Vec<String> {
    let mut select = fixture.store.connection.prepare(query).unwrap();
    let columns = select.column_count();
    let shown = |value| match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:.2}"),
        Value::Text(text) => text,
        Value::Blob(_) => "blob".to_owned(),
    };
    let found = select.query_map([], |row| {
        let values = (0..columns).map(|index| row.get(index).map(shown));
        Ok(values.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    });
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn what_is_worked_out_and_what_is_for_sql_alone_is_written_too() {
    let mut fixture = Fixture::new();
    written(&mut fixture, &whole());
    for (query, expected) in [
        ("SELECT load1_per_cpu, load5_per_cpu, load15_per_cpu FROM sample", &["0.06|0.03|0.02"][..]),
        ("SELECT memory_used_percent, swap_used_percent FROM sample", &["85.00|75.00"]),
        ("SELECT file_handles_used_percent, conntrack_used_percent FROM sample", &["25.00|10.00"]),
        ("SELECT failed_units, stuck_mounts, log_lines_omitted, log_read, listeners_read FROM sample", &["1|1|9|1|1"]),
        (
            "SELECT pid, name, cpu_percent, memory_bytes, arguments FROM process",
            &["77|postgres|180.00|4096|postgres -D /data"],
        ),
        ("SELECT name, min_count, count, is_present FROM wanted_process", &["nginx|2|1|0"]),
        (
            "SELECT mount, used_percent, reserved_bytes, inodes_used_percent, read_only, unexpectedly_read_only FROM filesystem",
            &["/|40.00|10|10.00|1|0", "/var|91.00|10||0|1"],
        ),
        (
            "SELECT position, at_ms, source, message FROM log_line",
            &["1|1795241852000|kernel|I/O error", "2|||I/O error"],
        ),
        ("SELECT protocol, address, port FROM listener", &["tcp|::|22"]),
    ] {
        assert_eq!(rows(&fixture, query), expected, "{query}");
    }
}

/// Writing and reading agree on an order of columns that may still be wrong: so each value is asked for by its name.
#[test]
fn each_value_lies_in_the_column_of_its_name() {
    let mut fixture = Fixture::new();
    written(&mut fixture, &whole());
    for (table, expected) in EXPECTED {
        let names = "SELECT name FROM pragma_table_info(?1)";
        let mut select = fixture.store.connection.prepare(names).unwrap();
        let found = select.query_map([table], |row| row.get::<_, String>(0)).unwrap().collect::<Result<Vec<_>, _>>();
        let columns = found.unwrap().into_iter().filter(|column| !IDENTITY.contains(&column.as_str()));
        let line = columns.map(|column| {
            let value = rows(&fixture, &format!("SELECT {column} FROM {table} LIMIT 1"));
            format!("{column}={}", value[0])
        });
        let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(line.collect::<Vec<_>>().join(" "), expected, "{table}");
    }
}

#[test]
fn each_list_has_a_flag_of_its_own() {
    let none = Readings::default;
    let lists = [
        ("filesystems_read", Readings { filesystems: Some(vec![]), ..none() }),
        ("disks_read", Readings { rates: Rates { disks: Some(vec![]), ..Rates::default() }, ..none() }),
        ("interfaces_read", Readings { rates: Rates { interfaces: Some(vec![]), ..Rates::default() }, ..none() }),
        ("temperatures_read", Readings { temperatures: Some(vec![]), ..none() }),
        ("fans_read", Readings { fans: Some(vec![]), ..none() }),
        ("wanted_processes_read", Readings { wanted_processes: Some(vec![]), ..none() }),
        ("units_read", Readings { units: Some(vec![]), ..none() }),
        ("arrays_read", Readings { arrays: Some(vec![]), ..none() }),
        ("log_read", Readings { log: Some(Log::default()), ..none() }),
        ("listeners_read", Readings { listeners: Some(vec![]), ..none() }),
        ("checks_read", Readings { checks: Some(vec![]), ..none() }),
    ];
    let mut fixture = Fixture::new();
    let row = written(&mut fixture, &none());
    for (flag, _) in &lists {
        assert_eq!(rows(&fixture, &format!("SELECT {flag} FROM sample")), ["0"], "{flag}");
    }
    for (flag, readings) in &lists {
        fill(&fixture, row, readings);
        let all: Vec<_> = lists.iter().map(|(flag, _)| *flag).collect();
        let sum = format!("SELECT {flag}, {} FROM sample", all.join(" + "));
        assert_eq!(rows(&fixture, &sum), ["1|1"], "{flag}");
    }
}
