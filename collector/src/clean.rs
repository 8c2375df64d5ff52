//! Taking everything of ours off a host again.

use std::time::Duration;

use sample::wire::Acknowledgement;
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
    /// Nothing was removed: so many envelopes were not taken home yet.
    Waiting(usize),
    /// These could not be removed, with the reasons.
    Left(Vec<String>),
}

/// Looks at all places that visits take, and removes them unless something speaks against it; `force` gives up
/// envelopes that were not taken home.
///
/// # Errors
/// The login shell doesn't run the script, or the host is too slow.
pub async fn clean(session: &Session, traces: &Traces<'_>, force: bool) -> Result<Cleaned, Failure> {
    let found = act(session, traces, "look").await?;
    if found.last("foreign").is_some() {
        return Ok(Cleaned::Foreign(shown(&found, "foreign")));
    }
    let count = |value: &str| value.split_once(' ')?.0.parse::<usize>().ok();
    let waiting = found.all("waiting").filter_map(count).fold(0, usize::saturating_add);
    if waiting > 0 && !force {
        return Ok(Cleaned::Waiting(waiting));
    }
    if found.last("place").is_none() {
        return Ok(Cleaned::Removed(Vec::new()));
    }
    let done = act(session, traces, "remove").await?;
    Ok(match (done.last("foreign"), done.last("left")) {
        (Some(_), _) => Cleaned::Foreign(shown(&done, "foreign")),
        (None, Some(_)) => Cleaned::Left(shown(&done, "left")),
        (None, None) => Cleaned::Removed(shown(&done, "removed")),
    })
}

async fn act(session: &Session, traces: &Traces<'_>, act: &str) -> Result<Report, Failure> {
    let in_script = |place: Option<&WorkDir>| place.map(WorkDir::in_script).unwrap_or_default();
    let taken = |ack: &Acknowledgement| format!("{}:{:020}", ack.spool, ack.through);
    let script = format!(
        "nonce={}\nwanted={}\nremembered={}\ntaken='{}'\nact={act}\n{CLEAN}",
        traces.nonce,
        in_script(traces.wanted),
        in_script(traces.remembered),
        traces.acknowledgements.iter().map(taken).collect::<Vec<_>>().join(" "),
    );
    let report = run_script(session, &script, (traces.nonce, traces.limit), "removing our files").await?;
    // What a script that was cut short did not say could be what speaks against removing anything.
    let whole = report.last("done") == Some(act);
    if whole { Ok(report) } else { Err(Failure::ShellUnusable("the script did not come to its end".to_owned())) }
}

fn shown(report: &Report, word: &str) -> Vec<String> {
    report.all(word).take(SHOWN).map(|value| Untrusted(value).to_string()).collect()
}
