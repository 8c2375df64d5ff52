//! An ssh-agent: which keys it holds, and signatures made by it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use russh::keys::HashAlg;
use russh::keys::agent::client::AgentClient;
use russh::keys::agent::{AgentIdentity, AgentSessionBinding};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long an agent may take for one answer. Less than a login may take, so that the blame falls on the right one.
const LONGEST: Duration = Duration::from_secs(5);

/// Conversations with agents at one time, of all logins: an agent answers one after the other anyway, and a queue
/// longer than its backlog would be refused.
static CONVERSATIONS: Semaphore = Semaphore::const_new(16);

/// Where an ssh-agent listens. Each request is a connection of its own: none is open while a host thinks.
#[derive(Clone, Debug)]
pub struct AgentSocket {
    path: PathBuf,
}

/// An agent is of no use.
#[derive(Debug, thiserror::Error)]
#[error("ssh-agent at {}: {fault}", path.display())]
pub(super) struct AgentError {
    path: PathBuf,
    fault: Fault,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("cannot connect: {0}")]
    Absent(io::Error),
    #[error("no answer within {} ms", .0.as_millis())]
    Silent(Duration),
    #[error("it holds no keys, or is locked")]
    Empty,
    #[error("it holds {held} keys, but not {wanted}")]
    NotHeld { held: usize, wanted: String },
    #[error("it does not sign with {0}; it may be locked, or the key be forbidden for this host")]
    Refused(String),
    #[error("not understood: {0}")]
    Garbled(russh::keys::Error),
}

/// A login's view of an agent: its socket, the session that signatures are for, and the patience there is.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) socket: AgentSocket,
    pub(super) binding: Option<AgentSessionBinding>,
    pub(super) limit: Duration,
}

impl AgentSocket {
    /// An agent that listens at this path.
    pub fn at(path: &Path) -> AgentSocket {
        AgentSocket { path: path.to_owned() }
    }

    fn error(&self, fault: Fault) -> AgentError {
        AgentError { path: self.path.clone(), fault }
    }

    /// None of its keys, as many as `held`, is the wanted one.
    pub(super) fn does_not_hold(&self, held: usize, wanted: String) -> AgentError {
        self.error(Fault::NotHeld { held, wanted })
    }
}

impl Conversation {
    /// Everything the agent holds: at least one key.
    pub(super) async fn identities(&self) -> Result<Vec<AgentIdentity>, AgentError> {
        let asked = self.within_limit(async |mut agent| agent.request_identities().await.map_err(Fault::Garbled));
        match asked.await {
            Ok(held) if held.is_empty() => Err(self.socket.error(Fault::Empty)),
            other => other,
        }
    }

    /// `data` with the signature of a key appended, made by the agent.
    pub(super) async fn sign(
        &self,
        key: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, AgentError> {
        let signed = self.within_limit(async |mut agent| match agent.sign_request(key, hash, data).await {
            Err(russh::keys::Error::AgentFailure) => Err(Fault::Refused(super::offer::fingerprint_of(key))),
            other => other.map_err(Fault::Garbled),
        });
        signed.await
    }

    async fn within_limit<T>(
        &self,
        request: impl AsyncFnOnce(AgentClient<UnixStream>) -> Result<T, Fault>,
    ) -> Result<T, AgentError> {
        let limit = self.limit.min(LONGEST);
        let all = async {
            let _turn = CONVERSATIONS.acquire().await.expect("the semaphore is never closed");
            request(self.connect().await?).await
        };
        let done = timeout(limit, all).await.unwrap_or(Err(Fault::Silent(limit)));
        done.map_err(|fault| self.socket.error(fault))
    }

    /// Connects, and tells the agent which session it is for: keys that are bound to hosts need that.
    async fn connect(&self) -> Result<AgentClient<UnixStream>, Fault> {
        let stream = UnixStream::connect(&self.socket.path).await.map_err(Fault::Absent)?;
        let mut agent = AgentClient::connect(stream);
        match &self.binding {
            Some(binding) => match agent.bind_session(binding, false).await {
                // Agents that don't know the request have no such keys.
                Ok(()) | Err(russh::keys::Error::AgentFailure) => Ok(agent),
                Err(error) => Err(Fault::Garbled(error)),
            },
            None => Ok(agent),
        }
    }
}
