//! The vocabulary every other crate speaks: who was measured, when, what was found, and how a visit ended.
//!
//! This crate does no I/O and reads no clock. A reading that could not be taken is absent, never zero.

mod counters;
mod host_name;
mod id;
mod metric;
mod outcome;
mod range;
mod rates;
mod readings;
mod sample;
mod scope;
mod text;
mod timestamp;
pub mod wire;

pub use counters::{CoreCounters, Counters, CpuCounters, DiskCounters, InterfaceCounters, PressureCounters};
pub use host_name::{HostName, ParseHostNameError};
pub use id::{KeyId, Nonce, ParseIdError, SampleId, SpoolId};
pub use metric::{Metric, ParseMetricError, Selectors, Unit};
pub use outcome::{Outcome, OutcomeKind, ParseOutcomeKindError, Rejection};
pub use rates::{Baseline, DiskRates, InterfaceRates, Pressure, Rates};
pub use readings::{
    Array, Check, CheckState, CheckValue, Container, Cpu, Fan, Filesystem, Listener, Load, Log, LogLine, Memory,
    ParseCheckStateError, Processes, Readings, RebootRequired, StuckMount, Swap, SystemdUnit, Temperature, TopProcess,
    Usage, WantedProcess, most,
};
pub use sample::{Boot, Facts, Sample, SampleError};
pub use scope::{ProcessWish, Scope};
pub use text::{Untrusted, plain};
pub use timestamp::Timestamp;
