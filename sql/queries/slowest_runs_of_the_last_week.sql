-- Which runs of the last week took longest, and which host was in each the slowest?
--
-- sqlite3 -readonly -box fleet.db < slowest_runs_of_the_last_week.sql

WITH visits AS (
    SELECT
        run_id,
        count(*)         AS hosts,
        sum(kind = 'ok') AS ok,
        max(duration_ms) AS longest_ms,
        host_id,                     -- beside one max(), SQLite shows the other columns of its row
        kind
    FROM outcome
    WHERE run_id IN (SELECT id FROM run WHERE started_ms > unixepoch('now', '-7 days') * 1000)
    GROUP BY run_id
)
SELECT
    run.id                                                AS run,
    datetime(run.started_ms / 1000, 'unixepoch')          AS started,
    round((run.finished_ms - run.started_ms) / 1000.0, 1) AS seconds,
    run.state,
    visits.hosts,
    visits.ok,
    host.name                                             AS slowest_host,
    round(visits.longest_ms / 1000.0, 1)                  AS its_seconds,
    visits.kind                                           AS its_outcome
FROM run
JOIN visits ON visits.run_id = run.id
JOIN host ON host.id = visits.host_id
WHERE run.finished_ms >= run.started_ms   -- not where the clock was set back meanwhile
ORDER BY run.finished_ms - run.started_ms DESC, run.id DESC
LIMIT 20;
