//! From an address to a stream: names are resolved, addresses tried one after the other, jump hosts gone through.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PublicKey;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::guard::Stream;
use super::jump::Bastion;
use super::known_hosts::{fingerprint, lookup_name};
use super::resolve::resolve;
use super::shortage;
use crate::Failure;

/// Where a host's sshd is found, and how it is known.
#[derive(Clone, Debug)]
pub struct Target {
    /// An IP address or DNS name. The jump host resolves it, if there is one.
    pub address: String,
    /// The TCP port.
    pub port: u16,
    /// Its name in known_hosts.
    pub lookup: String,
    /// Its name there from now on, if it is known under a former one alone.
    pub renamed: Option<String>,
    /// The fingerprints its key may have and no others. Empty: known_hosts decides.
    pub fingerprints: Vec<String>,
    /// Whether algorithms are taken that are not considered safe any more, if it has no better ones.
    pub legacy: bool,
    /// The jump host on the way to it.
    pub through: Option<Arc<Bastion>>,
    /// Whether it is a jump host itself, whose connection lasts as long as the run.
    pub serves_others: bool,
}

impl Target {
    /// A host that is reached directly and known by its address.
    pub fn at(address: &str, port: u16) -> Target {
        let lookup = lookup_name(address, port);
        let (address, fingerprints) = (address.to_owned(), Vec::new());
        Target {
            address,
            port,
            lookup,
            renamed: None,
            fingerprints,
            legacy: false,
            through: None,
            serves_others: false,
        }
    }

    /// Whether this is one of the keys that config.xml pins.
    pub(super) fn has_pinned(&self, key: &PublicKey) -> bool {
        self.fingerprints.contains(&fingerprint(key))
    }
}

/// The next address is tried after this time even if the one before has not failed yet (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(300);
/// A name may have any number of addresses.
const MAX_ADDRESSES: usize = 8;
/// How long we wait for sockets of our own to become free.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(200);

/// How long a host that turned us away is left alone before it is asked once more: sshd drops connections at random
/// while many logins are under way (MaxStartups), and they come in bursts, often our own.
const THROTTLE_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));

/// Opens a connection to the target: the addresses of its name are tried in turns of their families until one
/// answers. Through a jump host it is a channel of that one's connection. A host that takes the connection and resets
/// it at once is dialled once more after a pause.
///
/// # Errors
/// The name does not resolve, no address answers within the limit, or the jump host is of no use.
pub async fn dial(target: &Target, limit: Duration) -> Result<Stream, Failure> {
    let deadline = Instant::now() + limit;
    let first = dial_once(target, limit).await;
    if !matches!(first, Err(Failure::Throttled(_))) {
        return first;
    }
    let again = Instant::now() + throttle_pause()?;
    if again >= deadline {
        return first;
    }
    sleep_until(again).await;
    dial_once(target, deadline - again).await.map(Stream::of_a_second_try)
}

/// The same without a second try.
pub(super) async fn dial_once(target: &Target, limit: Duration) -> Result<Stream, Failure> {
    if let Some(bastion) = &target.through {
        return bastion.forward(target, limit).await;
    }
    let deadline = Instant::now() + limit;
    let found = interleaved(addresses(target, deadline).await?);
    connect(target, found, deadline, limit).await
}

/// A random time between the two.
pub(super) fn throttle_pause() -> Result<Duration, Failure> {
    let (least, most) = THROTTLE_PAUSE;
    let random = getrandom::u32().map_err(|error| Failure::Internal(format!("no random numbers: {error}")))?;
    Ok(least + (most - least).mul_f64(f64::from(random) / f64::from(u32::MAX)))
}

async fn connect(
    target: &Target,
    addresses: Vec<SocketAddr>,
    deadline: Instant,
    limit: Duration,
) -> Result<Stream, Failure> {
    let connected = race(addresses, deadline).await;
    // Nagle's algorithm and delayed acknowledgements stall a handshake of many small messages.
    match connected.map(|stream| stream.set_nodelay(true).map(|()| stream)) {
        Ok(Ok(stream)) => Ok(Stream::new(stream)),
        Ok(Err(source)) => Err(Failure::Dial { address: named(target, None), source }),
        Err(attempts) => Err(failure_of(target, attempts, limit)),
    }
}

/// The addresses of the target's name, at least one. The resolver needs sockets too, and waits for them as dials do.
async fn addresses(target: &Target, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
    loop {
        match resolve(target, deadline).await {
            Ok(found) if found.is_empty() => {
                let source = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
                return Err(Failure::Dns { name: target.address.clone(), source });
            }
            Err(Failure::Shortage { .. }) if Instant::now() + SHORTAGE_PAUSE <= deadline => sleep(SHORTAGE_PAUSE).await,
            found => return found,
        }
    }
}

