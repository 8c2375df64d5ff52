//! The Message-ID of a mail: the same for the same notices, whenever and however often it is made; and the id of the
//! thread that all mails of an incident stand in.
//!
//! No row id is in either: a database that is restored from a backup and treated again gives the same mails the same
//! ids, and the mails that come then stand in the threads of those that came before.

use rules::{Incident, Recipient};
use sample::Timestamp;

use super::fingerprint::Fingerprint;
use super::{Occasion, Stationery, Story};

/// Returns `<fh.` + 26 hexadecimal digits + `@domain of the sender>`, from the notices, how often these people had been
/// told of each before, and who they are.
pub(super) fn of_stories(
    stories: &[Story],
    recipients: &[Recipient],
    stationery: &Stationery,
    occasion: Occasion,
) -> String {
    let mut print = Fingerprint::default();
    print.field(&stationery.installation);
    print.number(occasion.remade);
    print.number(stories.len());
    let mut notices: Vec<String> = stories.iter().map(|story| notice(story, recipients)).collect();
    // The order of incidents that are equally severe is that of their row ids.
    notices.sort();
    notices.iter().for_each(|notice| print.field(notice));
    recipients.iter().for_each(|recipient| print.field(recipient.as_str()));
    in_brackets("fh", &print.digits(), stationery)
}

/// The same for a mail that tells no incidents: `kind` and `now` make it another one.
pub(super) fn of_summary(kind: &str, recipients: &[Recipient], stationery: &Stationery, now: Timestamp) -> String {
    let mut print = Fingerprint::default();
    print.field(&stationery.installation);
    print.field(kind);
    print.number(now.as_millis());
    recipients.iter().for_each(|recipient| print.field(recipient.as_str()));
    in_brackets("fh", &print.digits(), stationery)
}

/// The id of the thread of an incident. No mail has it: they all refer to it, so that a client puts them together
/// whichever of them it got.
pub(super) fn of_thread(of: &Incident, stationery: &Stationery) -> String {
    let mut print = Fingerprint::default();
    print.field(&stationery.installation);
    incident(&mut print, of);
    in_brackets("fh.thread", &print.digits(), stationery)
}

fn notice(story: &Story, recipients: &[Recipient]) -> String {
    let mut print = Fingerprint::default();
    incident(&mut print, &story.incident);
    print.field(story.kind.name());
    print.field(story.incident.severity.name());
    let before = story.incident.told.iter().filter(|told| recipients.contains(&told.recipient));
    print.number(before.count());
    print.digits()
}

fn incident(print: &mut Fingerprint, incident: &Incident) {
    let rule = &incident.key.rule;
    print.field(incident.host.as_ref().map_or("", |host| host.as_str()));
    print.field(rule.metric.name());
    print.field(rule.selector.as_str());
    print.number(rule.ordinal);
    print.field(incident.key.instance.as_str());
    print.number(incident.opened.as_millis());
}

fn in_brackets(prefix: &str, digits: &str, stationery: &Stationery) -> String {
    format!("<{prefix}.{digits}@{}>", stationery.domain())
}

impl Stationery {
    /// The domain of the sender.
    pub(super) fn domain(&self) -> &str {
        self.from.as_str().rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}
