//! SIGINT and SIGTERM: the first ends the work in good order, the second ends the program.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

const SIGINT: u8 = 2;
const SIGTERM: u8 = 15;
const SIGNALLED: i32 = 128;

/// Says whether and by which signal the program was asked to end.
#[derive(Clone, Default)]
pub struct Interrupt {
    /// Cancelled by the first signal.
    pub token: CancellationToken,
    signal: Arc<AtomicU8>,
}

impl Interrupt {
    /// Starts to listen; needs a tokio runtime.
    ///
    /// # Errors
    /// The system lets no handler be set.
    pub fn listen() -> std::io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (token, number) = (interrupt.token.clone(), interrupt.signal.clone());
        tokio::spawn(async move {
            loop {
                let caught = tokio::select! {
                    _ = int.recv() => SIGINT,
                    _ = term.recv() => SIGTERM,
                };
                if token.is_cancelled() {
                    std::process::exit(SIGNALLED + i32::from(caught));
                }
                number.store(caught, Ordering::Relaxed);
                token.cancel();
                announce(caught, std::io::stderr().is_terminal());
            }
        });
        Ok(interrupt)
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<u8> {
        Some(self.signal.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }
}

/// Who sits before a terminal may wonder why nothing ends. What cron mails is for troubles.
pub(crate) fn announce(signal: u8, somebody_looks_on: bool) {
    const MESSAGE: &str = "ending after the work at hand; once more to end at once";
    if somebody_looks_on {
        tracing::warn!(signal, "{MESSAGE}");
    } else {
        tracing::info!(signal, "{MESSAGE}");
    }
}
