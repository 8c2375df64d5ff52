//! The end of patience: a probe that hangs must not stay on the host.

use std::io::{self, Write};
use std::process;
use std::thread;
use std::time::Duration;

/// Ends this process with exit code 1 when `limit` has passed, whatever it is doing then.
pub fn exit_after(limit: Duration) {
    after(limit, move || {
        let said = writeln!(io::stderr(), "fleet-probe: gave up after {} s", limit.as_secs());
        // With nobody listening the exit code alone has to tell.
        drop(said);
        process::exit(1);
    });
}

fn after(limit: Duration, act: impl FnOnce() + Send + 'static) {
    let watch = thread::Builder::new().spawn(move || {
        thread::sleep(limit);
        act();
    });
    // A host that gives no thread is measured all the same; the collector's own deadline remains.
    drop(watch);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_deadline_acts_while_the_program_hangs() {
        let (send, receive) = mpsc::channel();
        after(Duration::from_millis(1), move || send.send(()).unwrap());
        receive.recv().unwrap();
    }
}
