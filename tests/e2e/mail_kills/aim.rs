//! The mail server as killer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use harness::Step;
use rustix::process::{Pid, Signal, kill_process};

/// What the mail server is to do: kill a process at a step.
#[derive(Default)]
pub(super) struct Aim {
    pub(super) step: Mutex<Option<Step>>,
    /// So many times that step is passed before.
    pub(super) passes: AtomicU32,
    pub(super) delay_us: AtomicU64,
    pub(super) pid: AtomicU32,
    pub(super) has_killed: AtomicBool,
    /// Somebody has connected since this was last reset.
    pub(super) was_met: AtomicBool,
}

impl Aim {
    pub(super) fn at(&self, step: Step) {
        self.was_met.store(true, Ordering::SeqCst);
        let is_this = *self.step.lock().unwrap() == Some(step);
        if !is_this || self.has_killed.load(Ordering::SeqCst) {
            return;
        }
        let passes = self.passes.load(Ordering::SeqCst);
        if passes > 0 {
            return self.passes.store(passes - 1, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_micros(self.delay_us.load(Ordering::SeqCst)));
        // It is known a moment after the process began.
        let pid = std::iter::repeat_with(|| self.pid.load(Ordering::SeqCst)).find(|pid| *pid > 0).unwrap();
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        // Until the test has waited for it, the number belongs to this process even if it has ended.
        kill_process(pid, Signal::KILL).unwrap();
        self.has_killed.store(true, Ordering::SeqCst);
    }
}
