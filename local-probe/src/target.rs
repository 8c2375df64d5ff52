//! For whom samples are taken: one server's key and its name for this host.

use std::fs;

use envelope::PublicKey;
use sample::{HostName, KeyId, Scope};
use serde::{Deserialize, Serialize};

use crate::measure;

/// One server's key and its name for this host, as kept in a spool's `target.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The server's name for this host.
    pub(crate) host: HostName,
    /// The key's id.
    pub(crate) key: KeyId,
    /// The key as PEM, so that samples can be sealed between visits.
    pub(crate) public_key: String,
    /// The machine this target is on: a home folder may be shared by several.
    pub(crate) machine_id: String,
    /// What the server wants to be looked at.
    #[serde(default)]
    pub(crate) scope: Scope,
}

impl Target {
    /// The target a visit speaks of, on this machine.
    pub(crate) fn new(host: HostName, key: &PublicKey, scope: Scope) -> Target {
        Target { host, key: KeyId(key.id()), public_key: key.to_pem(), machine_id: machine_id(), scope }
    }

    /// Whether both are the same key and host name on the same machine.
    pub(crate) fn is_of(&self, other: &Target) -> bool {
        (&self.host, self.key, &self.machine_id) == (&other.host, other.key, &other.machine_id)
    }

    /// The name of its spool's folder: the first 16 hexadecimal digits of SHA-256(key id ‖ host name).
    pub(crate) fn folder(&self) -> String {
        folder(self.key, &self.host)
    }
}

/// The name of the spool's folder for this key and host name.
pub(crate) fn folder(key: KeyId, host: &HostName) -> String {
    let digest = envelope::fingerprint(&[&key.0, host.as_str().as_bytes()]);
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What tells this machine from the others that share its home folder.
///
/// Where there is no machine-id(5), its own host name has to do.
pub(crate) fn machine_id() -> String {
    let known = fs::read_to_string("/etc/machine-id").ok();
    from_file(known.as_deref()).unwrap_or_else(|| measure::host_name().unwrap_or_default())
}

/// The machine's id as it can stand in a file's name.
pub(crate) fn machine_in_names() -> String {
    plain(&machine_id())
}

/// The letters and digits of a text, at most 64, so that it can stand in a file's name.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

/// The id in the file. Before the first boot is complete systemd has `uninitialized` there, and images nothing.
fn from_file(machine_id: Option<&str>) -> Option<String> {
    let id = machine_id?.trim();
    (id.len() == 32 && id.bytes().all(|c| c.is_ascii_hexdigit())).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_machine_id_is_one() {
        let id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
        assert_eq!(from_file(Some(&format!("{id}\n"))).as_deref(), Some(id));
        for none in [None, Some(""), Some("uninitialized\n"), Some(&id[1..])] {
            assert_eq!(from_file(none), None, "{none:?}");
        }
        assert!(!machine_id().is_empty());
        assert_eq!(plain("../web-1.example\n"), "web1example");
        assert_eq!(plain(&"a".repeat(65)), "a".repeat(64));
    }

    #[test]
    fn each_key_and_each_name_has_a_folder_of_its_own() {
        let target = |host: &str, key| Target {
            host: host.parse().unwrap(),
            key: KeyId([key; 32]),
            public_key: String::new(),
            machine_id: String::new(),
            scope: Scope::default(),
        };
        // By Python: hashlib.sha256(b"\x01" * 32 + b"web1").hexdigest()[:16]
        assert_eq!(target("web1", 1).folder(), "b6778e6eeeb4f5bd");
        assert_ne!(target("web1", 1).folder(), target("web2", 1).folder());
        assert_ne!(target("web1", 1).folder(), target("web1", 2).folder());
    }
}
