//! Logging in: one connection, at most two attempts, nothing a second time that was refused (servers lock accounts and
//! addresses).

mod agent;
mod certificate;
mod identity;
mod offer;
mod prompt;

use std::sync::Arc;
use std::time::Duration;

use config::Secret;
use russh::client::{AuthResult, KeyboardInteractiveAuthResponse};
use russh::keys::HashAlg;
use russh::keys::agent::AgentIdentity;
use russh::{MethodKind, MethodSet};
use tokio::time::timeout;

use self::agent::Conversation;
use self::offer::{Offer, SignError, offers};
use self::prompt::{Prompts, Reply};
use super::connect::Session;
use super::known_hosts::fingerprint;
use crate::{Failure, clock};

pub use agent::AgentSocket;
pub use certificate::{CertificateError, UserCertificate};
pub use identity::{Identity, IdentityError};

/// How often a host is asked to let us in, over one connection. sshd closes after six, and tools that watch its log
/// shut out whoever fails three to five times.
const MOST_ATTEMPTS: usize = 2;

/// How to log in to a host. A private key, an agent or a password is there.
#[derive(Clone)]
pub struct Login {
    /// The account.
    pub username: String,
    /// The key to log in with, tried first.
    pub key: Option<Arc<Identity>>,
    /// What certifies the key.
    pub certificate: Option<Arc<UserCertificate>>,
    /// Signs with keys whose private half is not at hand.
    pub agent: Option<AgentSocket>,
    /// Tried if no key lets us in and the host takes passwords.
    pub password: Option<Arc<Secret>>,
    /// A command line for people that does the same.
    pub by_hand: String,
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// The host refuses or asks for something that is not at hand, the agent is of no use, somebody is too slow, or the
    /// connection ends.
    pub async fn log_in(&mut self, login: &Login, limit: Duration) -> Result<(), Failure> {
        let agent = login.agent.as_ref().map(|socket| {
            let binding = self.handle.agent_session_binding().cloned();
            Arc::new(Conversation { socket: socket.clone(), binding, limit: limit / 2 })
        });
        let attempts = Attempts { session: self, login, made: 0, tried: Vec::new(), offered: None };
        timeout(limit, attempts.make(agent)).await.map_err(|_elapsed| Failure::AuthTimeout(limit))?
    }
}

/// The attempts of one login, so far.
struct Attempts<'a> {
    session: &'a mut Session,
    login: &'a Login,
    made: usize,
    /// What was tried and found, for people.
    tried: Vec<String>,
    /// The methods the host goes on with, known after its first answer.
    offered: Option<MethodSet>,
}

enum Answer {
    Welcome,
    /// Refused, or not enough by itself.
    NotYet,
}

