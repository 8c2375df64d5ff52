-- Fleet Health: the first schema.
--
-- Times are UTC milliseconds since 1970 (names end in _ms), percentages go from 0 to 100, sizes are bytes.
-- NULL means: not known. It never means zero.
-- A released step is never edited; a later one adds to it.

-- Every host that was ever in config.xml. Its name is its identity: an address may change, history stays.
CREATE TABLE host (
    id             INTEGER PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    work_dir       TEXT,                -- where the probe lies, if not in ~/.cache/fleet-health
    hostname       TEXT,                -- what the host calls itself, from the latest sample
    os             TEXT,
    kernel         TEXT,
    architecture   TEXT,
    cpu_model      TEXT,
    virtualization TEXT,                -- kvm, vmware, docker ... or none
    probe_version  TEXT,
    key_id         TEXT,                -- the key it seals to, once no spool of an earlier key or name is left on it
    first_seen_ms  INTEGER NOT NULL
) STRICT;

-- One run of the collector over the fleet.
CREATE TABLE run (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    started_ms    INTEGER NOT NULL,
    finished_ms   INTEGER,
    state         TEXT NOT NULL CHECK (state IN (
                      'running',
                      'done',        -- every selected host has its outcome
                      'cancelled',   -- interrupted by a signal; hosts not reached have the outcome cancelled
                      'aborted'      -- it was killed; seen by the next start
                  )),
    config_sha256 TEXT NOT NULL
) STRICT;

CREATE INDEX run_by_time ON run (started_ms);

-- How the visit to a host ended: exactly one row for each selected host of a finished run.
CREATE TABLE outcome (
    run_id      INTEGER NOT NULL REFERENCES run (id),
    host_id     INTEGER NOT NULL REFERENCES host (id),
    kind        TEXT NOT NULL CHECK (kind IN (
                    'ok',                  -- a fresh sample of this visit was opened and kept
                    'jump_failed',         -- the jump host on the way could not be used
                    'dns_failed',          -- the address is a name that could not be resolved
                    'connect_refused',     -- nothing listens at that port
                    'unreachable',         -- no route, or a firewall said no
                    'connect_timeout',     -- no answer to the dial
                    'throttled',           -- sshd refuses more logins for now
                    'handshake_failed',    -- what answered does not speak SSH as we do
                    'handshake_timeout',   -- the SSH handshake was not finished in time
                    'host_key_unknown',    -- no key of this host is on file
                    'host_key_changed',    -- another key than the one on file
                    'host_key_revoked',    -- a key that is marked @revoked
                    'auth_failed',         -- the login was refused
                    'auth_timeout',        -- the login was not answered in time
                    'session_lost',        -- the connection ended in the middle of the visit
                    'shell_unusable',      -- the login shell did not run what it was given
                    'no_work_dir',         -- no place for the probe on the host
                    'arch_unsupported',    -- no probe for the host's machine type
                    'probe_failed',        -- the probe gave no usable answer
                    'command_timeout',     -- the probe's answer was not complete in time
                    'host_timeout',        -- the visit as a whole took too long
                    'envelope_rejected',   -- the fresh envelope was not acceptable
                    'cancelled',           -- the run was interrupted first
                    'internal'             -- a fault in the collector
                )),
    detail      TEXT,
    at_ms       INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    treated_ms  INTEGER,             -- when the alerter took it into account
    PRIMARY KEY (run_id, host_id)
) STRICT;

CREATE INDEX outcome_of_host ON outcome (host_id, run_id);
CREATE INDEX outcome_ok ON outcome (host_id, run_id) WHERE kind = 'ok';
CREATE INDEX outcome_untreated ON outcome (run_id, host_id) WHERE treated_ms IS NULL;

