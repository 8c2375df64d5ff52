-- On which hosts did the kernel kill processes for want of memory in the last 7 days?
--
-- sqlite3 -readonly -box fleet.db < oom_kills_of_the_last_week.sql

SELECT
    host.name                                            AS host,
    CAST(total(sample.oom_kills) AS INTEGER)             AS oom_kills,
    datetime(max(sample.taken_ms) / 1000, 'unixepoch')   AS last_seen,
    round(max(sample.memory_used_percent), 1)            AS highest_memory_used_percent
FROM host
CROSS JOIN sample ON sample.host_id = host.id
WHERE sample.taken_ms > unixepoch('now', '-7 days') * 1000
  AND sample.oom_kills > 0
GROUP BY host.id
ORDER BY total(sample.oom_kills) DESC, host.name;
