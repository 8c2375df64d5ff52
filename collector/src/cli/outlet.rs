//! Standard output during runs. A thread of its own writes to it and draws the progress line: whoever reads the
//! results may take any time (`| less`, ^S), and no visit, commit or signal waits for that.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use tokio::sync::oneshot;

use super::progress::{self, Count, Progress, REDRAWN};
use super::report::write_line;

/// Lines that wait for a reader, at most: more than a run has hosts. Only a schedule whose output nobody reads gets
/// there, and must not take all memory.
const MOST_WAITING: usize = 1 << 18;

/// Takes what is to be printed, and never waits.
#[derive(Clone)]
pub(super) struct Outlet {
    orders: Sender<Order>,
    backlog: Arc<Backlog>,
}

enum Order {
    Print(String),
    ShowProgress(Arc<Count>),
    ClearProgress,
    /// Everything before this is done.
    Reached(oneshot::Sender<()>),
}

#[derive(Default)]
struct Backlog {
    waiting: AtomicUsize,
    lost: AtomicBool,
}

impl Outlet {
    /// Starts the thread, which ends when nobody has an outlet to it any more.
    ///
    /// # Errors
    /// The system starts no thread.
    pub(super) fn start() -> io::Result<Outlet> {
        let (orders, received) = channel();
        let backlog = Arc::<Backlog>::default();
        let shared = backlog.clone();
        thread::Builder::new().name("outlet".to_owned()).spawn(move || work(&received, &shared))?;
        Ok(Outlet { orders, backlog })
    }

    /// Prints a line, some time.
    pub(super) fn print(&self, line: String) {
        if self.backlog.waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING {
            self.order(Order::Print(line));
        } else {
            self.backlog.waiting.fetch_sub(1, Ordering::Relaxed);
            self.backlog.lost.store(true, Ordering::Relaxed);
        }
    }

    /// Shows how far the run is, until it is cleared.
    pub(super) fn show_progress(&self, count: Arc<Count>) {
        self.order(Order::ShowProgress(count));
    }

    pub(super) fn clear_progress(&self) {
        self.order(Order::ClearProgress);
    }

    /// Waits until everything is printed, but not longer than `enough` takes. Returns whether all the lines since the
    /// last time have been written.
    pub(super) async fn is_written(&self, enough: impl Future<Output = ()>) -> bool {
        let (reached, everything) = oneshot::channel();
        self.order(Order::Reached(reached));
        tokio::select! {
            biased;
            done = everything => done.is_ok() && !self.backlog.lost.swap(false, Ordering::Relaxed),
            () = enough => false,
        }
    }

    fn order(&self, order: Order) {
        // Without the thread, which has panicked then, nothing is written, and `is_written` says so.
        drop(self.orders.send(order));
    }
}

fn work(orders: &Receiver<Order>, backlog: &Backlog) {
    // What is printed elsewhere than where the line is drawn does not tear it.
    let print: fn(&str) -> io::Result<()> =
        if io::stdout().is_terminal() { |line| progress::above(|| write_line(line)) } else { write_line };
    let mut progress = None;
    while let Some(order) = next(orders, progress.as_mut()) {
        match order {
            Order::Print(line) => {
                if print(&line).is_err() {
                    backlog.lost.store(true, Ordering::Relaxed);
                }
                backlog.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            Order::ShowProgress(count) => progress = Some(Progress::start(count)),
            Order::ClearProgress => progress = None,
            // Whoever waited for it may have had enough.
            Order::Reached(waiting) => drop(waiting.send(())),
        }
    }
}

/// The next order. Until it comes, the progress line is kept up to date.
fn next(orders: &Receiver<Order>, progress: Option<&mut Progress>) -> Option<Order> {
    let Some(progress) = progress else { return orders.recv().ok() };
    loop {
        progress.redraw();
        match orders.recv_timeout(REDRAWN) {
            Ok(order) => return Some(order),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}