-- One measurement of one host. One column per scalar.
CREATE TABLE sample (
    id                             INTEGER PRIMARY KEY AUTOINCREMENT,
    host_id                        INTEGER NOT NULL REFERENCES host (id),
    run_id                         INTEGER NOT NULL REFERENCES run (id),   -- the run that brought it home
    probe_sample_id                TEXT NOT NULL,     -- random, made by the probe: the same again is the same sample
    taken_ms                       INTEGER NOT NULL,  -- when it was taken, corrected to the server's clock
    host_taken_ms                  INTEGER NOT NULL,  -- the same by the host's own clock, as it was
    received_ms                    INTEGER NOT NULL,
    treated_ms                     INTEGER,  -- when the alerter took it into account
    measuring_ms                   INTEGER,  -- how long the probe measured; the times above are those of the end
    boot_id                        TEXT,     -- the kernel's random id of the boot it was taken in
    uptime_seconds                 INTEGER,

    -- CPU: shares of the time of all CPUs together
    cpu_percent                    REAL,     -- busy: user, system and steal; the mean over cpu_window_ms
    cpu_window_ms                  INTEGER,
    cpu_is_spot                    INTEGER CHECK (cpu_is_spot IN (0, 1)),  -- 1: measured on the spot, not since the sample before
    cpu_user_percent               REAL,     -- in programs, niced ones and guests included
    cpu_system_percent             REAL,     -- in the kernel, interrupts included
    cpu_iowait_percent             REAL,     -- idle while input or output was outstanding; not part of busy
    cpu_steal_percent              REAL,     -- taken by the hypervisor for others; part of busy
    cpu_busiest_core_percent       REAL,     -- busy share of the one CPU that was busiest
    logical_cpus                   INTEGER,  -- that are online
    load1                          REAL,     -- tasks that run or wait, on average over 1 minute
    load5                          REAL,
    load15                         REAL,
    load1_per_cpu                  REAL,     -- load1 / logical_cpus
    load5_per_cpu                  REAL,
    load15_per_cpu                 REAL,

    -- Memory
    memory_total_bytes             INTEGER,  -- in a container with a limit of its own, the limit
    memory_available_bytes         INTEGER,  -- what programs could still get without swapping
    memory_used_percent            REAL,     -- (total - available) / total
    memory_cached_bytes            INTEGER,  -- page cache and buffers without shared memory
    memory_shared_bytes            INTEGER,  -- shared memory and tmpfs
    memory_zfs_arc_bytes           INTEGER,  -- the cache of ZFS
    memory_of_container            INTEGER CHECK (memory_of_container IN (0, 1)),  -- 1: the container's, not the machine's
    swap_total_bytes               INTEGER,  -- NULL also where there is no swap
    swap_free_bytes                INTEGER,
    swap_used_percent              REAL,     -- (total - free) / total

    -- Since the sample before, of the same boot; NULL where there is none
    rates_window_ms                INTEGER,  -- the time since then
    swap_in_bytes_per_second       REAL,     -- read back from swap
    swap_out_bytes_per_second      REAL,     -- written to swap
    pressure_cpu_some_percent      REAL,     -- share of time in which at least one task waited for a CPU
    pressure_memory_some_percent   REAL,     -- the same for memory
    pressure_memory_full_percent   REAL,     -- in which all tasks that were not idle waited for memory
    pressure_io_some_percent       REAL,
    pressure_io_full_percent       REAL,
    oom_kills                      INTEGER,  -- processes killed for want of memory
    tcp_listen_drops               INTEGER,  -- connections dropped since a program took them too slowly

    -- What it runs in
    container                      TEXT,     -- docker, lxc, podman ...; NULL on a host of its own
    container_cpu_limit            REAL,     -- so many CPUs' time; NULL: no limit
    container_memory_limit_bytes   INTEGER,  -- NULL: no limit

    -- Processes, users, tables of the kernel
    processes_total                INTEGER,  -- kernel threads count, threads of processes don't
    processes_zombie               INTEGER,  -- ended, and the parent has not noticed
    processes_blocked              INTEGER,  -- in uninterruptible sleep (state D)
    process_window_ms              INTEGER,  -- what process.cpu_percent is the mean over
    logged_in_users                INTEGER,  -- sessions
    file_handles_used              INTEGER,
    file_handles_limit             INTEGER,
    file_handles_used_percent      REAL,
    conntrack_used                 INTEGER,  -- connections the firewall keeps track of
    conntrack_limit                INTEGER,
    conntrack_used_percent         REAL,

    -- Upkeep
    clock_synchronized             INTEGER CHECK (clock_synchronized IN (0, 1)),  -- whether something keeps the clock right
    clock_skew_ms                  INTEGER,  -- how far the host's clock was ahead of the server's; known of samples taken in a visit
    reboot_required                INTEGER CHECK (reboot_required IN (0, 1)),
    reboot_reason                  TEXT,
    security_updates               INTEGER,  -- installed packages with a security update in the lists on the host
    failed_units                   INTEGER,  -- systemd units that failed; NULL without systemd
    stuck_mounts                   INTEGER,  -- rows in stuck_mount; NULL where the mounts are unknown
    log_lines_omitted              INTEGER,  -- error lines since the sample before that did not fit into log_line

    -- 1: the list is complete, empty or not. 0: it could not be read, or was not asked for; no row then says nothing
    filesystems_read               INTEGER NOT NULL CHECK (filesystems_read IN (0, 1)),
    disks_read                     INTEGER NOT NULL CHECK (disks_read IN (0, 1)),
    interfaces_read                INTEGER NOT NULL CHECK (interfaces_read IN (0, 1)),
    temperatures_read              INTEGER NOT NULL CHECK (temperatures_read IN (0, 1)),
    fans_read                      INTEGER NOT NULL CHECK (fans_read IN (0, 1)),
    wanted_processes_read          INTEGER NOT NULL CHECK (wanted_processes_read IN (0, 1)),
    units_read                     INTEGER NOT NULL CHECK (units_read IN (0, 1)),
    arrays_read                    INTEGER NOT NULL CHECK (arrays_read IN (0, 1)),
    log_read                       INTEGER NOT NULL CHECK (log_read IN (0, 1)),
    listeners_read                 INTEGER NOT NULL CHECK (listeners_read IN (0, 1)),
    checks_read                    INTEGER NOT NULL CHECK (checks_read IN (0, 1)),
    UNIQUE (host_id, probe_sample_id)
) STRICT;

