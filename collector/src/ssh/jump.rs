//! Jump hosts: one connection to each of them per run, through which other hosts are reached.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use config::Deadlines;
use russh::ChannelOpenFailure;
use sample::{HostName, OutcomeKind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, duplex, join, split};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{sleep, timeout};

use super::connect::Session;
use super::dial::{Target, dial};
use super::guard::Stream;
use super::host_key::Trust;
use super::login::Login;
use crate::Failure;

/// A host that others are reached through.
///
/// The first one that needs it logs in; all others wait for that and share the connection, or hear why there is
/// none: a jump host that fails is not asked again in the same run. The connection ends with the last owner.
pub struct Bastion {
    /// Its name in config.xml.
    name: HostName,
    target: Target,
    /// How to log in, or what is wrong with that in config.xml.
    login: Result<Login, String>,
    trust: Arc<Trust>,
    deadlines: Deadlines,
    session: OnceCell<Result<Arc<Session>, (OutcomeKind, String)>>,
    /// Places for the hosts behind it.
    places: Arc<Semaphore>,
    /// Places for connections that are neither there nor refused yet.
    undecided: Arc<Semaphore>,
}

/// Hosts that one jump host connects us to at once. Its sshd has about a thousand descriptors for one login; where it
/// runs out of them it says that the host can't be connected to.
const CHANNELS: usize = 128;
/// Connections that its sshd tries at once, for two minutes if a host is silent: we give up sooner, and it does not hear
/// of that.
const UNDECIDED: usize = 640;

impl Bastion {
    /// A jump host nobody is connected to yet. `login` may be what is wrong with it in config.xml.
    pub fn new(
        name: HostName,
        target: Target,
        login: Result<Login, String>,
        trust: Arc<Trust>,
        deadlines: Deadlines,
    ) -> Bastion {
        Bastion {
            name,
            target,
            login,
            trust,
            deadlines,
            session: OnceCell::new(),
            places: Arc::new(Semaphore::new(CHANNELS)),
            undecided: Arc::new(Semaphore::new(UNDECIDED)),
        }
    }

    /// The connection, which is opened if nobody did so before. The visit to the jump host itself can use it too:
    /// sshd counts logins, not channels.
    ///
    /// # Errors
    /// The jump host's own failure: it can't be logged in to, now or when it was tried earlier.
    pub async fn session(&self) -> Result<Arc<Session>, Failure> {
        self.opened().await.clone().map_err(|(kind, text)| Failure::Earlier { kind, text })
    }

    /// The connection, for somebody who wants to go on from there.
    pub(super) async fn way(&self) -> Result<&Arc<Session>, Failure> {
        let opened = self.opened().await.as_ref();
        opened.map_err(|(kind, text)| self.failure(format!("{kind}: {text}")))
    }

    async fn opened(&self) -> &Result<Arc<Session>, (OutcomeKind, String)> {
        let open = async || match Box::pin(self.log_in()).await {
            Ok(session) => Ok(Arc::new(session)),
            Err(failure) => Err((failure.kind(), failure.to_string())),
        };
        self.session.get_or_init(open).await
    }

    /// The way through it, as `ssh -J` takes it.
    pub fn as_jump(&self) -> String {
        let before = self.target.through.as_ref().map(|bastion| bastion.as_jump() + ",").unwrap_or_default();
        let user = self.login.as_ref().map(|login| format!("{}@", login.username)).unwrap_or_default();
        let Target { address, port, .. } = &self.target;
        let address = if address.contains(':') { format!("[{address}]") } else { address.clone() };
        format!("{before}{user}{address}:{port}")
    }

    /// Where there is another jump host before this one, what fails may be that one's fault.
    async fn log_in(&self) -> Result<Session, Failure> {
        let logged_in = self.log_in_directly().await;
        match (logged_in, &self.target.through) {
            (Err(failure), Some(before)) => Err(Box::pin(before.answer_for(failure)).await),
            (logged_in, _) => logged_in,
        }
    }

    async fn log_in_directly(&self) -> Result<Session, Failure> {
        let login = self.login.as_ref().map_err(|found| Failure::NoAccess(found.clone()))?;
        let stream = dial(&self.target, self.deadlines.dial).await?;
        let mut session =
            Session::open_to_jump(stream, &self.target, self.trust.clone(), self.deadlines.handshake).await?;
        session.log_in(login, self.deadlines.authentication).await?;
        Ok(session)
    }

    /// Has the jump host connect to the target, whose name it resolves itself. Waits for one of its places first, for
    /// as long as visits take: that says nothing about the target.
    ///
    /// # Errors
    /// The jump host can't be logged in to, forwards nothing, or does not reach the target within the limit.
    pub(super) async fn forward(&self, target: &Target, limit: Duration) -> Result<Stream, Failure> {
        let session = self.way().await?.clone();
        let place = match target.serves_others {
            // It would keep its place for the whole run; enough of them would leave none to anybody else.
            true => None,
            false => Some(self.places.clone().acquire_owned().await.expect("this semaphore is never closed")),
        };
        let undecided = self.undecided.clone().acquire_owned().await.expect("this semaphore is never closed");
        let (address, port) = (target.address.clone(), u32::from(target.port));
        // A task, so that a channel that comes too late is closed and not left open on the jump host.
        let opening = tokio::spawn(async move {
            // The originator is ourselves; servers only log it.
            let opened = session.handle.channel_open_direct_tcpip(address, port, "127.0.0.1", 0).await;
            drop(undecided);
            Ok(Stream::new(buffered(opened?.into_stream())))
        });
        match timeout(limit, opening).await {
            Ok(Ok(Ok(stream))) => Ok(stream.holding(place)),
            Ok(Ok(Err(russh::Error::ChannelOpenFailure(why)))) => Err(self.refusal(target, &why)),
            // Opening does not panic, and nobody aborts it.
            Ok(Ok(Err(_)) | Err(_)) => Err(self.lost()),
            Err(_elapsed) => {
                let Target { address, port, .. } = target;
                let address = format!("{address} port {port}, by way of {}", self.name);
                Err(self.answer_for(Failure::DialTimeout { address, limit }).await)
            }
        }
    }