impl Attempts<'_> {
    async fn make(mut self, agent: Option<Arc<Conversation>>) -> Result<(), Failure> {
        match self.with_keys(agent).await? {
            Answer::Welcome => Ok(()),
            Answer::NotYet => match self.with_password().await? {
                Answer::Welcome => Ok(()),
                Answer::NotYet => Err(self.refused()),
            },
        }
    }

    async fn with_keys(&mut self, agent: Option<Arc<Conversation>>) -> Result<Answer, Failure> {
        let now = clock::now();
        let (offers, held) = match offers(self.login, agent, now).await {
            Ok(found) => found,
            Err(error) if self.login.password.is_none() => {
                return Err(Failure::NoAccess(format!("{error}; by hand: {}", self.login.by_hand)));
            }
            Err(error) => {
                self.tried.push(format!("nothing with the agent ({error})"));
                return Ok(Answer::NotYet);
            }
        };
        // A password gets its turn, also where the host wants a key and then the password.
        let most = MOST_ATTEMPTS - usize::from(self.login.password.is_some());
        if let Some(held) = held.filter(|_| offers.len() > most) {
            self.tried.push(format!("no more than {most} of the {held} keys of the agent (identity-file chooses)"));
        }
        for offer in offers.iter().take(most) {
            if !self.may_try(MethodKind::PublicKey) {
                break;
            }
            let described = offer.describe(&self.login.username, now);
            match self.offer(offer, described).await? {
                Answer::Welcome => return Ok(Answer::Welcome),
                Answer::NotYet => {}
            }
        }
        Ok(Answer::NotYet)
    }

    async fn offer(&mut self, offer: &Offer, described: String) -> Result<Answer, Failure> {
        let hash = match offer.is_rsa() {
            true => match self.rsa_hash().await {
                Some(hash) => Some(hash),
                None => {
                    self.tried.push(format!("not {described}: the host takes RSA keys with SHA-1 alone"));
                    return Ok(Answer::NotYet);
                }
            },
            // Which signatures the host takes matters for RSA keys alone, and asking can take a second.
            false => None,
        };
        let (handle, user, mut signer) = (&mut self.session.handle, &self.login.username, offer);
        let result = match offer.shown.clone() {
            AgentIdentity::PublicKey { key, .. } => {
                handle.authenticate_publickey_with(user, key, hash, &mut signer).await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                handle.authenticate_certificate_with(user, certificate, hash, &mut signer).await
            }
        };
        match result {
            Ok(result) => self.answer(described, result),
            Err(SignError::Session(_)) => Err(LOST),
            Err(error @ (SignError::Agent(_) | SignError::Key(_) | SignError::Encoding(_))) => {
                self.made += 1;
                self.tried.push(format!("{described}, which the host takes, but {error}"));
                Ok(Answer::NotYet)
            }
        }
    }

    /// The hash to sign with; none if the host takes nothing but SHA-1.
    async fn rsa_hash(&mut self) -> Option<HashAlg> {
        match self.session.handle.best_supported_rsa_hash().await {
            Ok(Some(hash)) => hash,
            // It does not say. A session that is gone is told by the attempt itself.
            Ok(None) | Err(_) => Some(HashAlg::Sha512),
        }
    }

    /// The password, by the method that is named so, or where the host does not have that one, in answer to a
    /// question.
    async fn with_password(&mut self) -> Result<Answer, Failure> {
        let Some(password) = self.login.password.clone() else { return Ok(Answer::NotYet) };
        if self.may_try(MethodKind::Password) {
            let user = &self.login.username;
            let result =
                self.session.handle.authenticate_password(user, password.expose()).await.map_err(|_ended| LOST)?;
            match self.answer("password".to_owned(), result)? {
                Answer::Welcome => return Ok(Answer::Welcome),
                // It was looked at and found wrong.
                Answer::NotYet if self.may_try(MethodKind::Password) => return Ok(Answer::NotYet),
                Answer::NotYet => {}
            }
        }
        match self.may_try(MethodKind::KeyboardInteractive) {
            true => self.with_answers(&password).await,
            false => Ok(Answer::NotYet),
        }
    }

    async fn with_answers(&mut self, password: &Secret) -> Result<Answer, Failure> {
        const METHOD: &str = "keyboard-interactive";
        let handle = &mut self.session.handle;
        let mut prompts = Prompts::default();
        let mut said = handle.authenticate_keyboard_interactive_start(&self.login.username, None).await;
        loop {
            let answers = match said.map_err(|_ended| LOST)? {
                KeyboardInteractiveAuthResponse::Success => return Ok(Answer::Welcome),
                KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                    let result = AuthResult::Failure { remaining_methods, partial_success };
                    return self.answer(METHOD.to_owned(), result);
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts: asked, .. } => match prompts.reply(&asked) {
                    Reply::Nothing => Vec::new(),
                    Reply::Password => vec![password.expose().to_owned()],
                    Reply::Silence(asked) => {
                        self.tried.push(format!("{METHOD}, where it asks for {asked}, which was not answered"));
                        return Err(self.refused());
                    }
                },
            };
            said = handle.authenticate_keyboard_interactive_respond(answers).await;
        }
    }

    /// Whether there is an attempt left and the host goes on with this method.
    fn may_try(&self, method: MethodKind) -> bool {
        self.made < MOST_ATTEMPTS && self.offered.as_ref().is_none_or(|offered| offered.contains(&method))
    }

    fn answer(&mut self, what: String, result: AuthResult) -> Result<Answer, Failure> {
        self.made += 1;
        match result {
            AuthResult::Success => Ok(Answer::Welcome),
            // russh reports a connection that ended in the same way, with no methods left.
            AuthResult::Failure { remaining_methods, .. } if remaining_methods.is_empty() && self.session.is_lost() => {
                Err(self.dismissed(what))
            }
            AuthResult::Failure { remaining_methods, partial_success } => {
                self.tried.push(if partial_success { format!("{what} (accepted, but not enough)") } else { what });
                self.offered = Some(remaining_methods);
                Ok(Answer::NotYet)
            }
        }
    }

    /// A host that takes leave when we want to log in has refused us (MaxAuthTries); one that just breaks off has not.
    fn dismissed(&mut self, what: String) -> Failure {
        let Some(words) = self.session.farewell.words() else { return LOST };
        self.tried.push(format!("{what} (the host ended the connection: {words})"));
        self.refused()
    }

    fn refused(&mut self) -> Failure {
        let offered = self.offered.as_deref().unwrap_or_default();
        let offered: Vec<&str> = offered.iter().map(<&str>::from).collect();
        let takes = match offered.is_empty() {
            true => String::new(),
            false => format!("; the host takes {}", offered.join(", ")),
        };
        let tried = format!("{}{takes}; by hand: {}", self.tried.join(", "), self.login.by_hand);
        Failure::AuthRefused { user: self.login.username.clone(), tried }
    }
}

const LOST: Failure = Failure::SessionLost { phase: "during the login" };