CREATE INDEX sample_of_host ON sample (host_id, taken_ms);
CREATE INDEX sample_of_run ON sample (run_id, host_id);
CREATE INDEX sample_untreated ON sample (run_id, host_id, id) WHERE treated_ms IS NULL;

-- The filesystems of a sample, counted as df counts them.
CREATE TABLE filesystem (
    sample_id              INTEGER NOT NULL REFERENCES sample (id),
    mount                  TEXT NOT NULL,
    fs_type                TEXT NOT NULL,
    source                 TEXT,                 -- such as /dev/sda1 or server:/export
    pool                   TEXT,                 -- the ZFS pool whose free space it shares with others: see latest_pool
    used_percent           REAL,                 -- used / (used + avail), unrounded
    used_bytes             INTEGER NOT NULL,
    avail_bytes            INTEGER NOT NULL,     -- what an unprivileged user can still write
    reserved_bytes         INTEGER NOT NULL,     -- what only root can still write: size - used - avail
    size_bytes             INTEGER NOT NULL,
    inodes                 INTEGER,              -- NULL where the filesystem has no fixed number
    inodes_free            INTEGER,
    inodes_used_percent    REAL,
    read_only              INTEGER NOT NULL CHECK (read_only IN (0, 1)),
    unexpectedly_read_only INTEGER NOT NULL CHECK (unexpectedly_read_only IN (0, 1)),  -- it was meant to be written
    PRIMARY KEY (sample_id, mount)
) STRICT, WITHOUT ROWID;

-- Mounts that did not answer in time. They are not in filesystem.
CREATE TABLE stuck_mount (
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    mount     TEXT NOT NULL,
    fs_type   TEXT NOT NULL,
    since_ms  INTEGER,                           -- when it was first seen to hang, by the host's clock
    PRIMARY KEY (sample_id, mount)
) STRICT, WITHOUT ROWID;

-- Block devices without their partitions: means since the sample before. NULL where there is none to compare with.
CREATE TABLE disk (
    sample_id                INTEGER NOT NULL REFERENCES sample (id),
    name                     TEXT NOT NULL,      -- such as nvme0n1
    reads_per_second         REAL,
    writes_per_second        REAL,
    read_bytes_per_second    REAL,
    written_bytes_per_second REAL,
    busy_percent             REAL,               -- share of time in which anything was under way
    read_await_ms            REAL,               -- how long a read took on average; NULL also without a read
    write_await_ms           REAL,
    queue_length             REAL,               -- how much was under way on average
    PRIMARY KEY (sample_id, name)
) STRICT, WITHOUT ROWID;

-- Network interfaces that lead out of the host: means since the sample before. NULL where there is none to compare with.
CREATE TABLE interface (
    sample_id                   INTEGER NOT NULL REFERENCES sample (id),
    name                        TEXT NOT NULL,   -- such as eth0
    is_up                       INTEGER CHECK (is_up IN (0, 1)),  -- whether it has a carrier
    link_bits_per_second        INTEGER,         -- the speed of the link
    received_bytes_per_second   REAL,
    received_packets_per_second REAL,
    received_errors_per_second  REAL,
    received_dropped_per_second REAL,
    sent_bytes_per_second       REAL,
    sent_packets_per_second     REAL,
    sent_errors_per_second      REAL,
    sent_dropped_per_second     REAL,
    PRIMARY KEY (sample_id, name)
) STRICT, WITHOUT ROWID;

-- Temperatures.
CREATE TABLE temperature (
    sample_id        INTEGER NOT NULL REFERENCES sample (id),
    sensor           TEXT NOT NULL,              -- chip and label
    celsius          REAL NOT NULL,
    critical_celsius REAL,                       -- what the sensor calls critical
    PRIMARY KEY (sample_id, sensor)
) STRICT, WITHOUT ROWID;

