//! A thread of its own for the SMTP conversation, so that a deadline holds whatever the server does.
//!
//! A read timeout restarts with every byte; a server that drips would hold us for ever. Past the deadline the thread
//! is left to itself: what it still finds out nobody listens to, and its sends stop at the next step.

use std::cell::Cell;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rules::Recipient;
use tokio_util::sync::CancellationToken;

use super::session::{Progress, Session, TransferFailure};
use super::verdict::{Failure, Fault, Step};
use super::{Server, Timeouts};

/// How often a wait looks whether the program was told to end.
const LOOK: Duration = Duration::from_millis(250);

/// Carries mails over one connection for as long as the server keeps it.
pub(crate) struct Courier {
    jobs: Sender<Job>,
    /// Ends when the thread does.
    thread: Receiver<()>,
    stop: CancellationToken,
    attempt: Duration,
    grace: Duration,
    goodbye: Duration,
    /// The thread was left in mid-conversation, so nobody waits for its goodbye.
    is_left: Cell<bool>,
}

/// For how long an answer is waited for.
struct Patience<'a> {
    stop: &'a CancellationToken,
    grace: Duration,
    ends: Instant,
    is_interrupted: bool,
}

struct Job {
    to: Recipient,
    content: Vec<u8>,
    /// Without a buffer: a word that was sent was heard. So no mail is handed over after the deadline has passed.
    news: SyncSender<News>,
}

enum News {
    Progress(Progress),
    Ended(Result<String, Failure>),
}

impl Courier {
    /// Starts the thread; it connects with the first mail. `stop` ends a wait for the server.
    pub(crate) fn start(server: Server, stop: CancellationToken) -> Courier {
        let (jobs, orders) = mpsc::channel();
        let (alive, thread) = mpsc::channel();
        let Timeouts { attempt, grace, goodbye, .. } = server.timeouts;
        thread::spawn(move || {
            work(&server, &orders);
            drop(alive);
        });
        Courier { jobs, thread, stop, attempt, grace, goodbye, is_left: Cell::new(false) }
    }

