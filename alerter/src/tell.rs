//! From incidents of which something is owed to mails in the outbox: who, what, once.
