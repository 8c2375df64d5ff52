//! From names to addresses, by the system's resolver.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use super::dial::{Target, named};
use super::shortage;
use crate::Failure;

/// The resolver blocks a thread for as long as it likes, half a minute where all its servers are silent. So many it
/// gets at a time: a dead zone of that many names would have to be in one run before others can't be resolved.
const THREADS: usize = 512;
/// Much more than the resolver and its plugins need, and little enough for all threads together.
const STACK: usize = 256 * 1024;

/// The addresses of the target's name.
///
/// # Errors
/// The name does not resolve, nobody answers until the deadline, or we have no thread to ask with.
pub(super) async fn resolve(target: &Target, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
    static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(THREADS)));
    let Target { address: name, port, .. } = target;
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, *port)]);
    }
    // With a zone (`fe80::1%eth0`) it is an address all the same, and nobody is asked.
    let is_literal = name.split('%').next().is_some_and(|address| address.parse::<IpAddr>().is_ok());
    let place = match is_literal {
        true => None,
        false => match timeout_at(deadline, PLACES.clone().acquire_owned()).await {
            Ok(place) => Some(place.expect("this semaphore is never closed")),
            Err(_elapsed) => return Err(short(target, io::Error::other(ALL_BUSY))),
        },
    };
    let answer = ask(name.clone(), *port, place).map_err(|error| short(target, error))?;
    let slow = || io::Error::new(io::ErrorKind::TimedOut, "the resolver did not answer in time");
    let found = timeout_at(deadline, answer).await.map_err(|_elapsed| slow());
    match found.and_then(|answered| answered.unwrap_or_else(|died| Err(io::Error::other(died)))) {
        Err(source) if shortage::is_ours(&source) => Err(short(target, source)),
        found => found.map_err(|source| Failure::Dns { name: name.clone(), source }),
    }
}

const ALL_BUSY: &str = "all its resolver threads wait for answers about other names";

fn short(target: &Target, source: io::Error) -> Failure {
    Failure::Shortage { address: named(target, None), source }
}

type Answer = oneshot::Receiver<io::Result<Vec<SocketAddr>>>;

/// Asks in a thread of its own: those of the runtime open envelopes too.
fn ask(name: String, port: u16, place: Option<OwnedSemaphorePermit>) -> io::Result<Answer> {
    let (answer, answered) = oneshot::channel();
    std::thread::Builder::new().name("resolver".to_owned()).stack_size(STACK).spawn(move || {
        let found: io::Result<Vec<SocketAddr>> = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
        // Nobody may wait for it any more; the place was taken until now all the same.
        drop(answer.send(found));
        drop(place);
    })?;
    Ok(answered)
}