-- Fans.
CREATE TABLE fan (
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    sensor    TEXT NOT NULL,                     -- chip and label
    rpm       INTEGER NOT NULL,                  -- revolutions per minute; 0: it stands
    PRIMARY KEY (sample_id, sensor)
) STRICT, WITHOUT ROWID;

-- The processes with the most CPU time and those with the most memory, not all of them.
CREATE TABLE process (
    sample_id    INTEGER NOT NULL REFERENCES sample (id),
    pid          INTEGER NOT NULL,
    name         TEXT NOT NULL,
    cpu_percent  REAL,                           -- of one CPU, over sample.process_window_ms: 200 is two of them
    memory_bytes INTEGER NOT NULL,               -- resident, shared pages included
    arguments    TEXT,                           -- its command line; NULL unless config.xml asks for it
    PRIMARY KEY (sample_id, pid)
) STRICT, WITHOUT ROWID;

-- The processes that config.xml wants.
CREATE TABLE wanted_process (
    sample_id  INTEGER NOT NULL REFERENCES sample (id),
    name       TEXT NOT NULL,
    min_count  INTEGER NOT NULL,                 -- so many there have to be
    count      INTEGER NOT NULL,                 -- so many there are
    is_present INTEGER NOT NULL CHECK (is_present IN (0, 1)),  -- count >= min_count
    PRIMARY KEY (sample_id, name)
) STRICT, WITHOUT ROWID;

-- systemd units that failed, and those that config.xml wants.
CREATE TABLE unit (
    sample_id    INTEGER NOT NULL REFERENCES sample (id),
    name         TEXT NOT NULL,
    load_state   TEXT NOT NULL,                  -- loaded, not-found, masked ...
    active_state TEXT NOT NULL,                  -- active, inactive, failed ...
    is_wanted    INTEGER NOT NULL CHECK (is_wanted IN (0, 1)),
    PRIMARY KEY (sample_id, name)
) STRICT, WITHOUT ROWID;

-- Software RAID arrays and ZFS pools.
CREATE TABLE storage_array (
    sample_id      INTEGER NOT NULL REFERENCES sample (id),
    kind           TEXT NOT NULL,                -- md or zfs
    name           TEXT NOT NULL,
    state          TEXT NOT NULL,                -- in the kernel's words
    is_degraded    INTEGER NOT NULL CHECK (is_degraded IN (0, 1)),  -- it has lost a device, or is lost itself
    devices        INTEGER,                      -- so many it should have
    active_devices INTEGER,                      -- so many work
    PRIMARY KEY (sample_id, kind, name)
) STRICT, WITHOUT ROWID;

-- Error lines of the host's log since the sample before.
CREATE TABLE log_line (
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    position  INTEGER NOT NULL,                  -- from 1, the oldest
    at_ms     INTEGER,                           -- by the host's clock
    source    TEXT,                              -- who wrote it
    message   TEXT NOT NULL,
    PRIMARY KEY (sample_id, position)
) STRICT, WITHOUT ROWID;

-- Sockets that wait for connections or datagrams.
CREATE TABLE listener (
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    protocol  TEXT NOT NULL,                     -- tcp or udp
    address   TEXT NOT NULL,                     -- such as 0.0.0.0, :: or 127.0.0.1
    port      INTEGER NOT NULL,
    PRIMARY KEY (sample_id, protocol, address, port)
) STRICT, WITHOUT ROWID;

-- What the host's own checks found, by the convention of Nagios plugins.
CREATE TABLE check_result (
    sample_id   INTEGER NOT NULL REFERENCES sample (id),
    name        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('ok', 'warning', 'critical', 'unknown')),
    output      TEXT NOT NULL,                   -- the first line, up to |
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (sample_id, name)
) STRICT, WITHOUT ROWID;

-- The performance data of such a check.
CREATE TABLE check_value (
    sample_id INTEGER NOT NULL REFERENCES sample (id),
    name      TEXT NOT NULL,                     -- of the check
    label     TEXT NOT NULL,
    value     REAL NOT NULL,
    unit      TEXT NOT NULL,                     -- s, ms, %, B, c (a counter) ... or nothing, as the check wrote it
    warning   TEXT,                              -- the range that the check takes for a warning, as it wrote it
    critical  TEXT,
    minimum   REAL,                              -- the lowest the value can be
    maximum   REAL,
    PRIMARY KEY (sample_id, name, label)
) STRICT, WITHOUT ROWID;

-- What the kernel of each host had counted when its newest sample was taken: the next one is compared with it.
CREATE TABLE baseline (
    host_id  INTEGER PRIMARY KEY REFERENCES host (id),
    boot_id  TEXT NOT NULL,
    counters TEXT NOT NULL                       -- JSON of this program's own
) STRICT;

