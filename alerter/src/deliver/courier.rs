//! A thread of its own for the SMTP conversation, so that a deadline holds whatever the server does.
//!
//! A read timeout restarts with every byte; a server that drips would hold us for ever. Past the deadline the thread
//! is left to itself: what it still finds out nobody listens to, and its sends stop at the next step.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rules::Recipient;

use super::Server;
use super::session::{Progress, Session, TransferFailure};
use super::verdict::{Failure, Fault, Step};

/// Carries mails over one connection for as long as the server keeps it.
pub(crate) struct Courier {
    jobs: Sender<Job>,
    /// Ends when the thread does.
    thread: Receiver<()>,
    attempt: Duration,
    goodbye: Duration,
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
    /// Starts the thread; it connects with the first mail.
    pub(crate) fn start(server: Server) -> Courier {
        let (jobs, orders) = mpsc::channel();
        let (alive, thread) = mpsc::channel();
        let (attempt, goodbye) = (server.timeouts.attempt, server.timeouts.goodbye);
        thread::spawn(move || {
            work(&server, &orders);
            drop(alive);
        });
        Courier { jobs, thread, attempt, goodbye }
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
        let deadline = Instant::now() + self.attempt;
        let mut step = Step::Connect;
        loop {
            match heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(News::Ended(result)) => return result,
                Ok(News::Progress(progress)) => {
                    watch(&progress);
                    if let Progress::Begins(begun) = progress {
                        step = begun;
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(Failure { step: surely(step), fault: Fault::Silent }),
                Err(RecvTimeoutError::Disconnected) => return Err(ended_early(surely(step))),
            }
        }
    }

    /// Closes the connection politely, within a short time.
    pub(crate) fn finish(self) {
        drop(self.jobs);
        match self.thread.recv_timeout(self.goodbye) {
            Err(RecvTimeoutError::Disconnected) => {}
            Ok(()) | Err(RecvTimeoutError::Timeout) => tracing::debug!("the SMTP connection is left to itself"),
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
