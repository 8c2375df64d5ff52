//! What collector and probe say to each other in one visit.
//!
//! The collector writes one [`Request`] as a line of JSON to the probe's standard input. The probe answers on
//! standard output:
//!
//! ```text
//! \n
//! @@FHE1 <nonce> <AnswerHeader as JSON>\n
//! <count envelopes, `bytes` bytes in all, oldest first, the fresh one last>
//! @@END <nonce>\n
//! ```
//!
//! The line break before the header ends whatever an rc file may have printed without one. The collector looks
//! for the header in the first [`MAX_NOISE`] bytes and stops reading after the end line: background jobs of rc
//! files may hold the channel open for ever.

use serde::{Deserialize, Serialize};

use crate::{HostName, KeyId, Nonce, Scope, SpoolId};

/// The version of this conversation.
pub const VERSION: u32 = 1;
/// How many bytes of noise may come before the answer header.
pub const MAX_NOISE: usize = 64 * 1024;
/// Longest request line and answer header line, in bytes. The largest request takes three quarters of it.
pub const MAX_LINE: usize = 128 * 1024;

/// Most former spools in a request.
pub const MAX_FORMER: usize = 16;

const HEADER: &str = "@@FHE1 ";
const END: &str = "@@END ";

/// What the collector asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// [`VERSION`].
    pub version: u32,
    /// The name the server has for the host; sealed into every envelope.
    pub host: HostName,
    /// Random, fresh for this visit.
    pub nonce: Nonce,
    /// The public key to seal for; the probe finds it as `keys/<id>.pub` in its directory.
    pub key: KeyId,
    /// What the server has committed and the probe may delete.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Spools of this server that are not fed any more, since it has another key or another name for the host now.
    /// What waits in them is handed out before the rest, and once they are empty they go. The oldest first, at most
    /// [`MAX_FORMER`].
    #[serde(default)]
    pub former: Vec<SpoolOwner>,
    /// The boot of the newest sample the server has. In that boot CPU use is the mean since that sample, and the probe
    /// need not wait to measure a spot value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_boot: Option<String>,
    /// What is to be looked at beside what always is.
    #[serde(default)]
    pub scope: Scope,
    /// How much the server takes home in this visit.
    pub limits: Limits,
}

/// For whom a spool is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpoolOwner {
    /// The public key its envelopes are sealed for.
    pub key: KeyId,
    /// The name the server had for the host.
    pub host: HostName,
}

/// The server has committed every envelope of this spool up to and with this sequence number.
///
/// It is void for a spool with another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The spool it speaks of.
    pub spool: SpoolId,
    /// The last committed sequence number.
    pub through: u64,
}

/// How much the server takes home in one visit, the fresh envelope included, which always comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Number of envelopes.
    pub envelopes: u32,
    /// Bytes of envelopes.
    pub bytes: u64,
}

/// The first line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerHeader {
    /// The probe's version.
    pub probe: String,
    /// The spool the envelopes come from.
    pub spool: SpoolId,
    /// How many envelopes follow. At least 1.
    pub count: u32,
    /// Their bytes in all.
    pub bytes: u64,
    /// Envelopes this spool has lost for ever so far: the oldest ones when it was full, and damaged ones.
    pub dropped: u64,
    /// Envelopes that stay behind because of the request's limits. While there are any, the fresh envelope must
    /// not be acknowledged: that would delete them.
    #[serde(default)]
    pub held: u32,
    /// How many of the request's former spools still hold something, this answer's envelopes included, or can't be
    /// looked into.
    #[serde(default)]
    pub former: u32,
    /// Why the fresh envelope could not be kept in the spool, if it could not. It is printed all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unspooled: Option<String>,
}

impl Request {
    /// The request as one line with its line break.
    pub fn encode(&self) -> String {
        let mut line = serde_json::to_string(self).expect("a request writes to memory and has no maps");
        line.push('\n');
        line
    }

    /// The request in `line`.
    ///
    /// # Errors
    /// Not a request's JSON.
    pub fn decode(line: &str) -> Result<Request, serde_json::Error> {
        serde_json::from_str(line)
    }
}

