//! Which keys are offered to a host, in which order, and how each signs.

use std::sync::Arc;

use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::ssh_key::{self, Signature};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use sample::Timestamp;

use super::agent::{AgentError, Conversation};
use super::certificate::objection;
use super::{Login, fingerprint};

/// A key or certificate that is shown to the host, and who signs for it.
pub(super) struct Offer {
    pub(super) shown: AgentIdentity,
    hand: Hand,
}

/// Who signs.
enum Hand {
    Key(Arc<PrivateKey>),
    /// The agent, with what it holds: the key alone, where the certificate comes from a file.
    Agent(Box<AgentIdentity>, Arc<Conversation>),
}

/// The key a host accepted could not sign.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    #[error("the session is gone")]
    Session(#[from] russh::SendError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error("cannot sign: {0}")]
    Key(#[from] ssh_key::Error),
    #[error("cannot sign: {0}")]
    Encoding(#[from] ssh_key::encoding::Error),
}

/// Everything there is to offer, best first, and how many keys the agent holds if it was asked for any.
///
/// A private key at hand signs itself. The agent is asked only for what it alone can do: for the key whose public half
/// the identity file shows, for the key of the certificate, or if neither is named, for whatever it holds.
pub(super) async fn offers(
    login: &Login,
    agent: Option<Arc<Conversation>>,
    now: Timestamp,
) -> Result<(Vec<Offer>, Option<usize>), AgentError> {
    let private = login.key.as_ref().and_then(|key| key.private().ok());
    let (mut offers, held) = match (private, agent) {
        (Some(key), _) => (of_file(login, key), None),
        (None, Some(agent)) => {
            let held = agent.identities().await?;
            let count = held.len();
            (of_agent(login, &agent, held)?, Some(count))
        }
        (None, None) => (Vec::new(), None),
    };
    // A certificate that will hardly do comes last: the key may be known to the host without it.
    offers.sort_by_key(|offer| offer.objection(&login.username, now).is_some());
    Ok((offers, held))
}

fn of_file(login: &Login, key: &Arc<PrivateKey>) -> Vec<Offer> {
    let certificate = login.certificate.iter().map(|file| AgentIdentity::from(file.certificate.clone()));
    let shown = certificate.chain([AgentIdentity::from(key.public_key().clone())]);
    shown.map(|shown| Offer { shown, hand: Hand::Key(key.clone()) }).collect()
}

fn of_agent(login: &Login, agent: &Arc<Conversation>, held: Vec<AgentIdentity>) -> Result<Vec<Offer>, AgentError> {
    let certificate = login.certificate.as_ref().map(|file| &file.certificate);
    let wanted = match (&login.key, certificate) {
        (Some(key), _) => Some(key.public().key_data().clone()),
        (None, Some(certificate)) => Some(certificate.public_key().clone()),
        (None, None) => None,
    };
    let count = held.len();
    let is_wanted = |held: &AgentIdentity| wanted.as_ref().is_none_or(|wanted| key_data(held) == wanted);
    let held: Vec<AgentIdentity> = held.into_iter().filter(is_wanted).collect();
    let of_file = certificate.zip(held.iter().find(|held| !is_certificate(held)).or(held.first()));
    let of_file = of_file.map(|(certificate, signs)| Offer {
        shown: AgentIdentity::from(certificate.clone()),
        hand: Hand::Agent(Box::new(signs.clone()), agent.clone()),
    });
    let mut offers: Vec<Offer> = of_file.into_iter().collect();
    // The agent may hold the very certificate that the file shows, and nothing is offered twice.
    let others = held.into_iter().filter(|held| certificate.is_none() || !is_certificate(held));
    offers.extend(others.map(|held| Offer { shown: held.clone(), hand: Hand::Agent(Box::new(held), agent.clone()) }));
    match wanted {
        Some(wanted) if offers.is_empty() => {
            Err(agent.socket.does_not_hold(count, fingerprint(&PublicKey::from(wanted))))
        }
        // Where one key is wanted, its certificates come before it.
        Some(_) => {
            offers.sort_by_key(|offer| !is_certificate(&offer.shown));
            Ok(offers)
        }
        None => Ok(offers),
    }
}

impl Offer {
    /// What was tried, for people: `certificate SHA256:… (expired at …)`, `key SHA256:… of the agent`.
    pub(super) fn describe(&self, user: &str, now: Timestamp) -> String {
        let what = if is_certificate(&self.shown) { "certificate of key" } else { "key" };
        let whose = match self.hand {
            Hand::Key(_) => "",
            Hand::Agent(..) => " of the agent",
        };
        let objection = self.objection(user, now).map(|found| format!(" ({found})")).unwrap_or_default();
        format!("{what} {}{whose}{objection}", fingerprint_of(&self.shown))
    }

    /// Whether its signatures depend on a hash that the host has to know.
    pub(super) fn is_rsa(&self) -> bool {
        matches!(key_data(&self.shown).algorithm(), Algorithm::Rsa { .. })
    }

    fn objection(&self, user: &str, now: Timestamp) -> Option<String> {
        match &self.shown {
            AgentIdentity::PublicKey { .. } => None,
            AgentIdentity::Certificate { certificate, .. } => objection(certificate, user, now),
        }
    }
}

impl russh::Signer for &Offer {
    type Error = SignError;

    /// Appends the signature of `data` to it.
    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        mut data: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        match &self.hand {
            Hand::Key(key) => {
                Vec::<u8>::try_from(signature(key, hash, &data)?)?.encode(&mut data)?;
                Ok(data)
            }
            Hand::Agent(held, agent) => Ok(agent.sign(held, hash, data).await?),
        }
    }
}

fn signature(key: &PrivateKey, hash: Option<HashAlg>, data: &[u8]) -> Result<Signature, ssh_key::Error> {
    if let KeypairData::Rsa(pair) = key.key_data() {
        return Ok((pair, hash).try_sign(data)?);
    }
    Ok(key.try_sign(data)?)
}

fn is_certificate(identity: &AgentIdentity) -> bool {
    matches!(identity, AgentIdentity::Certificate { .. })
}

fn key_data(identity: &AgentIdentity) -> &KeyData {
    match identity {
        AgentIdentity::PublicKey { key, .. } => key.key_data(),
        AgentIdentity::Certificate { certificate, .. } => certificate.public_key(),
    }
}

pub(super) fn fingerprint_of(identity: &AgentIdentity) -> String {
    fingerprint(&PublicKey::from(key_data(identity).clone()))
}
