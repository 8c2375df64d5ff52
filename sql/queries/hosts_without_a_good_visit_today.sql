-- Which hosts had no good visit today (UTC), when was the last good one, and what went wrong since?
-- Only hosts that were visited, or at least tried, in the last 30 days.
--
-- sqlite3 -readonly -box fleet.db < hosts_without_a_good_visit_today.sql

WITH visited AS (
    SELECT
        id,
        name,
        (SELECT at_ms FROM outcome WHERE host_id = host.id AND kind = 'ok' ORDER BY run_id DESC LIMIT 1)
            AS last_good_ms,
        (SELECT run_id FROM outcome WHERE host_id = host.id AND kind <> 'cancelled' ORDER BY run_id DESC LIMIT 1)
            AS last_run
    FROM host
    -- A host that is new has no outcome until its first visit is over.
    WHERE coalesce((SELECT at_ms FROM outcome WHERE host_id = host.id ORDER BY run_id DESC LIMIT 1), first_seen_ms)
          > unixepoch('now', '-30 days') * 1000
)
SELECT
    visited.name                                        AS host,
    datetime(visited.last_good_ms / 1000, 'unixepoch')  AS last_good_visit,   -- NULL: never
    outcome.kind                                        AS last_outcome,      -- NULL: never visited
    outcome.detail
FROM visited
LEFT JOIN outcome ON outcome.run_id = visited.last_run AND outcome.host_id = visited.id
WHERE visited.last_good_ms IS NULL
   OR visited.last_good_ms < unixepoch('now', 'start of day') * 1000
ORDER BY visited.last_good_ms, visited.name;
