//! One SMTP connection, driven command by command so that each step's answer is known.
//!
//! The only file that names lettre's SMTP client. Its own `send` gives all recipients up at the first that is
//! refused, and tells neither which step failed nor whether the mail was handed over.

use std::cell::Cell;
use std::error::Error as _;
use std::io;
use std::iter;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::response::{Response, Severity};

use config::Security;
use rules::Recipient;
use sample::Untrusted;

use super::Server;
use super::verdict::{Failure, Fault, Step};

/// What the conversation has come to. Whoever listens may have given up: then false comes back, and nothing further
/// is sent.
pub(crate) type Listener<'a> = &'a mut dyn FnMut(Progress) -> bool;

/// A point in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The step begins.
    Begins(Step),
    /// The step succeeded, with the server's words.
    Passed(Step, String),
}

/// A connection that is ready for a mail.
pub(crate) struct Session {
    connection: SmtpConnection,
    /// The mail before was refused in mid-transaction.
    needs_reset: bool,
}

/// A transfer that failed, and whether the connection can carry the next mail.
pub(crate) struct TransferFailure {
    pub(crate) failure: Failure,
    pub(crate) usable: bool,
}

impl Session {
    /// Connects, upgrades to TLS and logs in, as the server's settings demand.
    pub(crate) fn open(server: &Server, listen: Listener<'_>) -> Result<Session, Failure> {
        begin(Step::Connect, listen)?;
        let immediate_tls = server.tls.as_ref().filter(|_| server.security == Security::Tls);
        let address = (server.host.as_str(), server.port);
        let timeout = Some(server.timeouts.connect);
        let connection = SmtpConnection::connect(address, timeout, &server.hello, immediate_tls, None)
            .map_err(|error| failure(Step::Connect, &error))?;
        let mut session = Session { connection, needs_reset: false };
        let greeting = session.connection.server_info().name().to_owned();
        pass(Step::Connect, greeting, listen)?;
        session.wait_at_most(server.timeouts.command, Step::Connect)?;
        session.secure(server, listen)?;
        session.log_in(server, listen)?;
        Ok(session)
    }

    /// Sends one mail to one recipient and returns the server's answer to it.
    ///
    /// lettre writes "CR LF . CR LF" after the content, so the content's own last line break is left to it: each
    /// attempt carries exactly the stored bytes.
    pub(crate) fn transfer(
        &mut self,
        server: &Server,
        to: &Recipient,
        content: &[u8],
        listen: Listener<'_>,
    ) -> Result<String, TransferFailure> {
        let result = self
            .mail_from(server, listen)
            .and_then(|()| self.rcpt_to(to, listen))
            .and_then(|()| self.data(listen))
            .and_then(|()| self.content(server, content, listen));
        result.map_err(|failure| {
            let usable = matches!(failure.fault, Fault::Refused { code, .. } if code != 421);
            self.needs_reset = usable;
            TransferFailure { failure, usable }
        })
    }

    /// Says goodbye. The server need not answer: all mails have their answers.
    pub(crate) fn quit(mut self, server: &Server) {
        if self.wait_at_most(server.timeouts.goodbye, Step::Connect).is_ok() {
            // Nothing depends on the answer.
            drop(self.connection.quit());
        }
    }

    /// Upgrades to TLS where the settings say so. A server that does not offer it gets nothing, for somebody in between
    /// may have taken the offer out.
    ///
    /// lettre does not discard what came in plain text before the handshake, so somebody in between can still put
    /// words into the server's mouth (the class of CVE-2021-38371): a mail may be lost, none can be read. TLS from the
    /// first byte has no such gap.
    fn secure(&mut self, server: &Server, listen: Listener<'_>) -> Result<(), Failure> {
        let (Security::StartTls, Some(tls)) = (server.security, &server.tls) else { return Ok(()) };
        begin(Step::StartTls, listen)?;
        if !self.connection.can_starttls() {
            let fault = Fault::Insecure("the server does not offer STARTTLS, so nothing was sent");
            return Err(Failure { step: Step::StartTls, fault });
        }
        self.connection.starttls(tls, &server.hello).map_err(|error| failure(Step::StartTls, &error))?;
        pass(Step::StartTls, "encrypted".to_owned(), listen)
    }

    fn log_in(&mut self, server: &Server, listen: Listener<'_>) -> Result<(), Failure> {
        let Some(credentials) = &server.credentials else { return Ok(()) };
        begin(Step::Auth, listen)?;
        if !self.connection.is_encrypted() && !server.is_loopback {
            let fault = Fault::Insecure("the password would be sent in plain text, so it was not");
            return Err(Failure { step: Step::Auth, fault });
        }
        let answer = self
            .connection
            .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
            .map_err(|error| failure(Step::Auth, &error))?;
        pass(Step::Auth, words(&answer), listen)
    }

