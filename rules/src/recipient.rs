//! Who gets a mail.

use std::fmt;
use std::str::FromStr;

/// One mail address, `local@domain`.
///
/// ASCII only, without quoting, comments, spaces or control characters: what stands here goes into SMTP commands
/// and headers as it is. The domain may be a single label (`root@localhost`). At most 254 bytes (RFC 5321, 4.5.3.1.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient(String);

/// The text is not a mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a mail address such as ops@example.org")]
pub struct ParseRecipientError;

impl Recipient {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = ParseRecipientError;

    fn from_str(text: &str) -> Result<Recipient, ParseRecipientError> {
        let (local, domain) = text.rsplit_once('@').ok_or(ParseRecipientError)?;
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let host = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let dotted = |text: &str, part: &dyn Fn(char) -> bool| {
            text.split('.').all(|label| !label.is_empty() && label.chars().all(part))
        };
        if text.len() > 254 || local.len() > 64 || !dotted(local, &atom) || !dotted(domain, &host) {
            return Err(ParseRecipientError);
        }
        Ok(Recipient(text.to_owned()))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_people_use_are_recipients() {
        for text in ["ops@example.org", "root@localhost", "first.last+fleet@mail.example.co.uk"] {
            assert_eq!(text.parse::<Recipient>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn nothing_that_could_add_a_header_or_a_command_is_a_recipient() {
        for text in
            ["", "ops", "@x", "a@", "a b@x", "a@x\r\nBcc: b@x", "a@x>", "a@@x", ".a@x", "a@x..y", "ä@x", "<a@x>"]
        {
            assert!(text.parse::<Recipient>().is_err(), "{text:?}");
        }
    }
}
