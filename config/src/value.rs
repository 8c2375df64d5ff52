//! One attribute's text to one value. Each complaint goes on after `port "abc" `.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rules::Recipient;
use sample::{HostName, Metric, Untrusted};

use crate::complaint::{Complaint, Parsed};
use crate::suggest::nearest;

/// In one attribute. Each rule and each host has its own list.
const MOST_RECIPIENTS: usize = 100;

/// `did you mean "tls"?`, or the list of what is allowed.
pub(crate) fn advice(found: &str, allowed: &[&str]) -> String {
    match nearest(found, allowed) {
        Some(word) => format!("did you mean {word:?}?"),
        None => format!("allowed are {}", allowed.join(", ")),
    }
}

pub(crate) fn one_of<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Parsed<T> {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    let found = words.iter().find(|(name, _)| *name == text.trim());
    found.map(|(_, value)| *value).ok_or_else(|| Complaint::Unknown(advice(text.trim(), &names)))
}

pub(crate) fn metric(text: &str) -> Parsed<Metric> {
    let words: Vec<_> = Metric::ALL.iter().map(|metric| (metric.name(), *metric)).collect();
    one_of(text, &words)
}

pub(crate) fn port(text: &str) -> Parsed<u16> {
    Ok(whole_number(text, 1, u16::MAX.into())? as u16)
}

pub(crate) fn jobs(text: &str) -> Parsed<usize> {
    Ok(whole_number(text, 1, 1024)? as usize)
}

pub(crate) fn whole_number(text: &str, min: u64, max: u64) -> Parsed<u64> {
    let digits = text.trim();
    let parsed = if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None };
    parsed.filter(|number| (min..=max).contains(number)).ok_or(Complaint::NotAWholeNumber { min, max })
}

/// How long one step of a visit may take.
pub(crate) fn timeout(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_millis(100), "100ms"), (Duration::from_secs(3600), "1h"))
}

/// How often something is run.
pub(crate) fn interval(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_secs(1), "1s"), (Duration::from_secs(31 * 86_400), "31d"))
}

/// How often a host is visited that is not visited in every run.
pub(crate) fn every(text: &str) -> Parsed<Duration> {
    within(duration(text)?, (Duration::from_secs(60), "1m"), (Duration::from_secs(31 * 86_400), "31d"))
}

pub(crate) fn yes_or_no(text: &str) -> Parsed<bool> {
    one_of(text, &[("yes", true), ("no", false), ("true", true), ("false", false)])
}

pub(crate) fn within(
    value: Duration,
    min: (Duration, &'static str),
    max: (Duration, &'static str),
) -> Parsed<Duration> {
    let inside = (min.0..=max.0).contains(&value);
    if inside { Ok(value) } else { Err(Complaint::DurationOutOfRange { min: min.1, max: max.1 }) }
}

pub(crate) fn duration(text: &str) -> Parsed<Duration> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(Complaint::NotADuration)?;
    let (digits, unit) = text.split_at(unit_at);
    let number: u64 = digits.parse().map_err(|_not_a_number| Complaint::NotADuration)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(Complaint::NotADuration),
    };
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or(Complaint::NotADuration)
}

pub(crate) fn host_name(text: &str) -> Parsed<HostName> {
    text.parse().map_err(Complaint::NotAName)
}

/// An IP address (IPv6 without brackets, with a zone if need be) or a DNS name.
pub(crate) fn address(text: &str) -> Parsed<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Complaint::Empty);
    }
    if is_ip(text) || is_dns_name(text) {
        return Ok(text.to_owned());
    }
    match text.rsplit_once(':').map(|(host, port)| (host.trim_matches(['[', ']']), port.parse())) {
        Some((host, Ok(port))) if is_ip(host) || is_dns_name(host) => Err(Complaint::PortInAddress { port }),
        _ => Err(Complaint::NotAnAddress),
    }
}

fn is_ip(text: &str) -> bool {
    let (ip, zone) = text.split_once('%').map_or((text, None), |(ip, zone)| (ip, Some(zone)));
    let zone_fits = |ip: IpAddr| match zone {
        None => true,
        Some(zone) => {
            ip.is_ipv6() && !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        }
    };
    ip.parse().is_ok_and(zone_fits)
}

/// RFC 1123, 2.1, and the underscore that real networks have. A name whose last label is a number would be a
/// mistyped IPv4 address.
fn is_dns_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let inside = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        inside && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    let first_fits = !name.starts_with('_'); // so that every address is a host name too
    first_fits && name.len() < 253 && name.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

/// One or more mail addresses or notifiers, separated by commas; the same one twice counts once.
pub(crate) fn recipients(text: &str) -> Parsed<Vec<Recipient>> {
    let mut seen = BTreeSet::new();
    let mut recipients = Vec::new();
    if text.trim().is_empty() {
        return Err(Complaint::Empty);
    }
    if text.split(',').nth(MOST_RECIPIENTS).is_some() {
        return Err(Complaint::TooManyRecipients);
    }
    for part in text.split(',').map(str::trim) {
        let not_one = |_| match text.contains(',') {
            _ if part.starts_with("exec:") => Complaint::NotifierOf { found: Untrusted(part).to_string() },
            true => Complaint::NotAMailAddress { found: Untrusted(part).to_string() },
            false => Complaint::NotMailAddresses,
        };
        let recipient: Recipient = part.parse().map_err(not_one)?;
        if seen.insert(recipient.clone()) {
            recipients.push(recipient);
        }
    }
    Ok(recipients)
}

/// A mail address: a notifier is told, and tells nothing.
pub(crate) fn sender(text: &str) -> Parsed<Recipient> {
    let sender: Recipient = text.trim().parse().map_err(|_not_one| Complaint::NotOneMailAddress)?;
    if sender.notifier().is_none() { Ok(sender) } else { Err(Complaint::NotOneMailAddress) }
}

pub(crate) fn username(text: &str) -> Parsed<String> {
    line(text).map(str::to_owned)
}

/// A path; relative ones start from `folder`.
pub(crate) fn path(text: &str, folder: &Path) -> Parsed<PathBuf> {
    let text = line(text)?;
    if text.starts_with('~') {
        return Err(Complaint::Tilde);
    }
    Ok(folder.join(text))
}

/// A folder on the host. Its characters mean nothing to any shell.
pub(crate) fn work_dir(text: &str) -> Parsed<String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/._+@-".contains(&b);
    let parts_fit = text.split('/').all(|part| part != ".." && !part.starts_with('-'));
    let fits = text.len() > 1 && text.starts_with('/') && text.bytes().all(allowed) && parts_fit;
    if fits { Ok(text.trim_end_matches('/').to_owned()) } else { Err(Complaint::NotAWorkDir) }
}

pub(crate) fn variable(text: &str) -> Parsed<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && text.chars().all(fits) { Ok(text.to_owned()) } else { Err(Complaint::NotAVariable) }
}

pub(crate) fn line(text: &str) -> Parsed<&str> {
    if text.trim().is_empty() {
        return Err(Complaint::Empty);
    }
    if text.contains(char::is_control) { Err(Complaint::ControlCharacter) } else { Ok(text) }
}

#[cfg(test)]
mod tests;
