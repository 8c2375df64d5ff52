-- Which systemd units have failed, on how many hosts, and on which?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < failed_units.sql

SELECT
    unit,
    count(*)                 AS hosts,
    group_concat(host, ' ')  AS on_hosts,
    datetime(min(taken_ms) / 1000, 'unixepoch') AS taken   -- the oldest of their samples
FROM (
    SELECT name AS unit, host, taken_ms
    FROM latest_unit
    WHERE active_state = 'failed'
      AND taken_ms > unixepoch('now', '-7 days') * 1000
    ORDER BY name, host
)
GROUP BY unit
ORDER BY hosts DESC, unit;
