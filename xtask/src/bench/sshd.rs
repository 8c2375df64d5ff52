//! The SSH side of the simulated hosts: one server that answers at the address of each.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, MethodKind, MethodSet};
use sample::wire::{AnswerHeader, Request, end_line};
use tokio::net::{TcpListener, TcpStream};

use super::content_key::ContentKey;
use super::host::Host;
use super::measurement::measure;

/// The other command that the hosts know, which prints [`PLAIN_ANSWER_BYTES`].
pub(super) const PLAIN_COMMAND: &str = "exec fleet-health-bench";
/// About as many as the probe's answer has.
pub(super) const PLAIN_ANSWER_BYTES: usize = 6000;
const PLAIN_LINE_BYTES: usize = 50;

/// The simulated hosts.
pub(super) struct Sshd {
    config: Arc<Config>,
    login: PublicKey,
    content_keys: Vec<ContentKey>,
}

impl Sshd {
    /// Hosts that all have this host key and take this login, and as many as there are content keys.
    pub(super) fn new(host_key: PrivateKey, login: PublicKey, content_keys: Vec<ContentKey>) -> Sshd {
        let config = Config {
            keys: vec![host_key],
            methods: MethodSet::from([MethodKind::PublicKey].as_slice()),
            auth_rejection_time: Duration::ZERO,
            nodelay: true,
            ..Config::default()
        };
        Sshd { config: Arc::new(config), login, content_keys }
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// No connection can be accepted any more.
    pub(super) async fn serve(self: Arc<Sshd>, listener: TcpListener) -> Result<()> {
        loop {
            let (stream, _) = listener.accept().await.context("the simulated hosts accept no connections")?;
            let sshd = self.clone();
            tokio::spawn(async move {
                if let Err(error) = sshd.welcome(stream).await
                    && !is_hang_up(&error)
                {
                    eprintln!("simulated host: {error:#}");
                }
            });
        }
    }

    async fn welcome(self: Arc<Sshd>, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let IpAddr::V4(address) = stream.local_addr()?.ip() else { bail!("the listener has an IPv4 address") };
        let host = Host::at(address).filter(|host| self.content_key(*host).is_some());
        let host = host.with_context(|| format!("nobody lives at {address}"))?;
        let visit = Visit { sshd: self.clone(), host, request: Vec::new() };
        russh::server::run_stream(self.config.clone(), stream, visit).await?.await
    }

    fn content_key(&self, host: Host) -> Option<&ContentKey> {
        self.content_keys.get(usize::try_from(host.0).ok()?)
    }
}

/// Whether the client just closed the connection. Some say goodbye in no other way.
fn is_hang_up(error: &anyhow::Error) -> bool {
    let Some(russh::Error::IO(error)) = error.downcast_ref() else { return false };
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// One connection to one host.
struct Visit {
    sshd: Arc<Sshd>,
    host: Host,
    /// What has come of the request line.
    request: Vec<u8>,
}

impl Visit {
    fn judge(&self, key: &PublicKey) -> Auth {
        if key.key_data() == self.sshd.login.key_data() { Auth::Accept } else { Auth::reject() }
    }

    /// What the probe would print.
    fn answer(&self) -> Result<Vec<u8>> {
        let request = Request::decode(std::str::from_utf8(&self.request)?)?;
        let key = self.sshd.content_key(self.host).context("this host has no content key")?;
        let sample = measure(self.host, &request)?;
        let envelope = key.seal(request.key, &request.host, &sample.encode())?;
        let header = AnswerHeader {
            probe: env!("CARGO_PKG_VERSION").to_owned(),
            spool: key.spool,
            count: 1,
            bytes: envelope.len() as u64,
            dropped: 0,
            held: 0,
            former: 0,
            unspooled: None,
        };
        let (first, last) = (header.encode(request.nonce), end_line(request.nonce));
        Ok([first.as_bytes(), &envelope, last.as_bytes()].concat())
    }
}

impl Handler for Visit {
    type Error = anyhow::Error;

    async fn auth_publickey_offered(&mut self, _user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth> {
        Ok(self.judge(offer.public_key))
    }

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth> {
        Ok(self.judge(key.public_key))
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<()> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(&mut self, channel: ChannelId, command: &[u8], session: &mut Session) -> Result<()> {
        session.channel_success(channel)?;
        if is_the_probe(command) {
            // It answers when the request has come.
            Ok(())
        } else if is_plain(command) {
            finish(session, channel, plain_answer(), 0)
        } else {
            finish(session, channel, Vec::new(), 127)
        }
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<()> {
        self.request.extend_from_slice(data);
        if self.request.ends_with(b"\n") {
            finish(session, channel, self.answer()?, 0)?;
        }
        Ok(())
    }
}

/// Ends a command with what it printed and its exit status.
fn finish(session: &mut Session, channel: ChannelId, printed: Vec<u8>, status: u32) -> Result<()> {
    if !printed.is_empty() {
        session.data(channel, printed)?;
    }
    session.exit_status_request(channel, status)?;
    session.eof(channel)?;
    Ok(session.close(channel)?)
}

/// Whether it is [`PLAIN_COMMAND`]. Some wrap it in a shell's `-c '…'`.
fn is_plain(command: &[u8]) -> bool {
    command.windows(PLAIN_COMMAND.len()).any(|part| part == PLAIN_COMMAND.as_bytes())
}

fn plain_answer() -> Vec<u8> {
    let line = [[b'x'; PLAIN_LINE_BYTES - 1].as_slice(), b"\n"].concat();
    line.repeat(PLAIN_ANSWER_BYTES / PLAIN_LINE_BYTES)
}

/// Whether it is the command of a warm visit. Of the probe, the simulated hosts know no other: a bench that went the
/// cold way would measure something else.
fn is_the_probe(command: &[u8]) -> bool {
    let digest = command.strip_prefix(b"exec ~/.cache/fleet-health/probe-").and_then(|rest| rest.strip_suffix(b" run"));
    digest.is_some_and(|digest| digest.len() == 64 && digest.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests;
