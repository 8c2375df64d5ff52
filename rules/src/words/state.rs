//! The words for what a metric is about, and for states.

use sample::Metric;

/// How the problems of a metric are told.
pub(super) enum Story {
    /// A number and its limit.
    Number,
    /// It is bad, or it is not.
    State(State),
    /// How long the collector has been silent.
    Silence,
    /// How many are missing.
    Missing,
    /// What a check says.
    Check,
    /// How long it will take.
    Forecast,
    /// It happened, and that was it.
    Moment,
}

/// What is said of a state after the name of the thing.
pub(super) struct State {
    /// While it is bad: `is degraded`.
    pub(super) bad: &'static str,
    /// When it is over: `is whole again`.
    pub(super) over: &'static str,
    /// As a value: good, bad.
    value: [&'static str; 2],
}

/// What alerts are about, where that is not the metric's name.
const NOUNS: [(Metric, &str); 8] = [
    (Metric::Unreachable, "host"),
    (Metric::HostKey, "host key"),
    (Metric::DiskFull, "disk"),
    (Metric::ReadOnly, "mount"),
    (Metric::StuckMount, "mount"),
    (Metric::InterfaceDown, "interface"),
    (Metric::ClockUnsynchronized, "clock"),
    (Metric::RebootRequired, "reboot"),
];

/// What an alert of this metric is about, in front of the name of the thing.
pub(super) fn noun(metric: Metric) -> &'static str {
    let noun = NOUNS.iter().find(|(of, _)| *of == metric);
    noun.map_or(metric.name(), |(_, noun)| noun)
}

/// How the problems of this metric are told.
pub(super) fn story(metric: Metric) -> Story {
    use Metric as M;
    let state = |bad, over, value| Story::State(State { bad, over, value });
    match metric {
        M::Collector => Story::Silence,
        M::Unreachable => state("is unreachable", "is reachable again", ["reachable", "unreachable"]),
        M::Login => state("is refused", "works again", ["works", "refused"]),
        M::HostKey => {
            state("is not the one on file", "is the one on file again", ["as on file", "not the one on file"])
        }
        M::Probe => state("gives nothing usable", "works again", ["works", "gives nothing usable"]),
        M::Reboot | M::Gone => Story::Moment,
        M::Cpu | M::CpuCore | M::CpuIowait | M::CpuSteal | M::Load | M::Load5 | M::Load15 => Story::Number,
        M::Pressure | M::Memory | M::Swap | M::SwapIn | M::OomKills | M::Disk | M::Inodes => Story::Number,
        M::DiskFull => Story::Forecast,
        M::ReadOnly => state("can't be written", "can be written again", ["writable", "can't be written"]),
        M::StuckMount => state("does not answer", "answers again", ["answers", "does not answer"]),
        M::Array => state("is degraded", "is whole again", ["whole", "degraded"]),
        M::DiskBusy | M::DiskLatency | M::InterfaceIn | M::InterfaceOut | M::InterfaceErrors => Story::Number,
        M::InterfaceDrops | M::ListenDrops | M::Conntrack | M::FileHandles | M::Temperature | M::Fan => Story::Number,
        M::InterfaceDown => state("is down", "is up again", ["up", "down"]),
        M::Process => Story::Missing,
        M::Unit => state("is not active", "is active again", ["active", "not active"]),
        M::Check => Story::Check,
        M::Processes | M::Zombies | M::FailedUnits | M::Uptime | M::Clock | M::Users => Story::Number,
        M::ClockUnsynchronized => {
            state("is not synchronized", "is synchronized again", ["synchronized", "not synchronized"])
        }
        M::RebootRequired => state("is required", "is not required any more", ["not required", "required"]),
        M::SecurityUpdates => Story::Number,
    }
}

/// A state as a value.
pub(super) fn value(metric: Metric, value: f64) -> &'static str {
    if let Story::State(state) = story(metric) {
        return state.value[usize::from(value >= 1.0)];
    }
    match value {
        2.0.. => "critical",
        1.0.. => "warning",
        _ => "ok",
    }
}
