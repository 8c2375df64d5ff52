//! One attribute's text to one value. Each complaint goes on after `port "abc" `.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rules::Recipient;
use sample::{HostName, Metric, ParseHostNameError, Scope, Untrusted};

use crate::ranges::RangeError;
use crate::suggest::nearest;

/// What is wrong with a value.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Complaint {
    #[error("is empty")]
    Empty,
    #[error("is not a whole number from {min} to {max}")]
    NotAWholeNumber { min: u64, max: u64 },
    #[error("is not a duration such as 500ms, 30s, 5m, 2h or 1d")]
    NotADuration,
    #[error("is not from {min} to {max}")]
    DurationOutOfRange { min: &'static str, max: &'static str },
    #[error("is not a number such as 85 or 97.5")]
    NotANumber,
    #[error("is below 0")]
    BelowZero,
    #[error("is not allowed: {0}")]
    NotAName(ParseHostNameError),
    #[error("is neither an IP address nor a DNS name")]
    NotAnAddress,
    #[error("has a port in it: write port=\"{port}\"")]
    PortInAddress { port: u16 },
    #[error("is not a mail address such as ops@example.org, nor several with commas between them")]
    NotMailAddresses,
    #[error("holds \"{found}\", which is not a mail address such as ops@example.org")]
    NotAMailAddress { found: String },
    #[error("is not a mail address such as ops@example.org")]
    NotOneMailAddress,
    #[error("has a control character in it")]
    ControlCharacter,
    #[error("begins with \"~\", which is not expanded here: write the whole path")]
    Tilde,
    #[error("is not the name of an environment variable")]
    NotAVariable,
    #[error("is not a mount point such as /var")]
    NotAMount,
    #[error("is not a folder such as /var/tmp/fleet-health (letters, digits and \"/._+@-\")")]
    NotAWorkDir,
    #[error("is unknown, {0}")]
    Unknown(String),
    #[error(transparent)]
    Range(#[from] RangeError),
    #[error("makes \"{made}\", which {complaint}")]
    Makes { made: String, complaint: Box<Complaint> },
    #[error(
        "is not allowed: the name of a group begins with a letter or a digit, goes on with those or \".\", \"_\", \"-\", \
         and has at most 253 characters"
    )]
    NotAGroup,
    #[error("holds \"{0}\", which is not a fingerprint as `ssh-keygen -lf` prints it: SHA256: and 43 characters")]
    NotAFingerprint(String),
    #[error("is an absolute path: write it as seen from the folder of this file")]
    Absolute,
    #[error("has \"..\" in it: only what lies in the folder of this file can be included")]
    LeadsUp,
    #[error("has \"*\" or \"?\" in the name of a folder: only the last part may have them")]
    FolderPattern,
    #[error("is not a path such as conf.d/*.xml")]
    NotAPath,
    #[error("asks for none: give 1 or more, or wanted=\"no\" to undo an inherited one")]
    NoneAskedFor,
    #[error("is not the name of a process: one has at most {} bytes and no \"/\"", Scope::LONGEST_NAME)]
    NotAProcess,
    #[error(
        "is not the name of a systemd unit such as nginx.service: one has at most {} bytes, letters, digits and \":_.\\@-\", \
         and does not begin with \"-\", \".\" or \"@\"",
        Scope::LONGEST_NAME
    )]
    NotAUnit,
    #[error("is a template, which never runs itself: name a unit made of it, such as getty@tty1.service")]
    Template,
    #[error("has blanks around it, which no process has in its name")]
    BlanksAround,
}

pub(crate) type Parsed<T> = Result<T, Complaint>;

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

/// A limit or a clear value. The percent sign means nothing, not even where the metric is no share: the original
/// dropped it from any limit.
pub(crate) fn limit(text: &str) -> Parsed<f64> {
    let text = text.trim();
    decimal(text.strip_suffix('%').map_or(text, str::trim_end))
}

/// Digits with or without a point in between: not all that Rust reads as a number (`inf`, `1e3`, `.5`).
fn decimal(text: &str) -> Parsed<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |part: &str| (1..=15).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    match unsigned.parse() {
        Ok(_) if text.starts_with('-') && digits(whole) && digits(fraction) => Err(Complaint::BelowZero),
        Ok(number) if digits(whole) && digits(fraction) => Ok(number),
        Ok(_) | Err(_) => Err(Complaint::NotANumber),
    }
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

/// One or more mail addresses, separated by commas; the same one twice counts once.
pub(crate) fn recipients(text: &str) -> Parsed<Vec<Recipient>> {
    let mut seen = BTreeSet::new();
    let mut recipients = Vec::new();
    if text.trim().is_empty() {
        return Err(Complaint::Empty);
    }
    for part in text.split(',').map(str::trim) {
        let not_one = |_| match text.contains(',') {
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

pub(crate) fn sender(text: &str) -> Parsed<Recipient> {
    text.trim().parse().map_err(|_not_one| Complaint::NotOneMailAddress)
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

/// A mount point as the host reports it.
pub(crate) fn mount(text: &str) -> Parsed<String> {
    let text = line(text)?;
    let fits = text == "/" || (text.starts_with('/') && !text.ends_with('/'));
    if fits { Ok(text.to_owned()) } else { Err(Complaint::NotAMount) }
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
