//! The probe: what runs on a monitored host.
//!
//! It measures the host, seals the result to the collector's public key, keeps the sealed envelope until the
//! collector says that it has it, and hands it out. It opens no socket and writes only below the directory that it
//! lies in:
//!
//! ```text
//! probe-<digest>                 the program, by the collector; other versions go after 7 unused days
//! fleet-probe                    link to one of them, by the collector, for the host's crontab; that one stays
//! keys/<key id>.pub              public keys, by the collector
//! spool/<16 hex>/                one for each key and host name
//!     target.json                for whom this spool is kept; former.json once it is not fed any more
//!     counter.json               the spool's life, its last sequence number, and what it owes the server
//!     <20 digits>.fhe            envelopes, by sequence number
//!     lock                       held while a probe works here
//! notes/                         what one run leaves for the next; may be lost at any time
//! ```
//!
//! It starts these programs of the host, each with a deadline, no input and an environment of its own: `systemctl`
//! where systemd has booted, `chronyc` where chrony keeps the clock, `journalctl` where error lines are wanted, and the
//! host's own checks, which lie in `~/.config/fleet-health/checks.d` and may do whatever the account may.

mod deadline;
mod durable;
mod error;
mod former;
mod home;
mod measure;
mod notes;
mod sealing;
mod spool;
mod target;
mod unattended;
mod visit;

pub use deadline::exit_after;
pub use error::ProbeError;
pub use home::Home;
#[cfg(target_os = "linux")]
pub use measure::{ASK_MOUNTS, CHECKS, answer_for_checks, answer_for_mounts};
pub use unattended::sample;
pub use visit::run;

/// The probe's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
