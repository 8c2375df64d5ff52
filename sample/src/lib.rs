//! The vocabulary every other crate speaks: who was measured, when, what was found, and how a visit ended.
//!
//! This crate does no I/O and reads no clock. A reading that could not be taken is absent, never zero.

mod host_name;
mod id;
mod metric;
mod outcome;
mod readings;
mod sample;
mod text;
mod timestamp;
pub mod wire;

pub use host_name::{HostName, ParseHostNameError};
pub use id::{KeyId, Nonce, ParseIdError, SampleId, SpoolId};
pub use metric::{Metric, ParseMetricError, Selectors, Unit};
pub use outcome::{Outcome, OutcomeKind, ParseOutcomeKindError, Rejection};
pub use readings::{Cpu, Filesystem, Load, Memory, Readings, Swap};
pub use sample::{Boot, Facts, Sample, SampleError};
pub use text::Untrusted;
pub use timestamp::Timestamp;