    fn mail_from(&mut self, server: &Server, listen: Listener<'_>) -> Result<(), Failure> {
        begin(Step::Mail, listen)?;
        self.wait_at_most(server.timeouts.command, Step::Mail)?;
        self.reset()?;
        let answer = self.connection.command(Mail::new(Some(server.from.clone()), vec![]));
        pass(Step::Mail, expect(Step::Mail, Severity::PositiveCompletion, answer)?, listen)
    }

    fn rcpt_to(&mut self, to: &Recipient, listen: Listener<'_>) -> Result<(), Failure> {
        begin(Step::Rcpt, listen)?;
        let answer = self.connection.command(Rcpt::new(address(to), vec![]));
        pass(Step::Rcpt, expect(Step::Rcpt, Severity::PositiveCompletion, answer)?, listen)
    }

    fn data(&mut self, listen: Listener<'_>) -> Result<(), Failure> {
        begin(Step::Data, listen)?;
        let answer = self.connection.command(Data);
        pass(Step::Data, expect(Step::Data, Severity::PositiveIntermediate, answer)?, listen)
    }

    fn content(&mut self, server: &Server, content: &[u8], listen: Listener<'_>) -> Result<String, Failure> {
        begin(Step::Content, listen)?;
        self.wait_at_most(server.timeouts.final_answer, Step::Content)?;
        let content = content.strip_suffix(b"\r\n").unwrap_or(content);
        // lettre asks for the next part when the one before is written; after the last it writes the final dot.
        let before_dot = Cell::new(true);
        let end = iter::from_fn(|| {
            before_dot.set(false);
            None
        });
        let answer = self.connection.message_iter(iter::once(content).chain(end));
        let step = if before_dot.get() { Step::Content } else { Step::FinalAnswer };
        expect(step, Severity::PositiveCompletion, answer)
    }

    /// Leads out of the transaction of a refused mail. Not before the next one needs it: the answer to the refused
    /// one is known by then, and no silence here can take it back.
    fn reset(&mut self) -> Result<(), Failure> {
        if !std::mem::take(&mut self.needs_reset) {
            return Ok(());
        }
        self.connection.command(Rset).map_err(|error| {
            let mut failure = failure(Step::Mail, &error);
            // A no to this is not about the sender; it makes the connection useless.
            if let Fault::Refused { .. } = failure.fault {
                failure.fault = Fault::Broken(format!("RSET: {}", failure.fault));
            }
            failure
        })?;
        Ok(())
    }

    fn wait_at_most(&mut self, timeout: std::time::Duration, step: Step) -> Result<(), Failure> {
        let set = self.connection.set_timeout(Some(timeout));
        set.map_err(|error| Failure { step, fault: Fault::Broken(error.to_string()) })
    }
}

/// The address for SMTP commands and headers.
///
/// lettre's own parser knows other rules; [`Recipient`]'s alphabet has nothing that means anything in either place.
pub(crate) fn address(recipient: &Recipient) -> Address {
    let (local, domain) = recipient.as_str().rsplit_once('@').expect("a Recipient has an @");
    Address::new_dangerous(local, domain)
}

fn begin(step: Step, listen: Listener<'_>) -> Result<(), Failure> {
    go_on(step, listen(Progress::Begins(step)))
}

fn pass(step: Step, words: String, listen: Listener<'_>) -> Result<(), Failure> {
    go_on(step, listen(Progress::Passed(step, words)))
}

fn go_on(step: Step, wanted: bool) -> Result<(), Failure> {
    if wanted { Ok(()) } else { Err(Failure { step, fault: Fault::Broken("given up".to_owned()) }) }
}

/// lettre takes any 2xx or 3xx for a yes.
fn expect(step: Step, severity: Severity, answer: Result<Response, Error>) -> Result<String, Failure> {
    let answer = answer.map_err(|error| failure(step, &error))?;
    if answer.code().severity != severity {
        return Err(Failure { step, fault: Fault::Broken(format!("unexpected answer {}", words(&answer))) });
    }
    Ok(words(&answer))
}

fn words(answer: &Response) -> String {
    let text: Vec<&str> = answer.message().collect();
    format!("{} {}", answer.code(), Untrusted(&text.join(" ")))
}

fn failure(step: Step, error: &Error) -> Failure {
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let fault = match error.status() {
        Some(code) => Fault::Refused { code: code.into(), text },
        None if is_timeout(error) => Fault::Silent,
        None if text == "incomplete response" => Fault::Broken("the server closed the connection".to_owned()),
        None => Fault::Broken(text),
    };
    Failure { step, fault }
}

/// lettre's `is_timeout` knows `TimedOut` only; a read that times out on Unix is a `WouldBlock`.
fn is_timeout(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock);
        }
        cause = error.source();
    }
    false
}
