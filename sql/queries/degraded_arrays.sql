-- Which RAID arrays and ZFS pools have lost a device, and how full are the pools?
--
-- sqlite3 -readonly -box fleet.db < degraded_arrays.sql

SELECT
    latest_array.host,
    latest_array.kind,
    latest_array.name,
    latest_array.state,
    latest_array.active_devices,
    latest_array.devices,
    round(latest_pool.used_percent, 1)                  AS pool_used_percent,   -- NULL: no pool
    datetime(latest_array.taken_ms / 1000, 'unixepoch') AS taken
FROM latest_array
LEFT JOIN latest_pool
    ON latest_array.kind = 'zfs' AND latest_pool.host_id = latest_array.host_id AND latest_pool.pool = latest_array.name
WHERE latest_array.is_degraded
ORDER BY latest_array.host, latest_array.kind, latest_array.name;
