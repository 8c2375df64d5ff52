-- Which hosts had no good visit today (UTC), when was the last good one, and what went wrong since?
--
-- sqlite3 -readonly -box fleet.db < hosts_without_a_good_visit_today.sql

WITH last_good AS (
    SELECT host_id, max(at_ms) AS at_ms FROM outcome WHERE kind = 'ok' GROUP BY host_id
),
last_visit AS (
    SELECT host_id, kind, detail, max(run_id) FROM outcome WHERE kind <> 'cancelled' GROUP BY host_id
)
SELECT
    host.name                                 AS host,
    datetime(last_good.at_ms / 1000, 'unixepoch') AS last_good_visit,   -- NULL: never
    last_visit.kind                           AS last_outcome,
    last_visit.detail
FROM host
LEFT JOIN last_good ON last_good.host_id = host.id
LEFT JOIN last_visit ON last_visit.host_id = host.id
WHERE last_good.at_ms IS NULL
   OR last_good.at_ms < unixepoch('now', 'start of day') * 1000
ORDER BY last_good.at_ms, host.name;
