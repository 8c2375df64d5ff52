//! Who gets a mail, or which command is told instead.

use std::fmt;
use std::str::FromStr;

/// One mail address, `local@domain`, or one notifier, `exec:name`.
///
/// An address is ASCII only, without quoting, comments, spaces or control characters: what stands here goes into SMTP commands
/// and headers as it is. The domain may be a single label (`root@localhost`). At most 254 bytes (RFC 5321, 4.5.3.1.3).
/// A notifier's name has 1 to 64 of `a` to `z`, `0` to `9`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Recipient(String);

/// What tells a notifier from a mail address.
const NOTIFIER: &str = "exec:";

/// The text is neither a mail address nor a notifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a mail address such as ops@example.org")]
pub struct ParseRecipientError;

impl Recipient {
    /// The address, or `exec:` and the notifier's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The notifier's name, if it is one.
    pub fn notifier(&self) -> Option<&str> {
        // No address has a colon.
        self.0.strip_prefix(NOTIFIER)
    }

    /// Whether a notifier may have this name.
    pub fn is_notifier_name(name: &str) -> bool {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        (1..=64).contains(&name.len()) && name.bytes().all(allowed)
    }
}

impl FromStr for Recipient {
    type Err = ParseRecipientError;

    fn from_str(text: &str) -> Result<Recipient, ParseRecipientError> {
        if text.strip_prefix(NOTIFIER).is_some_and(Recipient::is_notifier_name) {
            return Ok(Recipient(text.to_owned()));
        }
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
    fn a_notifier_is_a_recipient_and_no_address() {
        for name in ["chat", "on-call_2", "0", &"x".repeat(64)] {
            let recipient: Recipient = format!("exec:{name}").parse().unwrap();
            assert_eq!((recipient.notifier(), recipient.as_str()), (Some(name), &*format!("exec:{name}")));
        }
        for text in
            ["exec:", "exec:Chat", "exec:a b", "exec:../x", "exec:a\n", "exec: a", "EXEC:a", "exec:ä", "exec:a@b"]
        {
            assert!(text.parse::<Recipient>().is_err(), "{text:?}");
        }
        assert!(format!("exec:{}", "x".repeat(65)).parse::<Recipient>().is_err());
        for address in ["exec@example.org", "chat@localhost"] {
            assert_eq!(address.parse::<Recipient>().unwrap().notifier(), None);
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
