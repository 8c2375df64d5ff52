-- Which alerts fired most often in the last month, and how many mails did each of them make?
--
-- sqlite3 -readonly -box fleet.db < noisiest_alerts_of_the_last_month.sql

WITH recent AS (
    SELECT id, host, metric, instance, seconds, is_flapping, times_told
    FROM incidents
    WHERE opened_ms > unixepoch('now', '-30 days') * 1000
)
SELECT
    host,
    metric,
    instance,
    count(*)                       AS incidents,
    sum(is_flapping)               AS flapping,
    CAST(avg(seconds) AS INTEGER)  AS mean_seconds,
    sum(times_told)                AS times_told
FROM recent
GROUP BY host, metric, instance
ORDER BY times_told DESC, incidents DESC, host, metric, instance
LIMIT 20;
