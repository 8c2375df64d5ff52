//! An SMTP server that does at each step what a script says, and keeps what it took.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Where in the conversation a script is asked what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Somebody has connected.
    Greeting,
    /// EHLO.
    Ehlo,
    /// STARTTLS, which this server can't really do.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The first line of the message has come.
    Content,
    /// The message has come up to its final dot, and is kept if the answer to this is a yes.
    Dot,
    /// The message is taken and the yes to it is sent. Nothing is to be said here.
    Taken,
    /// Anything else.
    Other,
}

/// What the server does at a step.
#[derive(Clone, Debug)]
pub enum Deed {
    /// What a friendly server does.
    Usual,
    /// Says this instead; CR LF is added.
    Say(Cow<'static, str>),
    /// Says this and hangs up.
    SayAndClose(Cow<'static, str>),
    /// Says this again and again, until the client leaves.
    Repeat(Cow<'static, str>),
    /// Hangs up.
    Close,
    /// Says nothing until the client leaves.
    Stall,
}

impl Deed {
    /// Says this instead.
    pub const fn say(text: &'static str) -> Deed {
        Deed::Say(Cow::Borrowed(text))
    }
}

/// A message that was taken: the yes to it was sent, or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenMail {
    /// From MAIL FROM.
    pub from: String,
    /// From RCPT TO.
    pub to: Vec<String>,
    /// What came after DATA, without the dots that protect its lines.
    pub content: Vec<u8>,
}

impl TakenMail {
    /// Its Message-ID, with its angle brackets.
    pub fn message_id(&self) -> String {
        self.header("Message-ID")
    }

    /// A header of its own, unfolded.
    pub fn header(&self, name: &str) -> String {
        let text = String::from_utf8_lossy(&self.content);
        let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let prefix = format!("{name}: ");
        head.split("\r\n").find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
    }
}

type Script = dyn Fn(Step, &str) -> Deed + Send + Sync;

/// An SMTP server on a port of its own.
pub struct MailServer {
    /// Its port on 127.0.0.1.
    pub port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    script: Mutex<Arc<Script>>,
    taken: Mutex<Vec<TakenMail>>,
    lines: Mutex<Vec<String>>,
    ending: AtomicBool,
}

impl MailServer {
    /// A server that takes everything.
    pub fn friendly() -> MailServer {
        MailServer::start(|_, _| Deed::Usual)
    }

    /// A server that asks the script at each step, with the line that came.
    pub fn start(script: impl Fn(Step, &str) -> Deed + Send + Sync + 'static) -> MailServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            script: Mutex::new(Arc::new(script)),
            taken: Mutex::default(),
            lines: Mutex::default(),
            ending: AtomicBool::new(false),
        });
        let accepting = state.clone();
        let thread = std::thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.ending.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), state) = (client, accepting.clone()) else { continue };
                // Ends with the client's connection.
                std::thread::spawn(move || converse(client, &state));
            }
        });
        MailServer { port, state, thread: Some(thread) }
    }

    /// From the next connection on it does this.
    pub fn follow(&self, script: impl Fn(Step, &str) -> Deed + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }

    /// From the next connection on it takes everything.
    pub fn be_friendly(&self) {
        self.follow(|_, _| Deed::Usual);
    }

    /// What was taken since this was last asked.
    pub fn taken(&self) -> Vec<TakenMail> {
        std::mem::take(&mut self.state.taken.lock().unwrap())
    }

    /// The commands that came since this was last asked.
    pub fn commands(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lines.lock().unwrap())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.state.ending.store(true, Ordering::SeqCst);
        // Wakes the thread out of its accept.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// The client or the script has ended the conversation.
struct Over;

struct Conversation<'a> {
    reader: BufReader<TcpStream>,
    script: Arc<Script>,
    state: &'a State,
}

fn converse(client: TcpStream, state: &State) {
    let script = state.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut conversation = Conversation { reader: BufReader::new(client), script, state };
    // Over is how every conversation ends.
    let Err(Over) = conversation.hold();
}

