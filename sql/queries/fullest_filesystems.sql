-- Which filesystems are the fullest, as of each host's newest sample?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < fullest_filesystems.sql

SELECT
    latest.name                                        AS host,
    filesystem.mount,
    round(filesystem.used_percent, 1)                  AS used_percent,
    round(filesystem.avail_bytes / 1073741824.0, 1)    AS avail_gib,
    round(filesystem.inodes_used_percent, 1)           AS inodes_used_percent,
    datetime(latest.taken_ms / 1000, 'unixepoch')      AS taken
FROM latest
JOIN filesystem ON filesystem.sample_id = latest.id
WHERE filesystem.used_percent IS NOT NULL
  AND latest.taken_ms > unixepoch('now', '-7 days') * 1000
ORDER BY filesystem.used_percent DESC, latest.name, filesystem.mount
LIMIT 20;