-- What was committed of each life of each host's spool: the next visit acknowledges it.
CREATE TABLE spool (
    host_id  INTEGER NOT NULL REFERENCES host (id),
    spool_id TEXT NOT NULL,
    through  INTEGER,                         -- the last committed sequence number; NULL: none yet
    dropped  INTEGER NOT NULL,                -- envelopes the host had to drop in this spool, ever
    seen_ms  INTEGER NOT NULL,
    PRIMARY KEY (host_id, spool_id)
) STRICT, WITHOUT ROWID;

-- Envelopes that came home and did not become samples.
CREATE TABLE rejected_envelope (
    run_id  INTEGER NOT NULL REFERENCES run (id),
    host_id INTEGER NOT NULL REFERENCES host (id),
    class   TEXT NOT NULL CHECK (class IN ('malformed', 'unknown_key', 'damaged', 'invalid_sample')),
    count   INTEGER NOT NULL,
    PRIMARY KEY (run_id, host_id, class)
) STRICT, WITHOUT ROWID;

-- Where each alert stands: one row for each thing on which a rule fired, or is about to.
CREATE TABLE alert (
    id           INTEGER PRIMARY KEY,
    host_id      INTEGER REFERENCES host (id), -- NULL: it is about the fleet as a whole
    metric       TEXT NOT NULL,
    selector     TEXT NOT NULL,               -- '' or the pattern that the rule has, such as /var
    ordinal      INTEGER NOT NULL,            -- counts rules over the same metric and selector
    instance     TEXT NOT NULL,               -- what it was seen on: '' for the host, or a mount point, an interface ...
    state        TEXT NOT NULL CHECK (state IN (
                     'pending',               -- a limit is reached, and has to be for a while
                     'firing',
                     'resolved'
                 )),
    severity     TEXT CHECK (severity IN ('info', 'warning', 'critical')),  -- while it is firing
    since_ms     INTEGER NOT NULL,            -- sample time at which this state began
    worst_value  REAL,                        -- the worst value while firing
    limit_value  REAL,                        -- the limit that was reached last
    value        REAL,                        -- the newest value
    seen_ms      INTEGER,                     -- the sample time of the newest value
    flapping_ms  INTEGER,                     -- it has come and gone since then; it stays firing until it is quiet
    absent       INTEGER NOT NULL,            -- in how many samples in a row the thing was not there
    switches     TEXT NOT NULL,               -- what each limit of the rule remembers; of this program's own
    changes_ms   TEXT NOT NULL                -- when it fired or was over, of late; separated by commas
) STRICT;

CREATE UNIQUE INDEX alert_identity ON alert (coalesce(host_id, 0), metric, selector, ordinal, instance);
CREATE INDEX alert_firing ON alert (host_id) WHERE state = 'firing';
CREATE INDEX alert_pending ON alert (host_id) WHERE state = 'pending';

-- Those that remember something. One that is long over stays for its incidents, and is looked at no more.
CREATE INDEX alert_remembered ON alert (coalesce(host_id, 0))
    WHERE state <> 'resolved' OR absent <> 0 OR switches <> '' OR changes_ms <> '';

-- What a host had in the samples before: by it, what is gone and a new boot are noticed.
CREATE TABLE familiar (
    host_id  INTEGER PRIMARY KEY REFERENCES host (id),
    boot_id  TEXT,
    taken_ms INTEGER,
    things   TEXT NOT NULL                    -- mounts, interfaces and sensors, one a line
) STRICT;

-- One time that an alert fired.
CREATE TABLE incident (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id       INTEGER NOT NULL REFERENCES alert (id),
    opened_ms      INTEGER NOT NULL,          -- sample time
    severity       TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),  -- now, or at its end
    limit_value    REAL NOT NULL,             -- the limit of that severity
    value          REAL,                      -- the value of its last event
    worst_value    REAL NOT NULL,
    is_flapping    INTEGER NOT NULL CHECK (is_flapping IN (0, 1)),
    ended_ms       INTEGER,                   -- sample time; NULL: it goes on
    end_kind       TEXT CHECK (end_kind IN ('resolved', 'gone', 'withdrawn', 'happened')),
    recipients     TEXT NOT NULL,             -- who is to be told, separated by commas; as config.xml had it at the last event
    url            TEXT,                      -- the same of the rule's url and text
    note           TEXT,
    acked_ms       INTEGER,                   -- somebody takes care of it since then
    acked_until_ms INTEGER,                   -- NULL: as long as it takes
    acked_by       TEXT,
    acked_comment  TEXT,
    settled_ms     INTEGER,                   -- since then nobody is owed a mail about it
    untold         TEXT                       -- why nobody was ever told: silenced, maintenance ...; NULL: somebody was
) STRICT;