impl AnswerHeader {
    /// The header line, with the line break before and after it.
    pub fn encode(&self, nonce: Nonce) -> String {
        let json = serde_json::to_string(self).expect("a header writes to memory and has no maps");
        format!("\n{HEADER}{nonce} {json}\n")
    }

    /// The header in `line`, if it is one for this visit and no longer than [`MAX_LINE`]. Any other line is noise.
    pub fn decode(line: &[u8], nonce: Nonce) -> Option<AnswerHeader> {
        let line = Some(line).filter(|line| line.len() <= MAX_LINE)?;
        let rest = line.strip_prefix(HEADER.as_bytes())?.strip_prefix(nonce.to_string().as_bytes())?;
        serde_json::from_slice(rest.strip_prefix(b" ")?).ok()
    }
}

/// The line that ends an answer, with its line break.
pub fn end_line(nonce: Nonce) -> String {
    format!("{END}{nonce}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProcessWish;

    #[test]
    fn the_request_is_one_line_of_documented_json() {
        let request = Request {
            version: VERSION,
            host: "web1".parse().unwrap(),
            nonce: Nonce([1; 16]),
            key: KeyId([2; 32]),
            acknowledgements: vec![Acknowledgement { spool: SpoolId([3; 16]), through: 41 }],
            former: Vec::new(),
            known_boot: Some("3f1c9a52".into()),
            scope: Scope::default(),
            limits: Limits { envelopes: 1000, bytes: 8 << 20 },
        };
        let expected = concat!(
            r#"{"version":1,"host":"web1","nonce":"01010101010101010101010101010101","#,
            r#""key":"0202020202020202020202020202020202020202020202020202020202020202","#,
            r#""acknowledgements":[{"spool":"03030303030303030303030303030303","through":41}],"former":[],"#,
            r#""known_boot":"3f1c9a52","scope":{"checks":true,"check_timeout_ms":10000,"process_arguments":false,"#,
            r#""log_lines":0,"listeners":false,"network_filesystems":false},"limits":{"envelopes":1000,"bytes":8388608}}"#,
            "\n",
        );
        assert_eq!(request.encode(), expected);
        assert_eq!(Request::decode(expected.trim_end()).unwrap(), request);
    }

    #[test]
    fn a_request_with_the_most_and_the_longest_of_everything_fits_its_line() {
        // In JSON these take two bytes each.
        let process = ProcessWish { name: "\"".repeat(Scope::LONGEST_NAME), min: u32::MAX };
        let unit = "\\".repeat(Scope::LONGEST_NAME);
        let owner = SpoolOwner { key: KeyId([255; 32]), host: "h".repeat(253).parse().unwrap() };
        let request = Request {
            version: VERSION,
            host: owner.host.clone(),
            nonce: Nonce([255; 16]),
            key: owner.key,
            acknowledgements: vec![Acknowledgement { spool: SpoolId([255; 16]), through: u64::MAX }; 100],
            former: vec![owner; MAX_FORMER],
            known_boot: Some("\u{1}".repeat(crate::most::TEXT)),
            scope: Scope {
                processes: vec![process; Scope::MOST],
                units: vec![unit; Scope::MOST],
                check_timeout_ms: u32::MAX,
                log_lines: u32::MAX,
                ..Scope::default()
            },
            limits: Limits { envelopes: u32::MAX, bytes: u64::MAX },
        };
        let line = request.encode();
        assert!((MAX_LINE / 2..MAX_LINE).contains(&line.len()), "{} bytes", line.len());
        assert_eq!(Request::decode(line.trim_end()).unwrap(), request);
    }

    #[test]
    fn only_a_header_with_this_visits_nonce_is_one() {
        let header = AnswerHeader {
            probe: "0.1.0".into(),
            spool: SpoolId([3; 16]),
            count: 1,
            bytes: 1479,
            dropped: 0,
            held: 0,
            former: 0,
            unspooled: None,
        };
        let text = header.encode(Nonce([1; 16]));
        let line = text.trim_matches('\n').as_bytes();
        assert_eq!(AnswerHeader::decode(line, Nonce([1; 16])), Some(header));
        assert_eq!(AnswerHeader::decode(line, Nonce([2; 16])), None);
        assert_eq!(AnswerHeader::decode(b"@@FHE1 garbage", Nonce([1; 16])), None);
    }
}
