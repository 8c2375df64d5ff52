-- Which hosts read memory back from swap in the last 24 hours? Swap that is merely in use does no harm.
-- Left out is what was counted over more than a day: most of that was before.
--
-- sqlite3 -readonly -box fleet.db < hosts_that_swap.sql

WITH swapped AS (
    SELECT
        host.name                                                              AS host,
        -- What is kept is a mean per second; times its window it is the amount again.
        sum(sample.swap_in_bytes_per_second * sample.rates_window_ms) / 1000   AS in_bytes,
        sum(sample.swap_out_bytes_per_second * sample.rates_window_ms) / 1000  AS out_bytes,
        max(sample.swap_in_bytes_per_second)                                   AS highest_in_bytes_per_second,
        max(sample.swap_used_percent)                                          AS highest_used_percent,
        max(sample.pressure_memory_full_percent)                               AS highest_pressure_percent
    FROM host
    CROSS JOIN sample ON sample.host_id = host.id
    WHERE sample.taken_ms > unixepoch('now', '-1 day') * 1000
      AND coalesce(sample.rates_window_ms, 0) <= 86400000
    GROUP BY host.name
)
SELECT
    host,
    round(in_bytes / 1048576, 1)                     AS swapped_in_mib,
    round(out_bytes / 1048576, 1)                    AS swapped_out_mib,
    round(highest_in_bytes_per_second / 1048576, 2)  AS highest_in_mib_per_second,
    round(highest_used_percent, 1)                   AS highest_swap_used_percent,
    round(highest_pressure_percent, 1)               AS highest_memory_pressure_percent   -- NULL: not known
FROM swapped
WHERE in_bytes > 0
ORDER BY in_bytes DESC, host
LIMIT 20;
