-- Which network interfaces had errors or dropped packets in the last 24 hours, and how many?
-- Left out is what was counted over more than a day: most of that was before.
--
-- sqlite3 -readonly -box fleet.db < network_errors.sql

WITH counted AS (
    SELECT
        host.name      AS host,
        interface.name AS interface,
        -- What is kept is a mean per second; times its window it is the number again.
        sum(interface.received_errors_per_second * sample.rates_window_ms) / 1000   AS received_errors,
        sum(interface.received_dropped_per_second * sample.rates_window_ms) / 1000  AS received_dropped,
        sum(interface.sent_errors_per_second * sample.rates_window_ms) / 1000       AS sent_errors,
        sum(interface.sent_dropped_per_second * sample.rates_window_ms) / 1000      AS sent_dropped,
        sum((interface.received_packets_per_second + interface.sent_packets_per_second) * sample.rates_window_ms) / 1000
                       AS packets
    FROM host
    CROSS JOIN sample ON sample.host_id = host.id
    CROSS JOIN interface ON interface.sample_id = sample.id
    WHERE sample.taken_ms > unixepoch('now', '-1 day') * 1000
      AND sample.rates_window_ms <= 86400000
    GROUP BY host.name, interface.name
)
SELECT
    host,
    interface,
    CAST(round(received_errors) AS INTEGER)   AS received_errors,
    CAST(round(received_dropped) AS INTEGER)  AS received_dropped,
    CAST(round(sent_errors) AS INTEGER)       AS sent_errors,
    CAST(round(sent_dropped) AS INTEGER)      AS sent_dropped,
    CAST(round(packets) AS INTEGER)           AS packets
FROM counted
WHERE counted.received_errors > 0
   OR counted.received_dropped > 0
   OR counted.sent_errors > 0
   OR counted.sent_dropped > 0
ORDER BY coalesce(counted.received_errors, 0) + coalesce(counted.sent_errors, 0) DESC, host, interface;