    /// Sends one mail to one recipient; returns the server's answer. `watch` sees each step.
    pub(crate) fn send(
        &self,
        to: &Recipient,
        content: &[u8],
        mut watch: impl FnMut(&Progress),
    ) -> Result<String, Failure> {
        let (news, heard) = mpsc::sync_channel(0);
        let job = Job { to: to.clone(), content: content.to_owned(), news };
        if self.jobs.send(job).is_err() {
            return Err(ended_early(Step::Connect));
        }
        let mut patience = Patience::new(self);
        let mut step = Step::Connect;
        let fault = loop {
            let wait = match patience.left(step) {
                Ok(wait) => wait,
                Err(fault) => break fault,
            };
            match heard.recv_timeout(wait) {
                Ok(News::Ended(result)) => return result,
                Ok(News::Progress(progress)) => {
                    watch(&progress);
                    if let Progress::Begins(begun) = progress {
                        step = begun;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(ended_early(surely(step))),
            }
        };
        self.is_left.set(true);
        Err(Failure { step: surely(step), fault })
    }

    /// Closes the connection politely, within a short time.
    pub(crate) fn finish(self) {
        drop(self.jobs);
        if self.is_left.get() {
            return;
        }
        match self.thread.recv_timeout(self.goodbye) {
            Err(RecvTimeoutError::Disconnected) => {}
            Ok(()) | Err(RecvTimeoutError::Timeout) => tracing::debug!("the SMTP connection is left to itself"),
        }
    }
}

impl<'a> Patience<'a> {
    fn new(courier: &'a Courier) -> Patience<'a> {
        let Courier { stop, attempt, grace, .. } = courier;
        Patience { stop, grace: *grace, ends: Instant::now() + *attempt, is_interrupted: false }
    }

    /// Returns how long to wait before the next look, or why there is no more waiting.
    ///
    /// Told to end, only the answer to a message that may be handed over is worth a little time: without it the mail
    /// is sent twice.
    fn left(&mut self, step: Step) -> Result<Duration, Fault> {
        let now = Instant::now();
        if self.stop.is_cancelled() && !self.is_interrupted {
            self.is_interrupted = true;
            let grace = if step < Step::Content { Duration::ZERO } else { self.grace };
            self.ends = self.ends.min(now + grace);
        }
        match self.ends.saturating_duration_since(now) {
            Duration::ZERO if self.is_interrupted => Err(Fault::Interrupted),
            Duration::ZERO => Err(Fault::Silent),
            left => Ok(left.min(LOOK)),
        }
    }
}

/// From outside nobody can see whether the final dot is written already.
fn surely(step: Step) -> Step {
    if step == Step::Content { Step::FinalAnswer } else { step }
}

fn ended_early(step: Step) -> Failure {
    Failure { step, fault: Fault::Broken("the sending thread ended early".to_owned()) }
}

fn work(server: &Server, orders: &Receiver<Job>) {
    let mut session = None;
    for Job { to, content, news } in orders {
        let mut listen = |progress| news.send(News::Progress(progress)).is_ok();
        let result = send_on(&mut session, server, (&to, &content), &mut listen);
        if news.send(News::Ended(result)).is_err() {
            return;
        }
    }
    if let Some(session) = session {
        session.quit(server);
    }
}

/// Sends over the connection there is. Servers close idle ones, or after a number of mails: then once over a new one.
fn send_on(
    session: &mut Option<Session>,
    server: &Server,
    (to, content): (&Recipient, &[u8]),
    listen: &mut dyn FnMut(Progress) -> bool,
) -> Result<String, Failure> {
    let reused = session.is_some();
    let result = send_once(session, server, (to, content), listen);
    match result {
        Err(failure) if reused && was_closed(&failure) => {
            *session = None;
            send_once(session, server, (to, content), listen)
        }
        result => result,
    }
}

fn send_once(
    session: &mut Option<Session>,
    server: &Server,
    (to, content): (&Recipient, &[u8]),
    listen: &mut dyn FnMut(Progress) -> bool,
) -> Result<String, Failure> {
    let mut open = match session.take() {
        Some(open) => open,
        None => Session::open(server, listen)?,
    };
    match open.transfer(server, to, content, listen) {
        Ok(answer) => {
            *session = Some(open);
            Ok(answer)
        }
        Err(TransferFailure { failure, usable }) => {
            *session = usable.then_some(open);
            Err(failure)
        }
    }
}

/// At MAIL FROM nothing of this mail has been said yet.
fn was_closed(failure: &Failure) -> bool {
    failure.step == Step::Mail && matches!(failure.fault, Fault::Broken(_) | Fault::Refused { code: 421, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// What is left at that step with an hour for the attempt.
    fn left(step: Step, grace: Duration, is_told_to_end: bool) -> Result<Duration, Fault> {
        let stop = CancellationToken::new();
        if is_told_to_end {
            stop.cancel();
        }
        Patience { stop: &stop, grace, ends: Instant::now() + HOUR, is_interrupted: false }.left(step)
    }

    #[test]
    fn a_wait_looks_up_several_times_a_second() {
        assert_eq!(left(Step::Connect, HOUR, false), Ok(LOOK));
    }

    #[test]
    fn told_to_end_only_the_answer_to_the_message_is_waited_for_and_not_for_long() {
        for step in [Step::Connect, Step::StartTls, Step::Auth, Step::Mail, Step::Rcpt, Step::Data] {
            assert_eq!(left(step, HOUR, true), Err(Fault::Interrupted), "{step}");
        }
        assert_eq!(left(Step::Content, HOUR, true), Ok(LOOK));
        assert_eq!(left(Step::Content, Duration::ZERO, true), Err(Fault::Interrupted));
    }

    #[test]
    fn the_grace_does_not_begin_anew_with_each_look() {
        let stop = CancellationToken::new();
        stop.cancel();
        let mut patience = Patience { stop: &stop, grace: HOUR, ends: Instant::now() + HOUR, is_interrupted: false };
        assert_eq!(patience.left(Step::Content), Ok(LOOK));
        patience.ends = Instant::now();
        assert_eq!(patience.left(Step::Content), Err(Fault::Interrupted));
    }
}
