//! A host's name: its identity in the configuration, the database and the envelope.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const MAX_LENGTH: usize = 253;

/// A host's name, `\A[A-Za-z0-9:][A-Za-z0-9._:%-]{0,252}\z`.
///
/// The alphabet holds DNS names and IP addresses of both families (`fe80::1%eth0`), and nothing that means
/// anything to a shell, a path, SQL or a mail header.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// The text is not a host name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a host name begins with a letter, a digit or \":\", goes on with those or \".\", \"_\", \"%\", \"-\", and has at most 253 characters"
)]
pub struct ParseHostNameError;

impl HostName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = ParseHostNameError;

    fn from_str(text: &str) -> Result<HostName, ParseHostNameError> {
        let first = |c: char| c.is_ascii_alphanumeric() || c == ':';
        let rest = |c: char| first(c) || matches!(c, '.' | '_' | '%' | '-');
        if text.len() > MAX_LENGTH || !text.starts_with(first) || !text.chars().all(rest) {
            return Err(ParseHostNameError);
        }
        Ok(HostName(text.to_owned()))
    }
}

impl TryFrom<String> for HostName {
    type Error = ParseHostNameError;

    fn try_from(text: String) -> Result<HostName, ParseHostNameError> {
        text.parse()
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> String {
        name.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_dns_names_are_host_names() {
        for name in ["192.0.2.10", "web-1.example.org", "::1", "fe80::1%eth0", "a", &"x".repeat(253)] {
            assert_eq!(name.parse::<HostName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_a_shell_path_or_header_could_read_is_refused() {
        for name in ["", "-oProxyCommand=x", "../x", "a b", "web1\n", "a;b", "ü", ".hidden", &"x".repeat(254)] {
            assert_eq!(name.parse::<HostName>(), Err(ParseHostNameError), "{name:?}");
        }
    }
}
