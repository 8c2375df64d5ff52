-- How much memory did a host use over the last 24 hours, hour by hour (UTC)?
--
-- sqlite3 -readonly -box -cmd ".parameter init" -cmd ".parameter set :host web1" fleet.db < memory_of_a_host_over_the_last_day.sql

SELECT
    strftime('%Y-%m-%d %H:00', sample.taken_ms / 1000, 'unixepoch') AS hour,
    count(sample.memory_used_percent)                               AS samples,
    round(min(sample.memory_used_percent), 1)                       AS lowest_percent,
    round(avg(sample.memory_used_percent), 1)                       AS mean_percent,
    round(max(sample.memory_used_percent), 1)                       AS highest_percent
FROM sample
JOIN host ON host.id = sample.host_id
WHERE host.name = :host
  AND sample.taken_ms > unixepoch('now', '-1 day') * 1000
GROUP BY hour
ORDER BY hour;