impl Conversation<'_> {
    fn hold(&mut self) -> Result<std::convert::Infallible, Over> {
        self.answer(Step::Greeting, "", "220 test")?;
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let line = self.line()?;
            self.state.lines.lock().or(Err(Over))?.push(line.clone());
            let (step, usual) = usual_answer(&line);
            let accepted = self.answer(step, &line, usual)?;
            match step {
                Step::Mail => (from, to) = (address(&line), Vec::new()),
                Step::Rcpt if accepted => to.push(address(&line)),
                Step::Data if accepted => {
                    self.message(TakenMail { from: from.clone(), to: to.clone(), content: vec![] })?
                }
                Step::Other if line == "QUIT" => return Err(Over),
                _ => {}
            }
        }
    }

    fn message(&mut self, mut mail: TakenMail) -> Result<(), Over> {
        let mut is_first = true;
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line).or(Err(Over))? == 0 {
                return Err(Over);
            }
            if line == b".\r\n" {
                break;
            }
            mail.content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if std::mem::take(&mut is_first) {
                self.act(Step::Content, "")?;
            }
        }
        let Some((says, closes)) = self.act(Step::Dot, &mail.message_id())?.or_usual("250 2.0.0 taken") else {
            return Err(Over);
        };
        // Before it is said: who then vanishes has left it with us.
        let is_taken = says.starts_with('2');
        if is_taken {
            self.state.taken.lock().or(Err(Over))?.push(mail);
        }
        self.say(&says)?;
        if is_taken {
            self.act(Step::Taken, "")?;
        }
        if closes { Err(Over) } else { Ok(()) }
    }

    /// Answers as the script wants; returns whether that was a yes.
    fn answer(&mut self, step: Step, line: &str, usual: &'static str) -> Result<bool, Over> {
        let Some((says, closes)) = self.act(step, line)?.or_usual(usual) else { return Err(Over) };
        self.say(&says)?;
        if closes { Err(Over) } else { Ok(says.starts_with(['2', '3'])) }
    }

    /// Asks the script, and does what lasts until the client leaves.
    fn act(&mut self, step: Step, line: &str) -> Result<Deed, Over> {
        match (self.script)(step, line) {
            Deed::Repeat(text) => loop {
                self.say(&text)?;
            },
            Deed::Stall => {
                while self.line().is_ok() {}
                Err(Over)
            }
            Deed::Close => Err(Over),
            deed => Ok(deed),
        }
    }

    fn line(&mut self) -> Result<String, Over> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(count) if count > 0 => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
            _ => Err(Over),
        }
    }

    fn say(&mut self, text: &str) -> Result<(), Over> {
        self.reader.get_mut().write_all(format!("{text}\r\n").as_bytes()).or(Err(Over))
    }
}

impl Deed {
    /// What is said, and whether the server hangs up then.
    fn or_usual(self, usual: &'static str) -> Option<(Cow<'static, str>, bool)> {
        match self {
            Deed::Usual => Some((usual.into(), false)),
            Deed::Say(text) => Some((text, false)),
            Deed::SayAndClose(text) => Some((text, true)),
            Deed::Repeat(_) | Deed::Close | Deed::Stall => None,
        }
    }
}

fn usual_answer(line: &str) -> (Step, &'static str) {
    let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
    match word.as_str() {
        "EHLO" => (Step::Ehlo, "250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME"),
        "STARTTLS" => (Step::StartTls, "454 no TLS here"),
        "AUTH" => (Step::Auth, "235 welcome"),
        "MAIL" => (Step::Mail, "250 sender ok"),
        "RCPT" => (Step::Rcpt, "250 recipient ok"),
        "DATA" => (Step::Data, "354 go on"),
        "QUIT" => (Step::Other, "221 bye"),
        _ => (Step::Other, "250 ok"),
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}
