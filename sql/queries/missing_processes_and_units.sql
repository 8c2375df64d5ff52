-- Which processes and units that config.xml wants are not there?
--
-- sqlite3 -readonly -box fleet.db < missing_processes_and_units.sql

SELECT
    host,
    'process'   AS kind,
    name,
    min_count || ' or more' AS wanted,
    count       AS found,
    datetime(taken_ms / 1000, 'unixepoch') AS taken
FROM latest_wanted_process
WHERE NOT is_present
UNION ALL
SELECT host, 'unit', name, 'active', active_state, datetime(taken_ms / 1000, 'unixepoch')
FROM latest_unit
WHERE is_wanted AND active_state <> 'active'
ORDER BY host, kind, name;
