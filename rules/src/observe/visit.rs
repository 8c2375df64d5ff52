//! What the end of a visit says about the host.

use sample::{Metric, OutcomeKind};

/// The stages of a visit, each of which has to succeed for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Reach,
    Identify,
    LogIn,
    Probe,
    Done,
}

const METRICS: [(Metric, Stage); 4] = [
    (Metric::Unreachable, Stage::Reach),
    (Metric::HostKey, Stage::Identify),
    (Metric::Login, Stage::LogIn),
    (Metric::Probe, Stage::Probe),
];

/// 1: the visit failed in the stage that the metric is about. 0: it came further. Nothing: it did not come that far.
pub(super) fn value(metric: Metric, kind: OutcomeKind) -> Option<f64> {
    let (_, stage) = METRICS.into_iter().find(|(of_the_stage, _)| *of_the_stage == metric)?;
    let reached = reached(kind)?;
    (stage <= reached).then(|| f64::from(u8::from(stage == reached)))
}

/// The stage in which it failed. Nothing where the fault is ours, or nobody's.
fn reached(kind: OutcomeKind) -> Option<Stage> {
    use OutcomeKind as K;
    Some(match kind {
        K::JumpFailed | K::DnsFailed | K::ConnectRefused | K::Unreachable | K::ConnectTimeout => Stage::Reach,
        // It answers, but does not let itself be visited: for people that is the same trouble.
        K::Throttled | K::HandshakeFailed | K::HandshakeTimeout | K::SessionLost | K::HostTimeout => Stage::Reach,
        K::HostKeyUnknown | K::HostKeyChanged | K::HostKeyRevoked => Stage::Identify,
        K::AuthFailed | K::AuthTimeout => Stage::LogIn,
        K::ShellUnusable | K::NoWorkDir | K::ArchUnsupported | K::ProbeFailed => Stage::Probe,
        K::CommandTimeout | K::EnvelopeRejected => Stage::Probe,
        K::Ok => Stage::Done,
        K::Cancelled | K::Internal => return None,
    })
}
