-- Which hosts' clocks are off by more than a second, or kept right by nothing?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < clocks_that_are_wrong.sql

WITH visited AS (
    SELECT
        latest.name,
        latest.taken_ms,
        latest.clock_synchronized,
        -- A sample that the host took by itself does not know.
        (SELECT clock_skew_ms FROM sample
         WHERE host_id = latest.host_id
           AND taken_ms > unixepoch('now', '-1 day') * 1000
           AND clock_skew_ms IS NOT NULL
         ORDER BY taken_ms DESC LIMIT 1) AS clock_skew_ms
    FROM latest
    WHERE latest.taken_ms > unixepoch('now', '-7 days') * 1000
)
SELECT
    name                              AS host,
    round(clock_skew_ms / 1000.0, 1)  AS ahead_seconds,   -- below 0: behind. NULL: not known of the last 24 hours
    CASE clock_synchronized WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS synchronized,
    datetime(taken_ms / 1000, 'unixepoch') AS taken
FROM visited
WHERE clock_skew_ms NOT BETWEEN -1000 AND 1000
   OR clock_synchronized = 0
ORDER BY abs(clock_skew_ms / 1000.0) DESC, name;
