-- Which incidents of the last month was nobody told of, and why?
--
-- sqlite3 -readonly -box fleet.db < incidents_nobody_was_told_of.sql

SELECT
    incidents.id,
    datetime(incidents.opened_ms / 1000, 'unixepoch') AS opened,
    datetime(incidents.ended_ms / 1000, 'unixepoch')  AS ended,
    incidents.host,
    incidents.metric,
    incidents.instance,
    incidents.severity,
    CASE
        WHEN incidents.untold IS NOT NULL THEN incidents.untold
        WHEN incident.recipients = '' THEN 'no_recipient'
        WHEN EXISTS (
            SELECT 1 FROM notice JOIN delivery ON delivery.mail_id = notice.mail_id
            WHERE notice.incident_id = incidents.id AND delivery.state IN ('pending', 'retry')
        ) THEN 'its mail waits'
        WHEN EXISTS (
            SELECT 1 FROM notice JOIN delivery ON delivery.mail_id = notice.mail_id
            WHERE notice.incident_id = incidents.id AND delivery.state = 'expired'
        ) THEN 'its mail was given up'
        WHEN EXISTS (
            SELECT 1 FROM notice JOIN delivery ON delivery.mail_id = notice.mail_id
            WHERE notice.incident_id = incidents.id AND delivery.state = 'failed'
        ) THEN 'its mail was refused'
        WHEN incidents.times_lost > 0 THEN 'its mail was dropped'
        ELSE 'held back for now'
    END                                               AS why
FROM incidents
JOIN incident ON incident.id = incidents.id
WHERE incidents.opened_ms > unixepoch('now', '-30 days') * 1000 AND incidents.times_told = 0
ORDER BY incidents.opened_ms DESC, incidents.id DESC;
