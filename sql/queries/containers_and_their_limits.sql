-- Which hosts are containers, what may they use, and how close are they to it?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < containers_and_their_limits.sql

SELECT
    name                                                      AS host,
    container,
    container_cpu_limit                                       AS cpu_limit_cpus,       -- NULL: no limit
    round(container_memory_limit_bytes / 1073741824.0, 2)     AS memory_limit_gib,     -- NULL: no limit
    CASE WHEN memory_of_container THEN round(memory_used_percent, 1) END AS memory_used_percent,   -- NULL: not its own
    datetime(taken_ms / 1000, 'unixepoch')                    AS taken
FROM latest
WHERE container IS NOT NULL
  AND taken_ms > unixepoch('now', '-7 days') * 1000
ORDER BY CASE WHEN memory_of_container THEN latest.memory_used_percent END DESC, name;
