-- Which hosts have sent nothing for an hour, and how did the last visit end?
-- Only hosts that were visited, or at least tried, in the last 30 days.
--
-- sqlite3 -readonly -box fleet.db < hosts_without_data.sql

WITH newest AS (
    SELECT id, name, (SELECT max(taken_ms) FROM sample WHERE host_id = host.id) AS taken_ms
    FROM host
    -- A host that is new has no outcome until its first visit is over.
    WHERE coalesce((SELECT at_ms FROM outcome WHERE host_id = host.id ORDER BY run_id DESC LIMIT 1), first_seen_ms)
          > unixepoch('now', '-30 days') * 1000
)
SELECT
    newest.name                                                       AS host,
    datetime(newest.taken_ms / 1000, 'unixepoch')                     AS newest_sample,     -- NULL: there is none
    round((unixepoch('now') - newest.taken_ms / 1000.0) / 3600, 1)    AS hours_ago,
    (SELECT kind FROM outcome
     WHERE host_id = newest.id AND kind <> 'cancelled'
     ORDER BY run_id DESC LIMIT 1)                                    AS last_outcome       -- NULL: never visited
FROM newest
WHERE newest.taken_ms IS NULL
   OR newest.taken_ms < unixepoch('now', '-1 hour') * 1000
ORDER BY newest.taken_ms, newest.name;
