//! A TCP proxy that can cut or hold the line.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Passes connections on to a server.
pub struct Proxy {
    /// Its port on every address of 127.0.0.0/8.
    pub port: u16,
    line: Arc<Line>,
    thread: Option<JoinHandle<()>>,
}

/// What happens to what the server sends.
struct Line {
    target: u16,
    /// Each connection is cut after so many bytes.
    limit: AtomicU64,
    /// How many bytes were passed on.
    passed: AtomicU64,
    /// Who is told at that limit; then the connection is held instead of cut.
    held: Mutex<Option<Sender<()>>>,
    /// From a piece with this text on nothing is passed on, and somebody is told.
    stop: Option<(String, Sender<()>)>,
    ending: AtomicBool,
}

impl Proxy {
    /// A proxy to a port on 127.0.0.1, which cuts nothing yet.
    pub fn to(target: u16) -> Proxy {
        Proxy::start(target, None)
    }

    /// A proxy that passes on nothing of the server's from a piece on that holds `text`. It tells when that came.
    pub fn that_stops_at(target: u16, text: &str) -> (Proxy, Receiver<()>) {
        let (sender, receiver) = channel();
        (Proxy::start(target, Some((text.to_owned(), sender))), receiver)
    }

    fn start(target: u16, stop: Option<(String, Sender<()>)>) -> Proxy {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (limit, passed, ending) = (AtomicU64::new(u64::MAX), AtomicU64::new(0), AtomicBool::new(false));
        let held = Mutex::new(None);
        let line = Arc::new(Line { target, limit, passed, held, stop, ending });
        let accepting = line.clone();
        let thread = std::thread::spawn(move || accept(&listener, &accepting));
        Proxy { port, line, thread: Some(thread) }
    }

    /// From now on each connection is cut after the server has sent so many bytes over it.
    pub fn cut_after(&self, bytes: u64) {
        self.line.limit.store(bytes, Ordering::SeqCst);
    }

    /// From now on each connection is held after the server has sent so many bytes over it. Tells when one is.
    pub fn hold_after(&self, bytes: u64) -> Receiver<()> {
        let (sender, receiver) = channel();
        *self.line.held.lock().unwrap() = Some(sender);
        self.cut_after(bytes);
        receiver
    }

    /// From now on nothing is cut or held.
    pub fn mend(&self) {
        *self.line.held.lock().unwrap() = None;
        self.cut_after(u64::MAX);
    }

    /// How many bytes the server has sent over all connections so far.
    pub fn passed(&self) -> u64 {
        self.line.passed.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.ending.store(true, Ordering::SeqCst);
        // Wakes the thread out of its accept.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn accept(listener: &TcpListener, line: &Arc<Line>) {
    for client in listener.incoming() {
        if line.ending.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", line.target))) else { continue };
        let (up, down) = ((client.try_clone().unwrap(), server.try_clone().unwrap()), line.clone());
        std::thread::spawn(move || {
            let (mut client, mut server) = up;
            // Whichever side closes first, the other one hears of it.
            drop(std::io::copy(&mut client, &mut server));
            hang_up(&client, &server);
        });
        std::thread::spawn(move || down.pass_on(server, client));
    }
}

impl Line {
    fn pass_on(&self, mut server: TcpStream, mut client: TcpStream) {
        let mut buffer = [0; 4096];
        let mut left = self.limit.load(Ordering::SeqCst);
        while left > 0
            && let Ok(count) = server.read(&mut buffer)
            && count > 0
        {
            let piece = &buffer[..count.min(usize::try_from(left).unwrap_or(usize::MAX))];
            if let Some((text, sender)) = &self.stop
                && String::from_utf8_lossy(piece).contains(text.as_str())
            {
                // Whoever waited may be gone with a failed test.
                sender.send(()).unwrap_or_default();
                drop(server.read(&mut buffer));
                break;
            }
            if client.write_all(piece).is_err() {
                break;
            }
            left -= piece.len() as u64;
            self.passed.fetch_add(piece.len() as u64, Ordering::SeqCst);
        }
        let held = self.held.lock().unwrap().clone();
        if let Some(sender) = held.filter(|_| left == 0) {
            sender.send(()).unwrap_or_default();
            // Until the client is gone, the other direction sees to that.
            while server.read(&mut buffer).is_ok_and(|count| count > 0) {}
        }
        hang_up(&client, &server);
    }
}

/// Either side may have closed already.
fn hang_up(client: &TcpStream, server: &TcpStream) {
    drop(client.shutdown(Shutdown::Both));
    drop(server.shutdown(Shutdown::Both));
}
