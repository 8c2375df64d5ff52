//! Hosts behind jump hosts that got another name.

use std::fs;

use config::HostKeyPolicy;
use harness::SshdOptions;

use super::{Watched, behind, visit};

#[test]
fn a_renamed_host_behind_a_jump_host_is_known_by_the_key_it_had() {
    let mut watched = Watched::new();
    let gate = watched.bastion("gate");
    let (deep, other) = (watched.sshd("deep", SshdOptions::default()), watched.sshd("other", SshdOptions::default()));
    watched.add_direct("gate", &gate, "127.0.5.41");
    watched.add("new", &deep, ("127.0.5.42", deep.port));
    watched.add("stranger", &other, ("127.0.5.43", other.port));
    watched.known_hosts += &format!("old {}strange {}", deep.host_key(), deep.host_key());
    let mut setting = watched.setting(|host| {
        behind("gate")(host);
        host.formerly = match host.name.as_str() {
            "new" => Some("old".parse().unwrap()),
            "stranger" => Some("strange".parse().unwrap()),
            _ => None,
        };
    });
    for policy in [HostKeyPolicy::Strict, HostKeyPolicy::AcceptNew] {
        setting.config.collector.host_keys = policy;
        let outcomes = visit(&setting);
        assert_eq!(outcomes["new"], "ok", "{policy:?}");
        let refused = "host_key_changed: the key of strange on file is ";
        assert!(outcomes["stranger"].starts_with(refused), "{policy:?}: {outcomes:?}");
        let noted = fs::read_to_string(setting.known_hosts()).unwrap();
        assert_eq!(noted.contains("\nnew ssh-"), policy == HostKeyPolicy::AcceptNew, "{noted}");
        assert!(!noted.contains("stranger"), "{noted}");
    }
    // It is known by its new name from then on.
    setting.config.collector.host_keys = HostKeyPolicy::Strict;
    setting.config.hosts.iter_mut().for_each(|host| host.formerly = None);
    let outcomes = visit(&setting);
    assert_eq!(outcomes["new"], "ok");
    assert!(outcomes["stranger"].starts_with("host_key_unknown"), "{outcomes:?}");
}
