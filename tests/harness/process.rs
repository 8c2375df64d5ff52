//! Child processes that never outlive their owner.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Output};
use std::time::{Duration, Instant};

/// Nothing here takes longer unless it is broken.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A child process that is killed and waited for on drop.
pub struct Reaped(Child);

impl Reaped {
    /// Starts it.
    pub fn spawn(command: &mut Command) -> Reaped {
        Reaped(command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// What it prints, if its output is a pipe. Once.
    pub fn stdout(&mut self) -> ChildStdout {
        self.0.stdout.take().expect("its output is a pipe that nobody has taken")
    }

    /// Kills it with SIGKILL and waits for it.
    pub fn kill(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        drop(self.0.kill());
        self.0.wait().unwrap();
    }

    /// Kills it with SIGKILL, waits for it, and returns whether that is what ended it.
    pub fn kill_if_alive(&mut self) -> bool {
        const SIGKILL: i32 = 9;
        drop(self.0.kill());
        self.0.wait().unwrap().signal() == Some(SIGKILL)
    }

    /// Sends it a signal, by the name kill(1) knows.
    pub fn signal(&self, name: &str) {
        run(Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()));
    }

    /// Waits until it handles SIGTERM: until then the signal would end it without further ado.
    pub fn await_signal_handler(&self) {
        const SIGTERM_BIT: u64 = 1 << 14;
        let path = format!("/proc/{}/status", self.pid());
        eventually("a handler of SIGTERM", || {
            let status = std::fs::read_to_string(&path).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & SIGTERM_BIT != 0)
        });
    }

    /// Waits until it ends by itself, and returns its exit status.
    pub fn wait(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            match self.0.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if began.elapsed() > PATIENCE => panic!("process {} does not end", self.pid()),
                None => std::thread::park_timeout(LOOK_AGAIN),
            }
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a command came to.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// Panics with everything it said unless it ended with this status.
    #[track_caller]
    pub fn expect(self, status: i32) -> Finished {
        assert_eq!(self.status, Some(status), "\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Finished {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Finished { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs a command that has to succeed, and returns what it printed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let finished = Finished::from(output);
    assert_eq!(finished.status, Some(0), "{command:?}: {}{}", finished.stdout, finished.stderr);
    finished.stdout
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Fills the queue of a listener that accepts nothing, so that from then on it swallows what is dialled. Lasts as
/// long as the connections returned.
pub fn fill_queue(address: SocketAddr) -> Vec<TcpStream> {
    let moment = Duration::from_millis(200);
    std::iter::from_fn(|| TcpStream::connect_timeout(&address, moment).ok()).collect()
}

/// Waits until the server at this port greets with these bytes; returns whether it did before its process ended.
pub(crate) fn greets(process: &mut Reaped, port: u16, greeting: &str) -> bool {
    use std::io::Read;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let began = Instant::now();
    while began.elapsed() < PATIENCE && !process.has_ended() {
        if let Ok(mut stream) = TcpStream::connect(address) {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut found = vec![0; greeting.len()];
            if stream.read_exact(&mut found).is_ok() && found == greeting.as_bytes() {
                return true;
            }
        }
        std::thread::park_timeout(LOOK_AGAIN);
    }
    false
}

/// Waits until `condition` holds.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come about");
        std::thread::park_timeout(LOOK_AGAIN);
    }
}