/// In turns of their families, beginning with the one the resolver prefers. Each address once.
fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut all: Vec<SocketAddr> = Vec::new();
    loop {
        let pair = [one.next(), other.next()];
        if pair == [None, None] {
            all.truncate(MAX_ADDRESSES);
            return all;
        }
        for address in pair.into_iter().flatten() {
            if !all.contains(&address) {
                all.push(address);
            }
        }
    }
}

/// How the dial of one address, or the search for addresses, ended, if not with what was wanted.
enum NoConnection {
    /// It, or the way to it, said no.
    Refused(io::Error),
    /// It said nothing until the deadline.
    Silent,
    /// We had no socket, no port or no memory for it until the deadline.
    Short(io::Error),
}

type Attempts = Vec<(SocketAddr, NoConnection)>;

/// The first connection that any of the addresses gives.
async fn race(addresses: Vec<SocketAddr>, deadline: Instant) -> Result<TcpStream, Attempts> {
    let mut failed = Attempts::new();
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    loop {
        if let Some(address) = waiting.next().filter(|_| attempts.is_empty() || Instant::now() < deadline) {
            attempts.spawn(async move { (address, patiently(|| TcpStream::connect(address), deadline).await) });
        }
        // Each attempt ends at the deadline by itself.
        let next = match waiting.len() {
            0 => Ok(attempts.join_next().await),
            _ => timeout_at(Instant::now() + STAGGER, attempts.join_next()).await,
        };
        match next {
            Ok(Some(Ok((_, Ok(stream))))) => return Ok(stream),
            Ok(Some(Ok((address, Err(error))))) => failed.push((address, error)),
            // Connecting does not panic, and nobody aborts it.
            Ok(Some(Err(_))) | Err(_) => {}
            Ok(None) => return Err(failed),
        }
    }
}

/// Dials until there is an answer or the deadline is over. Where we are short of something, we wait for it.
async fn patiently<T, F: Future<Output = io::Result<T>>>(
    mut dial: impl FnMut() -> F,
    deadline: Instant,
) -> Result<T, NoConnection> {
    loop {
        let error = match timeout_at(deadline, dial()).await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => error,
            Err(_elapsed) => return Err(NoConnection::Silent),
        };
        if !shortage::is_ours(&error) {
            return Err(NoConnection::Refused(error));
        }
        if Instant::now() + SHORTAGE_PAUSE > deadline {
            return Err(NoConnection::Short(error));
        }
        sleep(SHORTAGE_PAUSE).await;
    }
}

/// What all the attempts come to: the word of the host that is nearest to an answer decides.
fn failure_of(target: &Target, attempts: Attempts, limit: Duration) -> Failure {
    let only = (attempts.len() == 1).then(|| attempts[0].0);
    let address = named(target, only);
    let mut texts = Vec::new();
    let mut found: Option<io::Error> = None;
    let (mut silent, mut was_reset) = (false, false);
    for (at, why) in attempts {
        texts.push(match &why {
            NoConnection::Refused(error) | NoConnection::Short(error) => format!("{}: {error}", at.ip()),
            NoConnection::Silent => format!("{}: no answer", at.ip()),
        });
        match why {
            NoConnection::Short(source) => return Failure::Shortage { address, source },
            NoConnection::Silent => silent = true,
            // Who listens nowhere refuses; this one took the connection, and the reset was here before we looked.
            NoConnection::Refused(error) if error.kind() == io::ErrorKind::ConnectionReset => was_reset = true,
            NoConnection::Refused(error) if error.kind() == io::ErrorKind::ConnectionRefused => found = Some(error),
            NoConnection::Refused(error) => found = found.or(Some(error)),
        }
    }
    if was_reset {
        return Failure::Throttled("the connection was reset before the host said a word".to_owned());
    }
    let refused = found.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    match found {
        Some(source) if only.is_some() => Failure::Dial { address, source },
        Some(error) => {
            let kind = if silent && !refused { io::ErrorKind::TimedOut } else { error.kind() };
            Failure::Dial { address, source: io::Error::new(kind, texts.join("; ")) }
        }
        None => Failure::DialTimeout { address, limit },
    }
}

/// The target as people know it, with the address that was tried.
pub(super) fn named(target: &Target, tried: Option<SocketAddr>) -> String {
    let Target { address, port, .. } = target;
    match tried.map(|tried| tried.ip().to_string()).filter(|tried| tried != address) {
        Some(tried) => format!("{address} ({tried}) port {port}"),
        None => format!("{address} port {port}"),
    }
}

#[cfg(test)]
mod tests;