    fn refusal(&self, target: &Target, why: &ChannelOpenFailure) -> Failure {
        let forwards = match why {
            ChannelOpenFailure::ConnectFailed => {
                let (bastion, address) = (self.name.to_string(), target.address.clone());
                return Failure::BeyondJump { bastion, address, port: target.port };
            }
            ChannelOpenFailure::AdministrativelyProhibited => {
                "forwarding is prohibited: see AllowTcpForwarding and PermitOpen in its sshd_config, and restrict in \
                 authorized_keys"
            }
            ChannelOpenFailure::UnknownChannelType => "its SSH server cannot forward",
            ChannelOpenFailure::ResourceShortage => "it is short of resources",
            ChannelOpenFailure::Other { .. } => "it refuses, and gives no known reason",
        };
        let Target { address, port, .. } = target;
        self.failure(format!("it does not connect us to {address} port {port}: {forwards}"))
    }

    /// Whether the connection was there and is gone. Its channels may end a moment before it is known to be.
    pub(super) async fn is_lost_by_now(&self) -> bool {
        const MOMENT: Duration = Duration::from_millis(50);
        let is_lost =
            || self.session.get().is_some_and(|opened| opened.as_ref().is_ok_and(|session| session.is_lost()));
        if !is_lost() {
            sleep(MOMENT).await;
        }
        is_lost()
    }

    /// What a failure of a host behind it comes to: where nothing comes through the jump host any more, that is why.
    pub(crate) async fn answer_for(&self, failure: Failure) -> Failure {
        let may_be_its = matches!(
            failure,
            Failure::DialTimeout { .. }
                | Failure::SessionLost { .. }
                | Failure::Throttled(_)
                | Failure::Handshake(_)
                | Failure::HandshakeTimeout(_)
                | Failure::AuthTimeout(_)
                | Failure::CommandTimeout { .. }
                | Failure::HostTimeout(_)
        );
        if may_be_its { self.outage().await.unwrap_or(failure) } else { failure }
    }

    async fn outage(&self) -> Option<Failure> {
        const PATIENCE: Duration = Duration::from_secs(5);
        if self.is_lost_by_now().await {
            return Some(self.lost());
        }
        // A line that is cut without a word is noticed by keepalives, but later than a short deadline is over.
        let session = self.session.get()?.as_ref().ok()?;
        match timeout(PATIENCE, session.handle.send_ping()).await {
            Ok(_) => session.is_lost().then(|| self.lost()),
            Err(_elapsed) => Some(self.failure("it does not answer any more".to_owned())),
        }
    }

    /// The failure of hosts behind a jump host that is gone.
    pub(super) fn lost(&self) -> Failure {
        self.failure("the connection to it ended".to_owned())
    }

    fn failure(&self, why: String) -> Failure {
        Failure::Jump { bastion: self.name.to_string(), why }
    }
}

/// What of a host's words may wait for the visit to it: more than it may send before it is answered.
const UNREAD: usize = 1024 * 1024;
/// Who sends more than that, and is not read for so long, is cut off.
const PATIENCE: Duration = Duration::from_secs(1);
/// What of ours may wait for the jump host's connection: more than a host's window, which bounds what is under way.
const UNSENT: usize = 4 * 1024 * 1024;

/// The channel, with room for what waits on either side. russh's session task serves all channels of a connection, and
/// waits for whoever is to read what came. A visit that waits for that task to take its own words would then wait for
/// ever, and so would all the others behind this jump host.
fn buffered(channel: impl AsyncRead + AsyncWrite + Send + 'static) -> impl AsyncRead + AsyncWrite + Send + Unpin {
    let (heard, mut to_visit) = duplex(UNREAD);
    let (said, mut from_visit) = duplex(UNSENT);
    let (mut from_host, mut to_host) = split(channel);
    // When either side ends, so does the other: dropping the channel closes it.
    tokio::spawn(async move {
        tokio::select! {
            _ended = hand_on(&mut from_host, &mut to_visit) => {}
            _ended = copy(&mut from_visit, &mut to_host) => {}
        }
    });
    join(heard, said)
}

async fn hand_on(from_host: &mut (impl AsyncRead + Unpin), to_visit: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut piece = vec![0; 32 * 1024];
    loop {
        let length = from_host.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        timeout(PATIENCE, to_visit.write_all(&piece[..length])).await??;
    }
}

impl fmt::Debug for Bastion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its login is nobody's business.
        f.debug_struct("Bastion").field("name", &self.name).field("target", &self.target).finish_non_exhaustive()
    }
}
