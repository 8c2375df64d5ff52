-- Which filesystems can't be written though they should be, and which mounts do not answer?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < filesystems_that_cannot_be_written.sql

SELECT
    host,
    mount,
    fs_type,
    'read-only'                            AS state,
    NULL                                   AS since,   -- by the host's clock
    datetime(taken_ms / 1000, 'unixepoch') AS taken
FROM latest_filesystem
WHERE unexpectedly_read_only
  AND taken_ms > unixepoch('now', '-7 days') * 1000
UNION ALL
SELECT
    host, mount, fs_type, 'hangs', datetime(since_ms / 1000, 'unixepoch'), datetime(taken_ms / 1000, 'unixepoch')
FROM latest_stuck_mount
WHERE taken_ms > unixepoch('now', '-7 days') * 1000
ORDER BY host, mount;
