//! From rows that nobody has treated yet to mails that were delivered.
//!
//! One run has three stages, each committed before the next begins: [`mod@evaluate`] turns rows into states and
//! events, [`compose`] turns events into mails, [`deliver`] sends what is due. A run that was killed anywhere is taken
//! up by the next one; nothing is lost between two stages, since each begins with what the one before left behind.

mod beside;
mod check;
pub mod cli;
mod clock;
mod collector_watch;
pub mod compose;
pub mod deliver;
mod details;
mod digest;
mod dry_run;
pub mod evaluate;
mod run;
mod setting;
mod surroundings;
mod tell;
mod test_mail;

pub use check::{Checked, check};
pub use digest::digest;
pub use dry_run::{Forecast, dry_run};
pub use run::{Report, RunError, run};
pub use setting::Setting;
pub use surroundings::Surroundings;
pub use test_mail::{TestMailError, test_mail};
