-- On which ports do hosts listen that they did not listen on 24 hours ago? Needs listening-ports="yes" in config.xml.
-- Only hosts with a sample of the last 24 hours.
--
-- sqlite3 -readonly -box fleet.db < ports_new_since_yesterday.sql

WITH compared AS (
    SELECT
        latest.id       AS newest_id,
        latest.name     AS host,
        latest.taken_ms,
        (SELECT id FROM sample
         WHERE host_id = latest.host_id
           AND taken_ms BETWEEN unixepoch('now', '-8 days') * 1000 AND unixepoch('now', '-1 day') * 1000
           AND listeners_read
         ORDER BY taken_ms DESC LIMIT 1) AS past_id
    FROM latest
    WHERE latest.listeners_read
)
SELECT
    compared.host,
    listener.protocol,
    listener.address,
    listener.port,
    datetime(compared.taken_ms / 1000, 'unixepoch') AS taken
FROM compared
JOIN listener ON listener.sample_id = compared.newest_id
WHERE compared.past_id IS NOT NULL   -- of the others nothing is known to compare with
  AND NOT EXISTS (
      SELECT 1 FROM listener AS past
      WHERE past.sample_id = compared.past_id
        AND past.protocol = listener.protocol AND past.address = listener.address AND past.port = listener.port
  )
ORDER BY compared.host, listener.protocol, listener.port, listener.address;
