//! What an alert is: the rules, the states they can be in, and the one function that leads from state to state.
//!
//! Everything here is pure: no I/O, no clock, no configuration. Time is *sample* time, an argument; so an alerter
//! that was off for a week comes to the same states and events as one that ran all along.

mod observe;
mod recipient;
mod rule;
mod step;

pub use observe::{Instance, observe};
pub use recipient::{ParseRecipientError, Recipient};
pub use rule::{AlertKey, InvalidRule, Rule, RuleKey, Selector};
pub use step::{AlertState, Event, EventKind, Observation, step, withdraw};
