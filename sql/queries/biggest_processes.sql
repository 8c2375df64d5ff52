-- Which processes of the whole fleet use the most memory?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < biggest_processes.sql

SELECT
    latest.name                                                          AS host,
    process.pid,
    process.name                                                         AS process,
    round(process.memory_bytes / 1048576.0, 1)                           AS memory_mib,
    round(100.0 * process.memory_bytes / latest.memory_total_bytes, 1)   AS share_of_memory_percent,
    round(process.cpu_percent, 1)                                        AS share_of_one_cpu_percent,
    datetime(latest.taken_ms / 1000, 'unixepoch')                        AS taken
FROM latest
JOIN process ON process.sample_id = latest.id
WHERE latest.taken_ms > unixepoch('now', '-7 days') * 1000
ORDER BY process.memory_bytes DESC, latest.name, process.pid
LIMIT 20;
