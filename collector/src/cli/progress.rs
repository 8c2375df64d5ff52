//! What a person at a terminal sees while a run is under way: one line, redrawn in place on standard error.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sample::HostName;

use super::under_way::UnderWay;

/// How often the line is brought up to date.
pub(super) const REDRAWN: Duration = Duration::from_millis(100);
const REDRAWN_HZ: u8 = 10;
const NAMED: usize = 3;
const BAR_WIDTH: usize = 20;

/// The line on standard error, of which a process has one: whatever else is printed must go above it.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Prints something without tearing the progress line.
pub(super) fn above<T>(print: impl FnOnce() -> T) -> T {
    let bar = shown().clone();
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

fn shown() -> MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether standard error is a terminal that does more than print one line after the other.
pub(super) fn can_redraw() -> bool {
    let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stderr().is_terminal() && !dumb
}

/// How far a run is.
#[derive(Debug, Default)]
pub(super) struct Count {
    hosts: AtomicUsize,
    ok: AtomicUsize,
    failed: AtomicUsize,
    under_way: UnderWay,
}

impl Count {
    pub(super) fn selected(&self, hosts: usize) {
        self.hosts.store(hosts, Ordering::Relaxed);
    }

    pub(super) fn started(&self, host: &HostName) {
        self.under_way.begin(host);
    }

    pub(super) fn finished(&self, host: &HostName, ok: bool) {
        self.under_way.end(host);
        if ok { &self.ok } else { &self.failed }.fetch_add(1, Ordering::Relaxed);
    }

    fn line(&self, elapsed: Duration) -> String {
        let [hosts, ok, failed] = [&self.hosts, &self.ok, &self.failed].map(|count| count.load(Ordering::Relaxed));
        line(hosts, (ok, failed), elapsed, &self.under_way.slowest(NAMED))
    }
}

/// The progress line; it is gone when this is dropped.
///
/// Drawing it waits for the terminal, so only a thread that nobody waits for may have it.
pub(super) struct Progress {
    bar: ProgressBar,
    count: Arc<Count>,
    began: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    /// Shows the line.
    pub(super) fn start(count: Arc<Count>) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(REDRAWN_HZ));
        let whole_width = "{wide_msg}";
        bar.set_style(ProgressStyle::with_template(whole_width).expect("the template is well-formed"));
        *shown() = Some(bar.clone());
        Progress { bar, count, began: Instant::now(), drawn: None }
    }

    /// Brings the line up to date, unless that was done just now.
    pub(super) fn redraw(&mut self) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAWN) {
            return;
        }
        self.drawn = Some(Instant::now());
        self.bar.set_message(self.count.line(self.began.elapsed()));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        *shown() = None;
        self.bar.finish_and_clear();
    }
}

fn line(hosts: usize, (ok, failed): (usize, usize), elapsed: Duration, slowest: &[(HostName, Duration)]) -> String {
    let done = ok + failed;
    let filled = (done * BAR_WIDTH / hosts.max(1)).min(BAR_WIDTH);
    let (filled, empty) = ("#".repeat(filled), "-".repeat(BAR_WIDTH - filled));
    let mut line = format!("[{filled}{empty}] {done}/{hosts} hosts, {ok} ok, {failed} failed, {} s", elapsed.as_secs());
    for (index, (host, since)) in slowest.iter().enumerate() {
        let lead = if index == 0 { "; waiting for" } else { "," };
        write!(line, "{lead} {host} {} s", since.as_secs()).expect("writing to a string never fails");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_the_run_is_and_whom_it_waits_for() {
        let slowest = [("db7", 41), ("web3", 12)].map(|(name, s)| (name.parse().unwrap(), Duration::from_secs(s)));
        assert_eq!(
            line(100, (45, 5), Duration::from_secs(43), &slowest),
            "[##########----------] 50/100 hosts, 45 ok, 5 failed, 43 s; waiting for db7 41 s, web3 12 s"
        );
        assert_eq!(line(0, (0, 0), Duration::ZERO, &[]), "[--------------------] 0/0 hosts, 0 ok, 0 failed, 0 s");
    }
}
