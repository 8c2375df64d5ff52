-- Which hosts wait for a reboot, or for security updates?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < hosts_that_need_a_reboot_or_updates.sql

SELECT
    name                                    AS host,
    CASE reboot_required WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS reboot_required,    -- NULL: not known
    reboot_reason,
    security_updates,
    round(uptime_seconds / 86400.0, 1)      AS uptime_days,
    datetime(taken_ms / 1000, 'unixepoch')  AS taken
FROM latest
WHERE (reboot_required = 1 OR security_updates > 0)
  AND taken_ms > unixepoch('now', '-7 days') * 1000
ORDER BY security_updates DESC, name;
