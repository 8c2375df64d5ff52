-- In which hour of the day (UTC) is each host the busiest, by the last 7 days?
-- A mean counts for the time it is of, and for the hour that the middle of it lies in. Left out are values measured on
-- the spot, which say nothing of an hour, and means over more than 90 minutes, which say nothing of one in particular.
--
-- sqlite3 -readonly -box fleet.db < busiest_hour_of_each_host.sql

WITH hours AS (
    SELECT
        host.name                                                  AS host,
        strftime('%H:00', (sample.taken_ms - sample.cpu_window_ms / 2) / 1000, 'unixepoch') AS hour,
        count(*)                                                   AS samples,
        total(sample.cpu_percent * sample.cpu_window_ms) / total(sample.cpu_window_ms) AS cpu_mean_percent,
        max(sample.cpu_percent)                                    AS cpu_highest_percent
    FROM host
    CROSS JOIN sample ON sample.host_id = host.id
    WHERE sample.taken_ms > unixepoch('now', '-7 days') * 1000
      AND NOT sample.cpu_is_spot
      AND sample.cpu_window_ms BETWEEN 1 AND 90 * 60000
    GROUP BY host.name, hour
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY host ORDER BY cpu_mean_percent DESC, hour) AS place FROM hours
)
SELECT
    host,
    hour                           AS hour_utc,
    round(cpu_mean_percent, 1)     AS cpu_mean_percent,
    round(cpu_highest_percent, 1)  AS cpu_highest_percent,
    samples
FROM ranked
WHERE place = 1
ORDER BY ranked.cpu_mean_percent DESC, host;
