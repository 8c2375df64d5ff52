-- Which processes and units that config.xml wants are not there, and of which is that not known?
-- Only hosts with a sample of the last 7 days. Where "found" is NULL, the host could not tell; where "name" is NULL too,
-- it has not told for 7 days, and there is no saying what is wanted of it.
--
-- sqlite3 -readonly -box fleet.db < missing_processes_and_units.sql

WITH present AS (
    SELECT
        latest.name                                   AS host,
        latest.processes_total,
        latest.wanted_processes_read,
        latest.units_read,
        datetime(latest.taken_ms / 1000, 'unixepoch') AS taken,
        -- What is wanted is known from the samples alone.
        (SELECT id FROM sample
         WHERE host_id = latest.host_id AND taken_ms > unixepoch('now', '-7 days') * 1000 AND wanted_processes_read
         ORDER BY taken_ms DESC, id DESC LIMIT 1) AS told_processes,
        (SELECT id FROM sample
         WHERE host_id = latest.host_id AND taken_ms > unixepoch('now', '-7 days') * 1000 AND units_read
         ORDER BY taken_ms DESC, id DESC LIMIT 1) AS told_units
    FROM latest
    WHERE latest.taken_ms > unixepoch('now', '-7 days') * 1000
)
SELECT
    present.host,
    'process'                      AS kind,
    wanted_process.name,
    wanted_process.min_count || ' or more' AS wanted,
    CASE WHEN present.wanted_processes_read THEN wanted_process.count END AS found,
    present.taken
FROM present
JOIN wanted_process ON wanted_process.sample_id = present.told_processes
WHERE CASE
    WHEN present.wanted_processes_read THEN NOT wanted_process.is_present
    ELSE present.processes_total IS NULL   -- else they could be read, and are wanted no longer
END
UNION ALL
SELECT
    present.host,
    'unit',
    unit.name,
    'active',
    CASE WHEN present.units_read THEN unit.active_state END,
    present.taken
FROM present
JOIN unit ON unit.sample_id = present.told_units
WHERE unit.is_wanted
  AND NOT (present.units_read AND unit.active_state IN ('active', 'reloading', 'refreshing'))
UNION ALL
SELECT host, 'process', NULL, NULL, NULL, taken
FROM present
WHERE told_processes IS NULL AND processes_total IS NULL
UNION ALL
SELECT host, 'unit', NULL, NULL, NULL, taken
FROM present
WHERE told_units IS NULL
  AND EXISTS (SELECT 1 FROM latest_unit WHERE is_wanted)   -- many hosts have no systemd; where no unit is wanted, so what
ORDER BY host, kind, name;
