-- Which custom checks are not ok?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < checks_that_are_not_ok.sql

SELECT
    host,
    name                                    AS "check",
    state,
    output,
    round(duration_ms / 1000.0, 1)          AS seconds,
    datetime(taken_ms / 1000, 'unixepoch')  AS taken
FROM latest_check
WHERE state <> 'ok'
  AND taken_ms > unixepoch('now', '-7 days') * 1000
ORDER BY
    CASE state WHEN 'critical' THEN 0 WHEN 'unknown' THEN 1 ELSE 2 END,
    host,
    name;
