//! From an address to a session whose host is verified, with a named deadline on each part of the way.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use russh::client::{self, Config, Handle};
use russh::keys::{Algorithm, PublicKey};
use russh::{Preferred, cipher, compression, kex};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::guard::GuardedStream;
use super::host_key::Trust;
use super::known_hosts::lookup_name;
use super::peer::{Check, Peer};
use crate::Failure;

/// The connection may be silent that long; a second line behind the named deadlines, since russh has none itself.
const INACTIVITY: Duration = Duration::from_secs(120);

/// Where a host's sshd is found.
#[derive(Clone, Debug)]
pub struct Target {
    /// An IP address or DNS name.
    pub address: String,
    /// The TCP port.
    pub port: u16,
}

/// A session with a verified host, not yet logged in. Dropping it closes the socket and ends russh's task.
pub struct Session {
    pub(super) handle: Handle<Peer>,
    ended: CancellationToken,
    _end: DropGuard,
}

/// Opens the TCP connection, to the first address of the name.
///
/// # Errors
/// The name does not resolve, or the address does not answer, each within the limit.
pub async fn dial(target: &Target, limit: Duration) -> Result<TcpStream, Failure> {
    let dns = |source| Failure::Dns { name: target.address.clone(), source };
    let lookup = timeout(limit, lookup_host((target.address.as_str(), target.port))).await;
    let slow = || io::Error::new(io::ErrorKind::TimedOut, "the resolver did not answer in time");
    let mut found = lookup.map_err(|_elapsed| dns(slow()))?.map_err(dns)?;
    let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let found: SocketAddr = found.next().ok_or_else(|| dns(none()))?;

    let address = format!("{} port {}", target.address, target.port);
    let dialled = timeout(limit, TcpStream::connect(found)).await;
    let dialled = dialled.map_err(|_elapsed| Failure::DialTimeout { address: address.clone(), limit })?;
    // Nagle's algorithm and delayed acknowledgements stall a handshake of many small messages.
    let stream = dialled.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
    stream.map_err(|source| Failure::Dial { address, source })
}

impl Session {
    /// Shakes hands and has the host key decided by `trust`, before anything of ours goes to the host.
    ///
    /// # Errors
    /// The peer is no SSH server, its key is not accepted, or it is too slow.
    pub async fn open(
        stream: TcpStream,
        target: &Target,
        trust: Arc<Trust>,
        limit: Duration,
    ) -> Result<Session, Failure> {
        let name = lookup_name(&target.address, target.port);
        let config = config_for(&trust.known.algorithms(&name));
        Session::shake_hands(stream, config, Peer { check: Check::Decide { name, trust } }, limit).await
    }

    async fn shake_hands(
        stream: TcpStream,
        config: Arc<Config>,
        peer: Peer,
        limit: Duration,
    ) -> Result<Session, Failure> {
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let stream = GuardedStream::new(stream, ended.clone());
        let greeting = stream.greeting();
        match timeout(limit, client::connect_stream(config, stream, peer)).await {
            Ok(Ok(handle)) => Ok(Session { handle, ended, _end: end }),
            Ok(Err(error)) => Err(error.into_failure(&greeting)),
            Err(_elapsed) => Err(Failure::HandshakeTimeout(limit)),
        }
    }

    /// Whether the connection is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.handle.is_closed()
    }

    /// Says goodbye and waits until it is sent, but never for long.
    pub async fn close(self) {
        const GRACE: Duration = Duration::from_millis(500);
        let Session { mut handle, ended, _end } = self;
        let goodbye = async {
            if handle.disconnect(russh::Disconnect::ByApplication, "", "").await.is_ok() {
                // How the session's task ended says nothing that the visit has not seen already.
                drop((&mut handle).await);
            }
        };
        if timeout(GRACE, goodbye).await.is_err() {
            ended.cancel();
        }
    }
}

/// Fetches the key the host would identify itself with to somebody who knows keys of these algorithms, without
/// trusting it and without logging in.
///
/// # Errors
/// As for [`dial`] and [`Session::open`].
pub(super) async fn offered_key(
    target: &Target,
    known: &[Algorithm],
    limits: (Duration, Duration),
) -> Result<PublicKey, Failure> {
    let (dial_limit, handshake_limit) = limits;
    let stream = dial(target, dial_limit).await?;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let peer = Peer { check: Check::Look(Some(sender)) };
    match (Session::shake_hands(stream, config_for(known), peer, handshake_limit).await, receiver.await) {
        (_, Ok(key)) => Ok(key),
        (Err(failure), Err(_)) => Err(failure),
        (Ok(_), Err(_)) => Err(Failure::Internal("russh accepted a host without showing its key".into())),
    }
}

fn config_for(known: &[Algorithm]) -> Arc<Config> {
    if known.is_empty() { CONFIG.clone() } else { Arc::new(config_preferring(known)) }
}

static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| Arc::new(config_preferring(&[])));

/// Modern algorithms only. The curve comes before the post-quantum hybrid, and AES-GCM before ChaCha20: a visit
/// lasts a second and carries an envelope that is sealed anyway, and these two halve the cost of the handshake.
fn config_preferring(known: &[Algorithm]) -> Config {
    const KEX: &[kex::Name] = &[
        kex::CURVE25519,
        kex::CURVE25519_PRE_RFC_8731,
        kex::MLKEM768X25519_SHA256,
        kex::ECDH_SHA2_NISTP256,
        kex::ECDH_SHA2_NISTP384,
        // Not algorithms, but offers: without them sshd doesn't say which signatures it takes, and the Terrapin
        // attack (CVE-2023-48795) has its way.
        kex::EXTENSION_SUPPORT_AS_CLIENT,
        kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    ];
    const CIPHER: &[cipher::Name] = &[cipher::AES_256_GCM, cipher::CHACHA20_POLY1305, cipher::AES_256_CTR];
    let preferred = Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Owned(host_key_algorithms(known)),
        cipher: Cow::Borrowed(CIPHER),
        compression: Cow::Borrowed(&[compression::NONE]),
        ..Preferred::DEFAULT
    };
    Config {
        preferred,
        inactivity_timeout: Some(INACTIVITY),
        // Bounds what a hostile host can make us hold for one channel.
        window_size: 256 * 1024,
        channel_buffer_size: 16,
        ..Config::default()
    }
}

/// The algorithms of the known keys first, then the others; SHA-1 signatures never.
fn host_key_algorithms(known: &[Algorithm]) -> Vec<Algorithm> {
    let sha1 = Algorithm::Rsa { hash: None };
    let mut all: Vec<Algorithm> =
        Preferred::DEFAULT.key.iter().filter(|algorithm| **algorithm != sha1).cloned().collect();
    let is_known =
        |algorithm: &Algorithm| known.iter().any(|known| known == algorithm || is_rsa(known) && is_rsa(algorithm));
    all.sort_by_key(|algorithm| !is_known(algorithm));
    all
}

/// Whether it is RSA, with whichever hash: a known_hosts entry names the key, the handshake the signature.
pub(super) fn is_rsa(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rsa { .. })
}
