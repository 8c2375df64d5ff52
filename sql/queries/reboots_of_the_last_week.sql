-- Which hosts were rebooted in the last 7 days, when, and for how long was nothing known of them?
--
-- sqlite3 -readonly -box fleet.db < reboots_of_the_last_week.sql

WITH boots AS (
    SELECT
        latest.name                                         AS host,
        min(sample.taken_ms - sample.uptime_seconds * 1000) AS booted_ms,
        min(sample.taken_ms)                                AS first_ms,
        max(sample.taken_ms)                                AS last_ms
    FROM latest
    CROSS JOIN sample ON sample.host_id = latest.host_id
    WHERE sample.taken_ms > unixepoch('now', '-7 days') * 1000
      AND sample.boot_id IS NOT NULL
      AND coalesce(latest.uptime_seconds < 7 * 86400, 1)   -- the others were not
    GROUP BY latest.host_id, sample.boot_id
),
ordered AS (
    SELECT *, lag(last_ms) OVER (PARTITION BY host ORDER BY first_ms) AS last_before_ms FROM boots
)
SELECT
    host,
    datetime(booted_ms / 1000, 'unixepoch')      AS booted,             -- NULL: not known
    datetime(last_before_ms / 1000, 'unixepoch') AS last_seen_before,   -- NULL: not in the last 7 days
    round((first_ms - last_before_ms) / 60000.0, 1) AS minutes_without_data
FROM ordered
WHERE booted_ms > unixepoch('now', '-7 days') * 1000
   OR last_before_ms IS NOT NULL
ORDER BY first_ms DESC, host;
