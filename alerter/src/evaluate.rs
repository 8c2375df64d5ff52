//! From rows that were not treated yet to states, events and treated marks.
//!
//! Whatever the rows say, each is treated: also those without a violation, and those of hosts that nobody watches
//! any more. So a backlog is worked off once, and never again.
