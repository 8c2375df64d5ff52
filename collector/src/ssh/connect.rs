//! From a stream to a session whose host is verified, with a named deadline on each part of the way.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, Config, Handle};
use russh::keys::PublicKey;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::algorithms::{config_for, config_for_jumping};
use super::dial::{Target, dial, dial_once, throttle_pause};
use super::guard::{GuardedStream, MAX_RECEIVED, Stream};
use super::host_key::Trust;
use super::known_hosts::KnownHosts;
use super::peer::{Check, Farewell, Peer};
use crate::Failure;

/// A session with a verified host, not yet logged in. Dropping it closes the socket and ends russh's task.
pub struct Session {
    pub(super) handle: Handle<Peer>,
    pub(super) farewell: Farewell,
    ended: CancellationToken,
    _end: DropGuard,
}

impl Session {
    /// Shakes hands and has the host key decided by `trust`, before anything of ours goes to the host. A host that
    /// turns the connection away before it says who it is, is dialled once more after a pause.
    ///
    /// # Errors
    /// The peer is no SSH server, its key is not accepted, or it is too slow.
    pub async fn open(stream: Stream, target: &Target, trust: Arc<Trust>, limit: Duration) -> Result<Session, Failure> {
        let config = config_for(target, &trust.known);
        Session::open_as(stream, target, trust, (config, MAX_RECEIVED), limit).await
    }

    /// The same for a jump host, whose connection lasts as long as the run and carries what other hosts send.
    pub(super) async fn open_to_jump(
        stream: Stream,
        target: &Target,
        trust: Arc<Trust>,
        limit: Duration,
    ) -> Result<Session, Failure> {
        let config = config_for_jumping(target, &trust.known);
        Session::open_as(stream, target, trust, (config, u64::MAX), limit).await
    }

    async fn open_as(
        stream: Stream,
        target: &Target,
        trust: Arc<Trust>,
        (config, allowance): (Arc<Config>, u64),
        limit: Duration,
    ) -> Result<Session, Failure> {
        let peer = || Peer {
            check: Check::Decide { target: target.clone(), trust: trust.clone() },
            farewell: Farewell::default(),
        };
        let hand = |stream| Handshake { stream, target, config: config.clone(), allowance };
        let deadline = Instant::now() + limit;
        let is_second_try = stream.is_second_try;
        let first = hand(stream).shake(peer(), limit).await;
        if is_second_try || !matches!(first, Err(Failure::Throttled(_))) {
            return first;
        }
        let again = Instant::now() + throttle_pause()?;
        if again >= deadline {
            return first;
        }
        sleep_until(again).await;
        let second = timeout_at(deadline, async {
            let stream = dial_once(target, deadline - again).await?;
            hand(stream).shake(peer(), limit).await
        });
        second.await.map_err(|_elapsed| Failure::HandshakeTimeout(limit))?
    }

    /// Whether the connection is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.handle.is_closed()
    }

    /// Says goodbye and waits until it is sent, but never for long.
    pub async fn close(self) {
        const GRACE: Duration = Duration::from_millis(500);
        let Session { mut handle, ended, .. } = self;
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

/// What a handshake needs beside somebody who looks at the host's key.
struct Handshake<'a> {
    stream: Stream,
    target: &'a Target,
    config: Arc<Config>,
    /// How many bytes the host may send in all.
    allowance: u64,
}

impl Handshake<'_> {
    async fn shake(self, peer: Peer, limit: Duration) -> Result<Session, Failure> {
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let stream = GuardedStream::new(self.stream, ended.clone(), self.allowance);
        let (greeting, farewell) = (stream.greeting(), peer.farewell.clone());
        let failure = match timeout(limit, client::connect_stream(self.config, stream, peer)).await {
            Ok(Ok(handle)) => return Ok(Session { handle, farewell, ended, _end: end }),
            Ok(Err(error)) => error.into_failure(&greeting),
            Err(_elapsed) => match greeting.instead_of_ssh() {
                Some(line) => Failure::NotSsh(line),
                None => Failure::HandshakeTimeout(limit),
            },
        };
        // Nothing can be held against a host behind a jump host that is gone.
        match (&self.target.through, &failure) {
            (Some(bastion), Failure::Throttled(_) | Failure::Handshake(_)) if bastion.is_lost_by_now().await => {
                Err(bastion.lost())
            }
            _ => Err(failure),
        }
    }
}

/// Fetches the key the host would identify itself with to somebody who knows these keys, without trusting it and
/// without logging in to it.
///
/// # Errors
/// As for [`dial`] and [`Session::open`].
pub(super) async fn offered_key(
    target: &Target,
    known: &KnownHosts,
    limits: (Duration, Duration),
) -> Result<PublicKey, Failure> {
    let (dial_limit, handshake_limit) = limits;
    let stream = dial(target, dial_limit).await?;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let peer = Peer { check: Check::Look(Some(sender)), farewell: Farewell::default() };
    let hand = Handshake { stream, target, config: config_for(target, known), allowance: MAX_RECEIVED };
    match (hand.shake(peer, handshake_limit).await, receiver.await) {
        (_, Ok(key)) => Ok(key),
        (Err(failure), Err(_)) => Err(failure),
        (Ok(_), Err(_)) => Err(Failure::Internal("russh accepted a host without showing its key".into())),
    }
}
