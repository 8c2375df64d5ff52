-- Generated: the whole schema, after every step. To be read; the programs make their database from the steps.

CREATE TABLE host (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    work_dir      TEXT,              -- where the probe lies, if not in ~/.cache/fleet-health
    hostname      TEXT,              -- what the host calls itself, from the latest sample
    os            TEXT,
    kernel        TEXT,
    architecture  TEXT,
    probe_version TEXT,
    key_id        TEXT,              -- the key it seals to, once no spool of an earlier key or name is left on it
    first_seen_ms INTEGER NOT NULL
) STRICT;

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

CREATE TABLE sample (
    id                     INTEGER PRIMARY KEY AUTOINCREMENT,
    host_id                INTEGER NOT NULL REFERENCES host (id),
    run_id                 INTEGER NOT NULL REFERENCES run (id),   -- the run that brought it home
    probe_sample_id        TEXT NOT NULL,     -- random, made by the probe: the same again is the same sample
    taken_ms               INTEGER NOT NULL,  -- when it was taken, corrected to the server's clock
    host_taken_ms          INTEGER NOT NULL,  -- the same by the host's own clock, as it was
    received_ms            INTEGER NOT NULL,
    boot_id                TEXT,
    uptime_seconds         INTEGER,
    cpu_percent            REAL,              -- busy share of all CPUs together, the mean over cpu_window_ms
    cpu_window_ms          INTEGER,
    logical_cpus           INTEGER,
    memory_total_bytes     INTEGER,
    memory_available_bytes INTEGER,
    memory_used_percent    REAL,              -- (total - available) / total
    swap_total_bytes       INTEGER,
    swap_free_bytes        INTEGER,
    swap_used_percent      REAL,
    load1                  REAL,
    load5                  REAL,
    load15                 REAL,
    filesystems_read       INTEGER NOT NULL CHECK (filesystems_read IN (0, 1)),  -- 0: the list could not be read
    treated_ms             INTEGER,           -- when the alerter took it into account
    UNIQUE (host_id, probe_sample_id)
) STRICT;

CREATE INDEX sample_of_host ON sample (host_id, taken_ms);

CREATE INDEX sample_of_run ON sample (run_id);

CREATE INDEX sample_untreated ON sample (run_id, host_id, id) WHERE treated_ms IS NULL;

CREATE TABLE filesystem (
    sample_id           INTEGER NOT NULL REFERENCES sample (id),
    mount               TEXT NOT NULL,
    fs_type             TEXT NOT NULL,
    used_percent        REAL,                 -- used / (used + avail), unrounded
    used_bytes          INTEGER NOT NULL,
    avail_bytes         INTEGER NOT NULL,     -- what an unprivileged user can still write
    size_bytes          INTEGER NOT NULL,
    inodes              INTEGER,              -- NULL where the filesystem has no fixed number
    inodes_free         INTEGER,
    inodes_used_percent REAL,
    PRIMARY KEY (sample_id, mount)
) STRICT, WITHOUT ROWID;

CREATE TABLE spool (
    host_id  INTEGER NOT NULL REFERENCES host (id),
    spool_id TEXT NOT NULL,
    through  INTEGER,                         -- the last committed sequence number; NULL: none yet
    dropped  INTEGER NOT NULL,                -- envelopes the host had to drop in this spool, ever
    seen_ms  INTEGER NOT NULL,
    PRIMARY KEY (host_id, spool_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejected_envelope (
    run_id  INTEGER NOT NULL REFERENCES run (id),
    host_id INTEGER NOT NULL REFERENCES host (id),
    class   TEXT NOT NULL CHECK (class IN ('malformed', 'unknown_key', 'damaged', 'invalid_sample')),
    count   INTEGER NOT NULL,
    PRIMARY KEY (run_id, host_id, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert (
    id           INTEGER PRIMARY KEY,
    host_id      INTEGER NOT NULL REFERENCES host (id),
    metric       TEXT NOT NULL,
    selector     TEXT NOT NULL,               -- '' or such as mount=/var, as the rule has it
    ordinal      INTEGER NOT NULL,            -- counts rules over the same metric and selector
    instance     TEXT NOT NULL,               -- what it was seen on: '' for the host, or a mount point
    state        TEXT NOT NULL CHECK (state IN ('firing', 'resolved')),
    since_ms     INTEGER NOT NULL,            -- sample time at which this state began
    worst_value  REAL,                        -- highest value while firing
    limit_value  REAL NOT NULL,               -- the rule's limit when it fired
    recipients   TEXT NOT NULL,               -- who was told, separated by commas: they get the recovery too
    UNIQUE (host_id, metric, selector, ordinal, instance)
) STRICT;

CREATE INDEX alert_firing ON alert (host_id) WHERE state = 'firing';

CREATE TABLE mail (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    subject    TEXT NOT NULL,
    content    BLOB NOT NULL,                 -- headers and body (RFC 5322), CRLF, 7 bit
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id    INTEGER NOT NULL REFERENCES alert (id),
    sample_id   INTEGER REFERENCES sample (id),  -- NULL where no sample caused it
    kind        TEXT NOT NULL CHECK (kind IN (
                    'fired',
                    'resolved',
                    'withdrawn'                -- its rule or host left config.xml while it was firing
                )),
    at_ms       INTEGER NOT NULL,             -- sample time
    value       REAL,
    since_ms    INTEGER NOT NULL,
    worst_value REAL NOT NULL,
    limit_value REAL NOT NULL,
    recipients  TEXT NOT NULL,                -- separated by commas; fixed here, whatever config.xml says later
    created_ms  INTEGER NOT NULL,
    mail_id     INTEGER REFERENCES mail (id)  -- NULL: not yet in a mail, or it has no recipients
) STRICT;

CREATE INDEX event_of_alert ON event (alert_id, id);

CREATE INDEX event_of_sample ON event (sample_id) WHERE sample_id IS NOT NULL;

CREATE INDEX event_of_mail ON event (mail_id) WHERE mail_id IS NOT NULL;

CREATE INDEX event_without_mail ON event (id) WHERE mail_id IS NULL AND recipients <> '';

CREATE TABLE delivery (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    mail_id         INTEGER NOT NULL REFERENCES mail (id),
    recipient       TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN (
                        'pending',             -- not tried yet
                        'sending',             -- an attempt is under way
                        'retry',               -- an attempt failed, another one will follow
                        'unknown',             -- an attempt ended after the message was handed over, without an answer: sent again, with the same Message-ID
                        'sent',                -- the server took it
                        'failed',              -- the server refused it for good
                        'expired',             -- given up after too many days
                        'suppressed',          -- held back on purpose
                        'superseded'           -- a newer mail says more
                    )),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_ms INTEGER NOT NULL,
    last_reply      TEXT,                      -- the server's last answer, or what went wrong
    sent_ms         INTEGER,
    UNIQUE (mail_id, recipient)
) STRICT;

CREATE INDEX delivery_due ON delivery (next_attempt_ms) WHERE state IN ('pending', 'sending', 'retry', 'unknown');

CREATE TABLE installation (
    id TEXT NOT NULL
) STRICT;

CREATE VIEW latest AS
SELECT host.name, sample.*
FROM host
JOIN sample ON sample.id = (
    SELECT newest.id FROM sample AS newest
    WHERE newest.host_id = host.id
    ORDER BY newest.taken_ms DESC, newest.id DESC
    LIMIT 1
);

PRAGMA application_id = 1179404372;
PRAGMA user_version = 1;