CREATE INDEX incident_of_alert ON incident (alert_id, id);
CREATE INDEX incident_unsettled ON incident (id) WHERE settled_ms IS NULL;
CREATE INDEX incident_settled ON incident (settled_ms) WHERE settled_ms IS NOT NULL;
CREATE INDEX incident_open ON incident (id) WHERE ended_ms IS NULL;
CREATE INDEX incident_by_time ON incident (opened_ms);
CREATE INDEX incident_by_end ON incident (ended_ms) WHERE ended_ms IS NOT NULL;

-- A mail, rendered once: every attempt and every recipient gets these bytes and this Message-ID.
CREATE TABLE mail (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL CHECK (kind IN ('alerts', 'digest', 'heartbeat')),
    message_id TEXT NOT NULL UNIQUE,
    subject    TEXT NOT NULL,
    content    BLOB NOT NULL,                 -- headers and body (RFC 5322), CRLF, 7 bit; for a notifier its JSON; empty once it was replaced for all of its recipients
    created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX mail_of_kind ON mail (kind, created_ms);

-- A change of an alert's state.
CREATE TABLE event (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id    INTEGER NOT NULL REFERENCES alert (id),
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    sample_id   INTEGER REFERENCES sample (id),  -- NULL where no sample caused it
    kind        TEXT NOT NULL CHECK (kind IN (
                    'fired',
                    'worse',                   -- the limit of a worse level was reached
                    'better',                  -- a worse level is over, a lesser one is not
                    'flapping',                -- it comes and goes too often to tell each time
                    'steady',                  -- it stopped coming and going, and is not over
                    'resolved',
                    'gone',                    -- the thing it was seen on is not there any more
                    'withdrawn',               -- its rule or host left config.xml while it was firing
                    'happened'                 -- it has no duration
                )),
    at_ms       INTEGER NOT NULL,             -- sample time
    value       REAL,
    since_ms    INTEGER NOT NULL,
    worst_value REAL NOT NULL,
    severity    TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    limit_value REAL NOT NULL,
    created_ms  INTEGER NOT NULL,
    mail_id     INTEGER REFERENCES mail (id)  -- the first mail that tells of it; NULL: none yet, or see incident.untold
) STRICT;

CREATE INDEX event_of_alert ON event (alert_id, id);
CREATE INDEX event_of_incident ON event (incident_id, id);
CREATE INDEX event_of_sample ON event (sample_id) WHERE sample_id IS NOT NULL;
CREATE INDEX event_of_mail ON event (mail_id) WHERE mail_id IS NOT NULL;

-- What a mail says about an incident. Who got it is in delivery. Of a mail that was replaced for all of its recipients
-- nothing is left.
CREATE TABLE notice (
    incident_id INTEGER NOT NULL REFERENCES incident (id),
    mail_id     INTEGER NOT NULL REFERENCES mail (id),
    kind        TEXT NOT NULL CHECK (kind IN (
                    'problem',
                    'worse',
                    'reminder',                -- it is still there
                    'flapping',                -- it comes and goes; nothing more until that ends
                    'over',
                    'missed',                  -- it was there and is over, and this is the first word of it
                    'happened'
                )),
    severity    TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    PRIMARY KEY (incident_id, mail_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_of_mail ON notice (mail_id);

-- A mail on its way to one recipient.
CREATE TABLE delivery (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    mail_id         INTEGER NOT NULL REFERENCES mail (id),
    recipient       TEXT NOT NULL,             -- an address, or exec: and the name of a notifier
    state           TEXT NOT NULL CHECK (state IN (
                        'pending',             -- not tried yet
                        'sending',             -- an attempt is under way
                        'retry',               -- an attempt failed, another one will follow
                        'unknown',             -- an attempt ended after the message was handed over, without an answer: sent again, with the same Message-ID
                        'sent',                -- the server took it
                        'failed',              -- the server refused it for good
                        'expired',             -- given up after too many days
                        'suppressed',          -- dropped by an administrator
                        'superseded'           -- a newer mail says more
                    )),
    attempts        INTEGER NOT NULL DEFAULT 0,
    maybe_taken     INTEGER NOT NULL DEFAULT 0,  -- how many attempts ended after the message was handed over, without an answer
    next_attempt_ms INTEGER NOT NULL,
    last_reply      TEXT,                      -- the server's last answer, or what went wrong
    tried_ms        INTEGER,                   -- when the last attempt began
    sent_ms         INTEGER,
    ended_ms        INTEGER,                   -- when it came to one of the last five states
    UNIQUE (mail_id, recipient)
) STRICT;

CREATE INDEX delivery_due ON delivery (next_attempt_ms) WHERE state IN ('pending', 'sending', 'retry', 'unknown');
CREATE INDEX delivery_waiting ON delivery (recipient, mail_id) WHERE state IN ('pending', 'retry');
CREATE INDEX delivery_of_recipient ON delivery (recipient, state);
CREATE INDEX delivery_sent ON delivery (sent_ms) WHERE state = 'sent';
CREATE INDEX delivery_lost ON delivery (ended_ms) WHERE state IN ('failed', 'expired');

-- Problems that match are not told while a silence lasts.
CREATE TABLE silence (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    host       TEXT NOT NULL,                  -- with wildcards, as metric and instance
    metric     TEXT NOT NULL,
    instance   TEXT NOT NULL,
    starts_ms  INTEGER NOT NULL,
    ends_ms    INTEGER NOT NULL,               -- ending one early moves this
    author     TEXT NOT NULL,
    comment    TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX silence_by_end ON silence (ends_ms);

-- One row: the random id of this installation, part of every Message-ID.
CREATE TABLE installation (
    id TEXT NOT NULL
) STRICT;

INSERT INTO installation (id) VALUES (lower(hex(randomblob(16))));

-- The newest sample of each host, by the time it was taken.
CREATE VIEW latest AS
SELECT host.name, sample.*
FROM host
JOIN sample ON sample.id = (
    SELECT newest.id FROM sample AS newest
    WHERE newest.host_id = host.id
    ORDER BY newest.taken_ms DESC, newest.id DESC
    LIMIT 1
);

-- Of each host's newest sample: its filesystems; in the views that follow its disks, and so on. A host whose list could
-- not be read has no row: latest.filesystems_read and its like tell that from an empty list.
CREATE VIEW latest_filesystem AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, filesystem.*
FROM latest JOIN filesystem ON filesystem.sample_id = latest.id;

CREATE VIEW latest_stuck_mount AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, stuck_mount.*
FROM latest JOIN stuck_mount ON stuck_mount.sample_id = latest.id;

CREATE VIEW latest_disk AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, disk.*
FROM latest JOIN disk ON disk.sample_id = latest.id;

CREATE VIEW latest_interface AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, interface.*
FROM latest JOIN interface ON interface.sample_id = latest.id;

CREATE VIEW latest_temperature AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, temperature.*
FROM latest JOIN temperature ON temperature.sample_id = latest.id;

CREATE VIEW latest_fan AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, fan.*
FROM latest JOIN fan ON fan.sample_id = latest.id;

CREATE VIEW latest_process AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, process.*
FROM latest JOIN process ON process.sample_id = latest.id;

CREATE VIEW latest_wanted_process AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, wanted_process.*
FROM latest JOIN wanted_process ON wanted_process.sample_id = latest.id;

CREATE VIEW latest_unit AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, unit.*
FROM latest JOIN unit ON unit.sample_id = latest.id;

CREATE VIEW latest_array AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, storage_array.*
FROM latest JOIN storage_array ON storage_array.sample_id = latest.id;

CREATE VIEW latest_log_line AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, log_line.*
FROM latest JOIN log_line ON log_line.sample_id = latest.id;

CREATE VIEW latest_listener AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, listener.*
FROM latest JOIN listener ON listener.sample_id = latest.id;

CREATE VIEW latest_check AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, check_result.*
FROM latest JOIN check_result ON check_result.sample_id = latest.id;

CREATE VIEW latest_check_value AS
SELECT latest.name AS host, latest.host_id, latest.taken_ms, check_value.*
FROM latest JOIN check_value ON check_value.sample_id = latest.id;

-- The ZFS pools of each host's newest sample. Each filesystem of a pool has all of its free space to itself, so it is
-- counted once. How full the pool is can't be told from them: snapshots, volumes and what is not mounted use it too.
CREATE VIEW latest_pool AS
SELECT
    host,
    host_id,
    taken_ms,
    pool,
    count(*)                                                   AS filesystems,
    CAST(total(used_bytes) AS INTEGER)                         AS mounted_used_bytes,   -- sum() ends a query when it overflows
    max(avail_bytes)                                           AS avail_bytes           -- a quota may leave some less
FROM (
    SELECT host, host_id, taken_ms, pool, max(used_bytes) AS used_bytes, max(avail_bytes) AS avail_bytes
    FROM latest_filesystem
    WHERE pool IS NOT NULL
    GROUP BY host_id, pool, coalesce(source, mount)   -- one filesystem may be mounted in several places
)
GROUP BY host_id, pool;

-- Each host hour by hour (UTC), by when samples were taken. Ask for one host, or it reads every sample there is.
-- The mean of CPU use counts each sample for the time it is of. Left out of CPU use are values measured on the spot, and
-- means over more than 90 minutes: they say little of the hour.
CREATE VIEW hourly AS
SELECT
    host.name                                 AS host,
    sample.taken_ms / 3600000 * 3600000       AS hour_ms,   -- its beginning
    count(*)                                  AS samples,
    min(sample.cpu_percent) FILTER (WHERE sample.cpu_weight > 0) AS cpu_lowest_percent,
    total(sample.cpu_percent * sample.cpu_weight) / nullif(total(sample.cpu_weight), 0) AS cpu_mean_percent,
    max(sample.cpu_percent) FILTER (WHERE sample.cpu_weight > 0) AS cpu_highest_percent,
    min(sample.memory_used_percent)           AS memory_used_lowest_percent,
    avg(sample.memory_used_percent)           AS memory_used_mean_percent,
    max(sample.memory_used_percent)           AS memory_used_highest_percent,
    min(sample.swap_used_percent)             AS swap_used_lowest_percent,
    avg(sample.swap_used_percent)             AS swap_used_mean_percent,
    max(sample.swap_used_percent)             AS swap_used_highest_percent,
    min(sample.load1_per_cpu)                 AS load1_per_cpu_lowest,
    avg(sample.load1_per_cpu)                 AS load1_per_cpu_mean,
    max(sample.load1_per_cpu)                 AS load1_per_cpu_highest
FROM host
JOIN (
    SELECT *, CASE WHEN NOT cpu_is_spot AND cpu_window_ms BETWEEN 1 AND 90 * 60000 THEN cpu_window_ms END AS cpu_weight
    FROM sample
) AS sample ON sample.host_id = host.id
GROUP BY host.name, sample.taken_ms / 3600000 * 3600000;

-- Every incident, with how often anybody was told of it. A mail that waits or was replaced counts neither as told nor as
-- lost.
CREATE VIEW incidents AS
SELECT
    incident.id,
    host.name                                            AS host,        -- NULL: it is about the fleet as a whole
    alert.metric,
    alert.instance,                                                      -- '' for the host as a whole
    incident.opened_ms,
    incident.ended_ms,                                                   -- NULL: it goes on
    (coalesce(incident.ended_ms, unixepoch() * 1000) - incident.opened_ms) / 1000 AS seconds,   -- so far, if it goes on
    incident.severity,
    incident.limit_value,
    iif(incident.ended_ms IS NULL, coalesce(alert.value, incident.value), incident.value) AS value,   -- the newest
    iif(incident.ended_ms IS NULL AND alert.state = 'firing',
        coalesce(alert.worst_value, incident.worst_value), incident.worst_value) AS worst_value,
    incident.is_flapping,
    incident.end_kind,
    incident.acked_by,
    (SELECT count(*) FROM notice JOIN delivery ON delivery.mail_id = notice.mail_id
     WHERE notice.incident_id = incident.id
     AND delivery.state IN ('sent', 'unknown', 'sending')) AS times_told,    -- sent, or perhaps so
    (SELECT count(*) FROM notice JOIN delivery ON delivery.mail_id = notice.mail_id
     WHERE notice.incident_id = incident.id
     AND delivery.state IN ('failed', 'expired', 'suppressed')) AS times_lost,   -- refused, given up, dropped by hand
    incident.untold                                                      -- why nobody was ever told
FROM incident
JOIN alert ON alert.id = incident.alert_id
LEFT JOIN host ON host.id = alert.host_id;

-- Every mail to every recipient, and what became of it.
CREATE VIEW mails AS
SELECT
    delivery.id,
    mail.kind,
    mail.subject,
    delivery.recipient,
    mail.created_ms,
    delivery.state,
    delivery.attempts,
    delivery.sent_ms,
    CASE WHEN delivery.state IN ('pending', 'sending', 'retry', 'unknown') THEN delivery.next_attempt_ms END AS next_attempt_ms,
    delivery.last_reply,
    (SELECT count(*) FROM notice WHERE notice.mail_id = mail.id) AS incidents,
    mail.message_id
FROM delivery
JOIN mail ON mail.id = delivery.mail_id;

-- Each boot of each host that a sample is known of: one more row of a host is one more reboot. Ask for one host, or it
-- reads every sample there is.
CREATE VIEW boot AS
SELECT
    host.name                                                 AS host,
    sample.boot_id,
    min(sample.taken_ms - sample.uptime_seconds * 1000)       AS booted_ms,   -- NULL: not known
    min(sample.taken_ms)                                      AS first_seen_ms,
    max(sample.taken_ms)                                      AS last_seen_ms,
    count(*)                                                  AS samples
FROM host
JOIN sample ON sample.host_id = host.id
WHERE sample.boot_id IS NOT NULL
GROUP BY host.name, sample.boot_id;
