//! Taking everything of ours off a host again.

use std::time::Duration;

use sample::wire::{Acknowledgement, SpoolOwner};
use sample::{Nonce, Untrusted};

use crate::Failure;
use crate::place::{Report, run_script};
use crate::ssh::Session;
use crate::work_dir::WorkDir;

const CLEAN: &str = include_str!("clean.sh");
/// What a host may say about one reason to be left as it is; the first ones tell enough.
const SHOWN: usize = 8;

/// What is known about the places on a host.
pub struct Traces<'a> {
    /// The place from config.xml.
    pub wanted: Option<&'a WorkDir>,
    /// The place of the last visit.
    pub remembered: Option<&'a WorkDir>,
    /// What was taken home.
    pub acknowledgements: &'a [Acknowledgement],
    /// Whose spools are this server's.
    pub owners: &'a [SpoolOwner],
    /// Marks our lines in the script's output.
    pub nonce: Nonce,
    /// For each command.
    pub limit: Duration,
}

/// What became of the traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleaned {
    /// These directories are gone; none if there were none.
    Removed(Vec<String>),
    /// Nothing was removed: these files are not ours.
    Foreign(Vec<String>),
    /// Spools of this server are gone, all else stays for these: spools of another server, or of another host that
    /// has the same home.
    Shared(Vec<String>),
    /// Not all was removed: so many envelopes were not taken home yet.
    Waiting(usize),
    /// These could not be removed, with the reasons.
    Left(Vec<String>),
}

/// Looks at all places that visits take, and removes them unless something speaks against it; `force` gives up
/// envelopes of this server's spools that were not taken home.
///
/// # Errors
/// The login shell doesn't run the script, or the host is too slow.
pub async fn clean(session: &Session, traces: &Traces<'_>, force: bool) -> Result<Cleaned, Failure> {
    let found = act(session, traces, ("look", force)).await?;
    if let Some(kept) = kept(&found) {
        return Ok(kept);
    }
    if found.last("place").is_none() {
        return Ok(Cleaned::Removed(Vec::new()));
    }
    // It looks again: a sample may have been taken just now.
    let done = act(session, traces, ("remove", force)).await?;
    Ok(match (kept(&done), done.last("left"), done.last("other")) {
        (Some(kept), _, _) => kept,
        (None, Some(_), _) => Cleaned::Left(shown(&done, "left")),
        (None, None, Some(_)) => Cleaned::Shared(shown(&done, "other")),
        (None, None, None) => Cleaned::Removed(shown(&done, "removed")),
    })
}

/// What keeps places where they are, if anything does.
fn kept(report: &Report) -> Option<Cleaned> {
    let count = |value: &str| value.split_once(' ')?.0.parse::<usize>().ok();
    if report.last("foreign").is_some() {
        return Some(Cleaned::Foreign(shown(report, "foreign")));
    }
    let waiting = report.all("waiting").filter_map(count).fold(0, usize::saturating_add);
    (waiting > 0).then_some(Cleaned::Waiting(waiting))
}

async fn act(session: &Session, traces: &Traces<'_>, (act, force): (&str, bool)) -> Result<Report, Failure> {
    let in_script = |place: Option<&WorkDir>| place.map(WorkDir::in_script).unwrap_or_default();
    let taken = |ack: &Acknowledgement| format!("{}:{:020}", ack.spool, ack.through);
    let script = format!(
        "nonce={}\nwanted={}\nremembered={}\ntaken='{}'\nown='{}'\nforce={}\nact={act}\n{CLEAN}",
        traces.nonce,
        in_script(traces.wanted),
        in_script(traces.remembered),
        traces.acknowledgements.iter().map(taken).collect::<Vec<_>>().join(" "),
        traces.owners.iter().map(spool_folder).collect::<Vec<_>>().join(" "),
        if force { "yes" } else { "" },
    );
    let report = run_script(session, &script, (traces.nonce, traces.limit), "removing our files").await?;
    // What a script that was cut short did not say could be what speaks against removing anything.
    let whole = report.last("done") == Some(act);
    if whole { Ok(report) } else { Err(Failure::ShellUnusable("the script did not come to its end".to_owned())) }
}

fn shown(report: &Report, word: &str) -> Vec<String> {
    report.all(word).take(SHOWN).map(|value| Untrusted(value).to_string()).collect()
}

/// The name of the folder that the probe gives a spool: the first 16 hexadecimal digits of SHA-256(key id ‖ host name).
fn spool_folder(owner: &SpoolOwner) -> String {
    let digest = envelope::fingerprint(&[&owner.key.0, owner.host.as_str().as_bytes()]);
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use sample::KeyId;

    use super::*;

    /// Runs the script in a home, and in no public place.
    fn run(home: &Path, variables: &str) -> String {
        let nowhere = home.join("nowhere").display().to_string();
        let script = CLEAN.replace("/var/tmp/", &nowhere).replace("/dev/shm/", &nowhere);
        let script = format!("nonce=n wanted= remembered= taken= own=b6778e6eeeb4f5bd {variables}\n{script}");
        let output =
            Command::new("/bin/sh").args(["-c", &script]).env("HOME", home).env_remove("XDG_RUNTIME_DIR").output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }

    #[test]
    fn a_sample_that_was_taken_after_the_look_is_not_removed() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join(".cache/fleet-health");
        let spool = place.join("spool/b6778e6eeeb4f5bd");
        fs::create_dir_all(&spool).unwrap();
        assert!(!run(home.path(), "force= act=look").contains("waiting"));
        let sample = spool.join(format!("{:020}.fhe", 1));
        fs::write(&sample, "").unwrap();
        assert!(run(home.path(), "force= act=remove").contains("@@FHP n waiting 1 "));
        assert!(sample.exists());
        assert!(run(home.path(), "force=yes act=remove").contains("@@FHP n removed "));
        assert!(!place.exists());
    }

    #[test]
    fn a_spool_s_folder_has_the_name_that_the_probe_gives_it() {
        let owner = SpoolOwner { key: KeyId([1; 32]), host: "web1".parse().unwrap() };
        // By Python: hashlib.sha256(b"\x01" * 32 + b"web1").hexdigest()[:16]
        assert_eq!(spool_folder(&owner), "b6778e6eeeb4f5bd");
    }
}
