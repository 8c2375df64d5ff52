-- Which RAID arrays and ZFS pools have lost a device, and how much room is left in the pools?
-- Only hosts with a sample of the last 7 days.
--
-- sqlite3 -readonly -box fleet.db < degraded_arrays.sql

SELECT
    latest_array.host,
    latest_array.kind,
    latest_array.name,
    latest_array.state,
    latest_array.active_devices,
    latest_array.devices,
    round(latest_pool.avail_bytes / 1073741824.0, 1)    AS pool_avail_gib,   -- NULL: no pool, or nothing of it is mounted
    datetime(latest_array.taken_ms / 1000, 'unixepoch') AS taken
FROM latest_array
LEFT JOIN latest_pool
    ON latest_array.kind = 'zfs' AND latest_pool.host_id = latest_array.host_id AND latest_pool.pool = latest_array.name
WHERE latest_array.is_degraded
  AND latest_array.taken_ms > unixepoch('now', '-7 days') * 1000
ORDER BY latest_array.host, latest_array.kind, latest_array.name;
