//! SSH, and the only place that names russh.
//!
//! What this module promises whatever the host does: nothing of ours is sent before the host key was decided on,
//! each part of the way has a deadline, output is bounded, and dropping a [`Session`] ends its socket and task.

mod algorithms;
mod certificate;
mod connect;
mod dial;
mod exec;
mod guard;
mod host_key;
mod jump;
mod known_hosts;
mod login;
mod peer;
mod pin;
mod resolve;
mod shortage;

pub use connect::Session;
pub use dial::{Target, dial};
pub(crate) use exec::SHOWN_OF_FLOOD;
pub use exec::{Ended, Want};
pub use guard::Stream;
pub use host_key::{Policy, Trust};
pub use jump::Bastion;
pub use known_hosts::{KnownHosts, KnownHostsError, Verdict, fingerprint, lookup_name};
pub use login::{AgentSocket, CertificateError, Identity, IdentityError, Login, UserCertificate};
pub use pin::{Offer, look, pin};
