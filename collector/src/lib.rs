//! One run over the fleet: log in to every host, run the probe, take the envelopes home, open and store them.
//!
//! In the order of a visit: [`prepare`] → [`run`] → [`ssh`] → [`visit`] ([`place`] when cold) → [`answer`] →
//! [`unseal`] → [`recorder`]. Hosts are independent: whatever one does, the others finish.

pub mod answer;
pub mod clean;
pub mod cli;
pub mod clock;
mod failure;
pub mod import;
pub mod keys;
mod limits;
mod phase;
pub mod place;
pub mod prepare;
pub mod probe_file;
pub mod recorder;
pub mod run;
pub mod ssh;
pub mod unseal;
pub mod visit;
pub mod ways;
pub mod work_dir;

pub use failure::Failure;
