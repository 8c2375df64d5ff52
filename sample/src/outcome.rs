//! How a visit to a host ended.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Timestamp;

/// How one host's visit in one run ended. Each host of a finished run has exactly one.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The class of the ending.
    pub kind: OutcomeKind,
    /// What exactly was found, for people. Text from the host in it has passed [`crate::Untrusted`].
    pub detail: Option<String>,
    /// When the visit ended, by the server's clock.
    pub at: Timestamp,
    /// How long it took, by the server's monotonic clock.
    pub duration: Duration,
}

macro_rules! outcome_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $hint:expr;)+) => {
        /// The closed list of endings; the names are kept in the database and relied on by scripts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OutcomeKind { $($(#[$doc])* $variant,)+ }

        impl OutcomeKind {
            /// Every kind, good news first, then in the order of a visit.
            pub const ALL: &[OutcomeKind] = &[$(OutcomeKind::$variant,)+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(OutcomeKind::$variant => $name,)+ }
            }

            /// What to do about it, for people; nothing for an ending that needs nothing.
            pub const fn hint(self) -> Option<&'static str> {
                match self { $(OutcomeKind::$variant => $hint,)+ }
            }
        }
    };
}

outcome_kinds! {
    /// A fresh sample of this visit was opened and kept.
    Ok = "ok", None;
    /// The jump host on the way could not be logged in to, or forwards nothing.
    JumpFailed = "jump_failed", Some("the way to this host goes through another one: see that one's outcome, or log in to it by hand");
    /// The address is a name that could not be resolved.
    DnsFailed = "dns_failed", Some("check the client's ip attribute and the server's resolver");
    /// Nothing listens at that port.
    ConnectRefused = "connect_refused", Some("is sshd running, and is port right?");
    /// No route, or a firewall said no.
    Unreachable = "unreachable", Some("check the network and the firewall between server and host");
    /// The host did not answer the dial in time.
    ConnectTimeout = "connect_timeout", Some("the host is down, or a firewall drops the connection silently");
    /// The peer closed before it said who it is; sshd does so when too many logins are under way.
    Throttled = "throttled", Some("sshd refuses more logins for now: see MaxStartups and PerSourcePenalties in sshd_config(5)");
    /// What answered does not speak SSH as we do.
    HandshakeFailed = "handshake_failed", Some("is this an SSH server? If it only offers algorithms of old, set legacy-algorithms=\"yes\" for it");
    /// The SSH handshake was not finished in time.
    HandshakeTimeout = "handshake_timeout", Some("the host accepts connections but its sshd does not answer");
    /// No key of this host is on file.
    HostKeyUnknown = "host_key_unknown", Some("compare the fingerprint with the host's console, then run: fleet-collector trust NAME");
    /// The host offers another key than the one on file.
    HostKeyChanged = "host_key_changed", Some("if the host was reinstalled, run: fleet-collector trust --replace NAME (or correct fingerprint in config.xml); if not, somebody may be listening");
    /// The host offers a key that is marked @revoked.
    HostKeyRevoked = "host_key_revoked", Some("this key was revoked in known_hosts: find out who is answering");
    /// The host refused the login, or config.xml names a key or password that can't be used.
    AuthFailed = "auth_failed", Some("check username, key and password; fleet-collector --host NAME prints the ssh line to try by hand");
    /// The login was not answered in time.
    AuthTimeout = "auth_timeout", Some("the host's sshd does not answer the login: look at its load and its log");
    /// The connection ended in the middle of the visit.
    SessionLost = "session_lost", Some("the next run heals it; if it stays, look at the host's sshd log");
    /// The login shell did not run what it was given.
    ShellUnusable = "shell_unusable", Some("the account needs a login shell that runs commands, and rc files that stay quiet for them");
    /// No directory of ours could be made that is private, writable and allows programs to run.
    NoWorkDir = "no_work_dir", Some("give the account a writable home, or set work-dir to a place it owns that allows execution");
    /// There is no probe for the host's machine type.
    ArchUnsupported = "arch_unsupported", Some("put a probe built for it under probes/ARCH/ beside fleet-collector");
    /// The probe was run and gave no usable answer.
    ProbeFailed = "probe_failed", Some("log in as the user and run the probe by hand; its path is in the detail");
    /// The probe's answer was not complete in time.
    CommandTimeout = "command_timeout", Some("the host is overloaded, a custom check is slow and command-timeout short, or an rc file waits for something");
    /// The visit as a whole took too long.
    HostTimeout = "host_timeout", Some("raise host-timeout on <collector> if this host is merely slow");
    /// The answer came, but its fresh envelope is damaged, sealed for another key, or not of this visit.
    EnvelopeRejected = "envelope_rejected", Some("if it stays, somebody else may be writing into the host's spool");
    /// The run was interrupted before this host's turn had ended.
    Cancelled = "cancelled", None;
    /// A fault in this program.
    Internal = "internal", Some("please report this with the detail");
}

/// The text names no outcome kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown outcome kind {0:?}")]
pub struct ParseOutcomeKindError(String);

impl FromStr for OutcomeKind {
    type Err = ParseOutcomeKindError;

    fn from_str(text: &str) -> Result<OutcomeKind, ParseOutcomeKindError> {
        let found = OutcomeKind::ALL.iter().find(|kind| kind.name() == text);
        found.copied().ok_or_else(|| ParseOutcomeKindError(text.to_owned()))
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why an envelope from a spool did not become a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    /// Not an envelope, or of a version this program does not know.
    Malformed,
    /// Sealed for a key this server does not hold.
    UnknownKey,
    /// The tag does not fit: altered, or made for another host.
    Damaged,
    /// It opened, but holds no valid sample of this host.
    InvalidSample,
}

impl Rejection {
    /// Every class.
    pub const ALL: [Rejection; 4] =
        [Rejection::Malformed, Rejection::UnknownKey, Rejection::Damaged, Rejection::InvalidSample];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Rejection::Malformed => "malformed",
            Rejection::UnknownKey => "unknown_key",
            Rejection::Damaged => "damaged",
            Rejection::InvalidSample => "invalid_sample",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name_and_every_failure_says_what_to_do() {
        for kind in OutcomeKind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
            let quiet = matches!(kind, OutcomeKind::Ok | OutcomeKind::Cancelled);
            assert_eq!(kind.hint().is_none(), quiet, "{kind}");
        }
    }

    #[test]
    fn the_hint_of_a_command_timeout_names_what_a_command_waits_for_and_what_is_to_be_set() {
        let hint = OutcomeKind::CommandTimeout.hint().unwrap();
        assert!(
            ["overloaded", "custom check", "command-timeout", "rc file"].iter().all(|it| hint.contains(it)),
            "{hint}"
        );
    }
}
