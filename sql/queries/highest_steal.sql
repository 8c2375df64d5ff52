-- From which hosts did the hypervisor take the most CPU time in the last 24 hours?
-- Left out are values measured on the spot, and means over more than a day: most of that was before.
--
-- sqlite3 -readonly -box fleet.db < highest_steal.sql

SELECT
    host.name                                 AS host,
    host.virtualization,
    -- A mean counts for the time it is of.
    round(sum(sample.cpu_steal_percent * sample.cpu_window_ms) / total(sample.cpu_window_ms), 2) AS steal_mean_percent,
    round(max(sample.cpu_steal_percent), 1)   AS steal_highest_percent,
    count(*)                                  AS samples
FROM host
CROSS JOIN sample ON sample.host_id = host.id
WHERE sample.taken_ms > unixepoch('now', '-1 day') * 1000
  AND sample.cpu_steal_percent IS NOT NULL
  AND NOT sample.cpu_is_spot
  AND sample.cpu_window_ms BETWEEN 1 AND 86400000
GROUP BY host.id
HAVING max(sample.cpu_steal_percent) > 0
ORDER BY sum(sample.cpu_steal_percent * sample.cpu_window_ms) / total(sample.cpu_window_ms) DESC, host.name
LIMIT 20;
