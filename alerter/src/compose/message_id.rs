//! The Message-ID of a mail: the same for the same events, whenever and however often it is made.

use sha2::{Digest, Sha256};

use rules::Recipient;

use super::{Stationery, Told};

/// Returns `<fh.` + 26 hexadecimal digits + `@domain of the sender>`.
///
/// The digits are the beginning of a SHA-256 over the installation, the events and the recipients. No row id is in
/// it: a database that is restored from a backup and treated again gives the same mails the same ids.
pub(super) fn message_id(told: &[Told<'_>], recipients: &[Recipient], stationery: Stationery<'_>) -> String {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        // With its length, so that two lists of fields never read the same.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    field(stationery.installation);
    field(&told.len().to_string());
    for told in told {
        let rule = &told.key.rule;
        field(told.host.as_str());
        field(rule.metric.name());
        field(&rule.selector.to_string());
        field(&rule.ordinal.to_string());
        field(told.key.instance.as_str());
        field(told.event.kind.name());
        field(&told.event.at.as_millis().to_string());
        field(&told.sample.map_or_else(String::new, |sample| sample.to_string()));
    }
    recipients.iter().for_each(|recipient| field(recipient.as_str()));
    let digits: String = hash.finalize().iter().take(13).map(|byte| format!("{byte:02x}")).collect();
    let (_, domain) = stationery.from.as_str().rsplit_once('@').expect("a Recipient has an @");
    format!("<fh.{digits}@{domain}>")
}
