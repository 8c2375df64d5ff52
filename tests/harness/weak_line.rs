//! A TCP proxy that damages each connection in its own way, chosen by the address that was dialled.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Passes connections on to a server, as a bad line would. Whoever dials an address of it reaches the same address
/// of the server.
pub struct WeakLine {
    /// Its port on every address of 127.0.0.0/8.
    pub port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Which of the two streams of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// What the collector sends.
    ToHost,
    /// What the host sends.
    FromHost,
}

/// What happens to a connection when so many bytes have passed in this direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The stream it happens in.
    pub direction: Direction,
    /// The first byte that does not pass as it was.
    pub at: u64,
    /// What happens.
    pub how: How,
}

/// Kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Both ends see the connection end.
    Cut,
    /// One bit of that byte changes, and all goes on.
    Flip,
    /// From that byte on nothing passes, and nobody hears of it.
    Hold,
}

struct Shared {
    target: u16,
    damages: Mutex<HashMap<IpAddr, Damage>>,
    passed: Mutex<HashMap<(IpAddr, Direction), u64>>,
    ending: AtomicBool,
}

impl WeakLine {
    /// A line to the server at this port, with no damage yet.
    pub fn to(target: u16) -> WeakLine {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (damages, passed) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { target, damages, passed, ending: AtomicBool::new(false) });
        let accepting = shared.clone();
        let thread = std::thread::spawn(move || accept(&listener, &accepting));
        WeakLine { port, shared, thread: Some(thread) }
    }

    /// From now on connections to these addresses are damaged, and no others.
    pub fn damage(&self, damages: impl IntoIterator<Item = (String, Damage)>) {
        let damages = damages.into_iter().map(|(address, damage)| (address.parse().unwrap(), damage));
        *self.shared.damages.lock().unwrap() = damages.collect();
    }

    /// How many bytes have passed so far over all connections to this address.
    pub fn passed(&self, address: &str, direction: Direction) -> u64 {
        let passed = self.shared.passed.lock().unwrap();
        passed.get(&(address.parse().unwrap(), direction)).copied().unwrap_or_default()
    }
}

impl Drop for WeakLine {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        // Wakes the thread from accept; that it hangs up at once is no news.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.ending.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let Ok(address) = client.local_addr().map(|address| address.ip()) else { continue };
        let Ok(server) = TcpStream::connect(SocketAddr::new(address, shared.target)) else { continue };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let ends = [(&client, &server, Direction::ToHost), (&server, &client, Direction::FromHost)];
        for (from, to, direction) in ends {
            let (from, to, shared) = (from.try_clone().unwrap(), to.try_clone().unwrap(), shared.clone());
            std::thread::spawn(move || {
                // Either side may hang up when it likes; then the other one hears of it.
                drop(shared.pass_on(&from, &to, address, direction));
                drop(from.shutdown(Shutdown::Both));
                drop(to.shutdown(Shutdown::Both));
            });
        }
    }
}

impl Shared {
    fn pass_on(&self, mut from: &TcpStream, mut to: &TcpStream, address: IpAddr, way: Direction) -> io::Result<()> {
        let damage = self.damages.lock().unwrap().get(&address).copied().filter(|damage| damage.direction == way);
        let (mut buffer, mut before) = ([0; 16384], 0);
        loop {
            let count = from.read(&mut buffer)?;
            let hit = damage.filter(|damage| (before..before + count as u64).contains(&damage.at));
            let mut passing = count;
            if let Some(Damage { at, how, .. }) = hit {
                let index = usize::try_from(at - before).expect("it lies within the buffer");
                match how {
                    How::Cut | How::Hold => passing = index,
                    How::Flip => buffer[index] ^= 1 << (at % 8),
                }
            }
            to.write_all(&buffer[..passing])?;
            *self.passed.lock().unwrap().entry((address, way)).or_default() += passing as u64;
            if hit.is_some_and(|damage| damage.how == How::Hold) {
                while from.read(&mut buffer)? > 0 {}
            }
            if passing == 0 || passing < count {
                return Ok(());
            }
            before += count as u64;
        }
    }
}
