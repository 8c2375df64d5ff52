//! The SSH side of the simulated hosts: one server that answers at the address of each.

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
                if let Err(error) = sshd.welcome(stream).await {
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
        let sample = measure(self.host, request.nonce)?;
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
        if !is_the_probe(command) {
            session.exit_status_request(channel, 127)?;
            session.eof(channel)?;
            session.close(channel)?;
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<()> {
        self.request.extend_from_slice(data);
        if self.request.ends_with(b"\n") {
            session.data(channel, self.answer()?)?;
            session.exit_status_request(channel, 0)?;
            session.eof(channel)?;
            session.close(channel)?;
        }
        Ok(())
    }
}

/// Whether it is the command of a warm visit. The simulated hosts know no other: a bench that went the cold way would
/// measure something else.
fn is_the_probe(command: &[u8]) -> bool {
    let digest = command.strip_prefix(b"exec ~/.cache/fleet-health/probe-").and_then(|rest| rest.strip_suffix(b" run"));
    digest.is_some_and(|digest| digest.len() == 64 && digest.iter().all(u8::is_ascii_hexdigit))
}
