-- Which filesystems fill the fastest, by the last 7 days (or what is known of them), and when will they be full?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < fastest_growing_filesystems.sql

WITH span AS (
    SELECT
        latest.id       AS newest_id,
        latest.name     AS host,
        latest.taken_ms AS newest_ms,
        (SELECT id FROM sample
         WHERE host_id = latest.host_id AND taken_ms >= unixepoch('now', '-7 days') * 1000 AND filesystems_read
         ORDER BY taken_ms LIMIT 1) AS oldest_id
    FROM latest
),
growth AS (
    SELECT
        span.host,
        span.newest_ms,
        now.mount,
        now.used_percent,
        now.avail_bytes,
        (now.used_bytes - past.used_bytes) * 86400000.0 / (span.newest_ms - oldest.taken_ms) AS bytes_per_day
    FROM span
    JOIN sample AS oldest ON oldest.id = span.oldest_id
    JOIN filesystem AS now ON now.sample_id = span.newest_id
    -- What is mounted there has to be the same.
    JOIN filesystem AS past ON past.sample_id = oldest.id AND past.mount = now.mount AND past.source IS now.source
    WHERE span.newest_ms - oldest.taken_ms >= 86400000   -- less than a day says little
)
SELECT
    host,
    mount,
    round(used_percent, 1)                   AS used_percent,
    round(avail_bytes / 1073741824.0, 1)     AS avail_gib,
    round(bytes_per_day / 1073741824.0, 2)   AS growth_gib_per_day,
    round(avail_bytes / bytes_per_day, 1)    AS days_until_full,
    datetime(newest_ms / 1000, 'unixepoch')  AS taken
FROM growth
WHERE bytes_per_day > 0
ORDER BY avail_bytes / bytes_per_day, host, mount
LIMIT 20;
