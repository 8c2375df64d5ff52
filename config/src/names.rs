//! What hosts and groups are known by: one attribute's text to names, addresses and fingerprints.

use std::path::Path;

use sample::{HostName, Untrusted};

use crate::complaint::{Complaint, Parsed};
use crate::value;
use crate::{Agent, ranges};

/// `ip`: one address, or all that its ranges stand for.
pub(crate) fn addresses(text: &str) -> Parsed<Vec<String>> {
    each(text, value::address)
}

/// `name` and `formerly`: one name, or all that its ranges stand for.
pub(crate) fn host_names(text: &str) -> Parsed<Vec<HostName>> {
    each(text, value::host_name)
}

fn each<T>(text: &str, parse: fn(&str) -> Parsed<T>) -> Parsed<Vec<T>> {
    let inside = text.split_once('[').map(|(_, bracket)| bracket.split_once(']').map_or("", |(inside, _)| inside));
    // An IPv6 address in brackets, which is told as such.
    if inside.is_some_and(|inside| inside.contains(':')) || !text.contains(['[', ']']) {
        return Ok(vec![parse(text)?]);
    }
    let makes = |made: String| parse(&made).map_err(|complaint| Complaint::Makes { made, complaint: complaint.into() });
    ranges::expand(text)?.into_iter().map(makes).collect()
}

/// A group's name: the alphabet of host names without ":" and "%", which only addresses need.
pub(crate) fn group(text: &str) -> Parsed<String> {
    let name: Parsed<HostName> = text.parse().map_err(|_not_a_name| Complaint::NotAGroup);
    if text.contains([':', '%']) { Err(Complaint::NotAGroup) } else { name.map(String::from) }
}

/// The host to go through; none for `none`, which undoes an inherited one.
pub(crate) fn jump(text: &str) -> Parsed<Option<HostName>> {
    if text == "none" { Ok(None) } else { value::host_name(text).map(Some) }
}

/// Where an ssh-agent listens.
pub(crate) fn agent(text: &str, folder: &Path) -> Parsed<Agent> {
    if text == "SSH_AUTH_SOCK" { Ok(Agent::OfEnvironment) } else { value::path(text, folder).map(Agent::At) }
}

/// One or more fingerprints, separated by spaces or commas; the same one twice counts once.
pub(crate) fn fingerprints(text: &str) -> Parsed<Vec<String>> {
    let mut fingerprints = Vec::new();
    for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
        if !is_fingerprint(part) {
            return Err(Complaint::NotAFingerprint(Untrusted(part).to_string()));
        }
        if !fingerprints.iter().any(|seen| seen == part) {
            fingerprints.push(part.to_owned());
        }
    }
    if fingerprints.is_empty() { Err(Complaint::Empty) } else { Ok(fingerprints) }
}

/// 32 bytes in base64 without padding: the last of 43 characters carries four bits, and the others of it are zero.
fn is_fingerprint(text: &str) -> bool {
    let Some(digest) = text.strip_prefix("SHA256:") else { return false };
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    digest.len() == 43 && digest.bytes().all(base64) && digest.ends_with(|c| "AEIMQUYcgkosw048".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_a_range_makes_is_checked() {
        assert_eq!(addresses("10.0.0.[9-10]"), Ok(vec!["10.0.0.9".to_owned(), "10.0.0.10".to_owned()]));
        assert_eq!(addresses("fe80::[1-2]%eth0").unwrap().len(), 2);
        let told = addresses("10.0.0.[254-256]").unwrap_err().to_string();
        assert_eq!(told, "makes \"10.0.0.256\", which is neither an IP address nor a DNS name");
        assert!(
            host_names("we b[1-2]").unwrap_err().to_string().starts_with("makes \"we b1\", which is not allowed: ")
        );
        assert_eq!(addresses("[::1]"), Err(Complaint::NotAnAddress));
        assert_eq!(addresses("[::1]:22"), Err(Complaint::PortInAddress { port: 22 }));
    }

    #[test]
    fn a_group_has_a_name_that_is_no_address() {
        for name in ["web", "Web-1.example_x", "1", &"x".repeat(253)] {
            assert_eq!(group(name).as_deref(), Ok(name));
        }
        for name in ["", " ", "web 1", "@web", "a:b", "a%b", "-x", "_x", "ü", "web[1-2]", &"x".repeat(254)] {
            assert_eq!(group(name), Err(Complaint::NotAGroup), "{name:?}");
        }
    }

    #[test]
    fn fingerprints_are_those_that_ssh_keygen_prints() {
        let (one, two) = (format!("SHA256:{}", "a".repeat(42) + "E"), format!("SHA256:{}", "+/".repeat(21) + "8"));
        for text in
            [format!("{one} {two}"), format!("{one},{two}"), format!(" {one} ,\t{two},{one} ").replace('\t', "")]
        {
            assert_eq!(fingerprints(&text), Ok(vec![one.clone(), two.clone()]), "{text}");
        }
        let bare = "a".repeat(43);
        for text in [
            one.replace("SHA256", "sha256"),
            format!("{one}="),
            one.replace('E', "F"),
            one.replace("aE", "E"),
            one.replace("aaE", "a-E"),
            "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48".to_owned(),
            bare,
        ] {
            assert_eq!(fingerprints(&text), Err(Complaint::NotAFingerprint(text.clone())));
        }
        assert_eq!([fingerprints(""), fingerprints(" , ")], [Err(Complaint::Empty), Err(Complaint::Empty)]);
    }
}
