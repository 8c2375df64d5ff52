//! An SMTP server on a port of its own that does at each verb what a script says, and tells what it heard.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Connect,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The message, up to its final dot.
    Message,
    /// Anything else.
    Other,
}

/// What the server was told, and when.
#[derive(Clone, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) verb: Verb,
    /// The line; for a message its Message-ID.
    pub(crate) line: &'a str,
    /// Counts connections from 0.
    pub(crate) connection: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// What a friendly server says.
    Usual,
    /// This line instead.
    Say(&'static str),
    /// This line, and then the connection is closed.
    SayAndClose(&'static str),
    Close,
    /// Nothing, for as long as the client stays.
    Stall,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A line, as the client sent it.
    Line(String),
    /// A message, without the dots that protect its lines. Taken: the answer was 250.
    Mail { from: String, to: Vec<String>, content: Vec<u8>, taken: bool },
}

pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    heard: Receiver<Heard>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

type Script = dyn Fn(&Said<'_>) -> Answer + Send + Sync;

impl SmtpServer {
    /// A server that takes everything.
    pub(crate) fn friendly() -> SmtpServer {
        SmtpServer::start(|_| Answer::Usual)
    }

    pub(crate) fn start(script: impl Fn(&Said<'_>) -> Answer + Send + Sync + 'static) -> SmtpServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (hear, heard) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let (script, stopped): (Arc<Script>, _) = (Arc::new(script), stop.clone());
        let thread = thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (script, hear) = (script.clone(), hear.clone());
                // Ends with the client's connection.
                thread::spawn(move || converse(stream.unwrap(), connection, &*script, &hear));
            }
        });
        SmtpServer { port, heard, stop, thread: Some(thread) }
    }

    /// Everything heard since it was last asked.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.try_iter().collect()
    }

    /// The mails that were taken since it was last asked: to whom, and which bytes.
    pub(crate) fn taken(&self) -> Vec<(String, Vec<u8>)> {
        let taken = |heard| match heard {
            Heard::Mail { mut to, content, taken: true, .. } => Some((to.remove(0), content)),
            Heard::Mail { .. } | Heard::Line(_) => None,
        };
        self.heard.try_iter().filter_map(taken).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))));
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A port of this machine on which nobody listens. It is not one of those that the system gives out, so that no other
/// test's server can come to have it.
pub(crate) const CLOSED_PORT: u16 = 1;

struct Conversation<'a> {
    reader: BufReader<TcpStream>,
    connection: usize,
    script: &'a Script,
}

/// The client, or the script, has ended the conversation.
struct Over;

fn converse(stream: TcpStream, connection: usize, script: &Script, hear: &Sender<Heard>) {
    let mut conversation = Conversation { reader: BufReader::new(stream), connection, script };
    let (mut from, mut to) = (String::new(), Vec::new());
    if conversation.answer(Verb::Connect, "", "220 test").is_err() {
        return;
    }
    // Between MAIL and the answer to its message; only RSET leads out of it otherwise (RFC 5321, 4.1.4).
    let mut in_transaction = false;
    while let Some(line) = conversation.line() {
        // Nobody may be listening any more: the test is over.
        drop(hear.send(Heard::Line(line.clone())));
        let (verb, usual) = verb_of(&line);
        let usual = if verb == Verb::Mail && in_transaction { "503 a mail is under way" } else { usual };
        in_transaction = (in_transaction || verb == Verb::Mail) && line != "RSET";
        let Ok(accepted) = conversation.answer(verb, &line, usual) else { return };
        match verb {
            Verb::Mail => (from, to) = (address(&line), Vec::new()),
            Verb::Rcpt if accepted => to.push(address(&line)),
            Verb::Data if accepted => {
                let Some(content) = conversation.message() else { return };
                let answered = conversation.answer(Verb::Message, &message_id(&content), "250 2.0.0 taken");
                let taken = matches!(answered, Ok(true));
                in_transaction = false;
                drop(hear.send(Heard::Mail { from: from.clone(), to: to.clone(), content, taken }));
                if answered.is_err() {
                    return;
                }
            }
            Verb::Connect | Verb::Ehlo | Verb::Auth | Verb::Rcpt | Verb::Data | Verb::Message | Verb::Other => {}
        }
    }
}

fn verb_of(line: &str) -> (Verb, &'static str) {
    let word = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
    match word.as_str() {
        "EHLO" => (Verb::Ehlo, "250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME"),
        "AUTH" => (Verb::Auth, "235 welcome"),
        "MAIL" => (Verb::Mail, "250 sender ok"),
        "RCPT" => (Verb::Rcpt, "250 recipient ok"),
        "DATA" => (Verb::Data, "354 go on"),
        "QUIT" => (Verb::Other, "221 bye"),
        _ => (Verb::Other, "250 ok"),
    }
}

impl Conversation<'_> {
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end_matches("\r\n").to_owned())
    }

    /// Answers as the script wants; returns whether that was a yes.
    fn answer(&mut self, verb: Verb, line: &str, usual: &'static str) -> Result<bool, Over> {
        let say = match (self.script)(&Said { verb, line, connection: self.connection }) {
            Answer::Usual => usual,
            Answer::Say(line) => line,
            Answer::SayAndClose(line) => {
                self.say(line)?;
                return Err(Over);
            }
            Answer::Close => return Err(Over),
            Answer::Stall => {
                while self.line().is_some() {}
                return Err(Over);
            }
        };
        self.say(say)?;
        Ok(say.starts_with(['2', '3']))
    }

    fn say(&mut self, line: &str) -> Result<(), Over> {
        self.reader.get_mut().write_all(format!("{line}\r\n").as_bytes()).or(Err(Over))
    }

    fn message(&mut self) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            if line == b".\r\n" {
                return Some(content);
            }
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap().to_owned()
}

pub(crate) fn message_id(content: &[u8]) -> String {
    let text = String::from_utf8(content.to_vec()).unwrap();
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned()
}
