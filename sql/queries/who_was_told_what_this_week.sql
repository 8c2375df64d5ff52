-- Who was told what in the last week, and when?
--
-- sqlite3 -readonly -box fleet.db < who_was_told_what_this_week.sql

SELECT
    datetime(coalesce(delivery.sent_ms, delivery.ended_ms, delivery.tried_ms) / 1000, 'unixepoch') AS told,
    delivery.recipient,
    notice.kind              AS what,
    notice.severity,
    host.name                AS host,
    alert.metric,
    alert.instance,
    notice.incident_id       AS incident,
    delivery.state           -- unknown: the server may have it; failed: it refused for good
FROM mail
JOIN delivery ON delivery.mail_id = mail.id
JOIN notice ON notice.mail_id = mail.id
JOIN incident ON incident.id = notice.incident_id
JOIN alert ON alert.id = incident.alert_id
LEFT JOIN host ON host.id = alert.host_id
WHERE mail.kind = 'alerts' AND mail.created_ms > unixepoch('now', '-7 days') * 1000
AND delivery.state IN ('sent', 'unknown', 'sending', 'failed', 'suppressed')
ORDER BY told DESC, delivery.recipient, notice.incident_id;
