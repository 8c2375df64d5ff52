//! What an alert is: the rules, the states they can be in, and the functions that lead from state to state.
//!
//! Everything here is pure: no I/O, no clock, no configuration. Time is *sample* time, an argument; so an alerter
//! that was off for a week comes to the same states and events as one that ran all along.
//!
//! In reading order: a [`Rule`] is compared with what is [`observe`]d, [`step`] leads an alert from state to state,
//! [`judge`] does so for everything of a host. Events open and end an [`Incident`]; [`notify`] decides who is told what
//! of it, and [`round`] makes one mail for each recipient of that.

mod builtin;
mod familiar;
mod forecast;
mod hours;
mod incident;
mod judge;
mod ledger;
mod notify;
mod observe;
mod quiet;
mod recipient;
mod rule;
mod severity;
mod step;
mod stored;
mod telling;
mod wildcard;
pub mod words;
mod zone;

pub use builtin::{builtin, builtin_of_the_fleet};
pub use familiar::Familiar;
pub use forecast::{Forecast, FreeSpace, MOST_POINTS, WINDOW, forecast};
pub use hours::{Hours, ParseHoursError};
pub use incident::{Ack, End, Incident, NoticeKind, Reach, Told};
pub use judge::{Change, Watch, judge, watching};
pub use ledger::Ledger;
pub use notify::{Circumstances, Decision, Held, Mailbox, Outages, Post, Round, Why, is_late, notify, round};
pub use observe::{Instance, Observed, Seen, observe};
pub use quiet::{InvalidMaintenance, Maintenance, Silence};
pub use recipient::{ParseRecipientError, Recipient};
pub use rule::{AlertKey, Hold, InvalidRule, Level, Rule, RuleKey, Selector, Side};
pub use severity::{ParseSeverityError, Severity};
pub use step::{AlertState, Event, EventKind, Observation, Problem, Run, Switch, step, withdraw};
pub use stored::ParseMemoryError;
pub use telling::{Escalation, Repeat, Repeats, Telling};
pub use wildcard::wildcard_match;
pub use zone::{ParseZoneError, Zone};
