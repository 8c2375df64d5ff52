-- Which systemd units have failed, on how many hosts, and on which?
--
-- sqlite3 -readonly -box fleet.db < failed_units.sql

SELECT
    unit,
    count(*)                 AS hosts,
    group_concat(host, ' ')  AS on_hosts
FROM (SELECT name AS unit, host FROM latest_unit WHERE active_state = 'failed' ORDER BY name, host)
GROUP BY unit
ORDER BY hosts DESC, unit;
