//! The cold path: finding a place on the host and putting probe and key there.
//!
//! Three commands, one after the other: a script that finds the place, an upload, and a script that checks and
//! installs what arrived. Script and program never share an input: shells read ahead and would swallow the program.

use std::time::Duration;

use sample::{KeyId, Nonce, Untrusted};

use crate::Failure;
use crate::failure::shown;
use crate::probe_file::{Probe, Probes};
use crate::ssh::{SHOWN_OF_FLOOD, Session, Want};
use crate::work_dir::WorkDir;

const FIND_A_PLACE: &str = include_str!("place.sh");
const INSTALL: &str = include_str!("install.sh");
const MAX_OUTPUT: usize = 128 * 1024;

/// What is put on a host, and what is known about where.
pub struct Placement<'a> {
    /// The place to take and no other, from config.xml.
    pub wanted: Option<&'a WorkDir>,
    /// The place of the last visit.
    pub remembered: Option<&'a WorkDir>,
    /// The key to seal for.
    pub key: (KeyId, &'a str),
    /// The probes there are.
    pub probes: &'a Probes,
    /// Marks our lines in the scripts' output.
    pub nonce: Nonce,
    /// For each command.
    pub limit: Duration,
}

/// A probe in its place.
pub struct Placed<'a> {
    /// The directory.
    pub work_dir: WorkDir,
    /// What lies there.
    pub probe: &'a Probe,
    /// The places that were looked at before, and why they were not taken, for people; nothing if there are none.
    pub refused: Option<String>,
}

/// How many places an upload is tried to: where a quota is full, that is seen only then.
const UPLOADS: usize = 3;

/// Puts probe and key on the host, as far as they are missing; `guess` is the probe it most likely needs.
///
/// # Errors
/// The login shell doesn't run the script, the host offers no place, or there is no probe for it.
pub async fn place<'a>(session: &Session, placement: &Placement<'a>, guess: &'a Probe) -> Result<Placed<'a>, Failure> {
    let mut probe = guess;
    let mut report = find_a_place(session, placement, probe, "").await?;
    let uname = report.last("uname").unwrap_or_default().to_owned();
    if uname != machine(probe) {
        probe = placement.probes.for_uname(&uname).map_err(Failure::ArchUnsupported)?;
        report = find_a_place(session, placement, probe, "").await?;
    }
    let (mut avoid, mut failed) = (" ".to_owned(), Vec::new());
    loop {
        let refused = refusals(&report, &failed);
        let Some(place) = report.last("place") else {
            let unfinished = || "the host's /bin/sh ended before it had found one".to_owned();
            return Err(Failure::NoWorkDir(refused.unwrap_or_else(unfinished)));
        };
        let unusual =
            |_| Failure::NoWorkDir(format!("{} has characters that not every shell can name", Untrusted(place)));
        let work_dir: WorkDir = place.parse().map_err(unusual)?;
        if report.last("part").is_none() {
            return Ok(Placed { work_dir, probe, refused });
        }
        match upload(session, placement, (&work_dir, &made(&report)), probe).await? {
            Ok(()) => return Ok(Placed { work_dir, probe, refused }),
            Err(found) => failed.push(found),
        }
        if failed.len() == UPLOADS {
            break;
        }
        avoid += &format!("{place} ");
        report = find_a_place(session, placement, probe, &avoid).await?;
    }
    Err(Failure::NoWorkDir(failed.join(", ")))
}

/// The places that were not taken. A host may refuse as many as it likes; the first ones tell enough.
fn refusals(report: &Report, failed: &[String]) -> Option<String> {
    let looked_at = report.all("refused").take(8).map(|line| Untrusted(line).to_string());
    let all: Vec<String> = failed.iter().cloned().chain(looked_at).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// What is to be taken back if the upload fails, as words that mean the same in every shell.
fn made(report: &Report) -> String {
    let paths = report.last("made").unwrap_or_default().split_whitespace();
    paths.filter(|path| path.parse::<WorkDir>().is_ok()).collect::<Vec<_>>().join(" ")
}

fn machine(probe: &Probe) -> String {
    format!("Linux {}", probe.architecture)
}

async fn find_a_place(
    session: &Session,
    placement: &Placement<'_>,
    probe: &Probe,
    avoid: &str,
) -> Result<Report, Failure> {
    let in_script = |place: Option<&WorkDir>| place.map(WorkDir::in_script).unwrap_or_default();
    let (key, pem) = placement.key;
    let script = format!(
        "nonce={}\nwanted={}\nremembered={}\nmachine='{}'\nsha256={}\nsize={}\navoid='{avoid}'\nkey={key}\npem='{}'\n{FIND_A_PLACE}",
        placement.nonce,
        in_script(placement.wanted),
        in_script(placement.remembered),
        machine(probe),
        probe.sha256,
        probe.bytes.len(),
        pem.trim_end(),
    );
    run_script(session, &script, (placement.nonce, placement.limit), "looking for a place").await
}

/// Uploads and installs the probe; what was found wrong with it on the host is said in the inner error.
async fn upload(
    session: &Session,
    placement: &Placement<'_>,
    (work_dir, made): (&WorkDir, &str),
    probe: &Probe,
) -> Result<Result<(), String>, Failure> {
    let (nonce, sha256, size) = (placement.nonce, &probe.sha256, probe.bytes.len());
    // dd needs no redirection, which shells write differently.
    let command = format!("exec dd bs=65536 of={work_dir}/part-{nonce}");
    let dd = session.exec(&command, &probe.bytes, ("uploading the probe", placement.limit), |_| Want::More).await?;
    let place = work_dir.in_script();
    let script = format!("nonce={nonce}\nplace={place}\nmade='{made}'\nsha256={sha256}\nsize={size}\n{INSTALL}");
    let report = run_script(session, &script, (placement.nonce, placement.limit), "installing the probe").await?;
    Ok(match report.last("installed") {
        Some("yes") => Ok(()),
        found => {
            let found =
                found.map_or("the check after the upload gave no answer".to_owned(), |f| Untrusted(f).to_string());
            Err(format!("{work_dir}: {found}; {}", shown(&dd.stderr)))
        }
    })
}

/// Runs a script of ours, which marks its lines with the nonce and ends with the word `end`.
pub(crate) async fn run_script(
    session: &Session,
    script: &str,
    (nonce, limit): (Nonce, Duration),
    phase: &'static str,
) -> Result<Report, Failure> {
    let mut output = Vec::new();
    // The script says when it is done: a job that an rc file left behind could hold the channel open for ever.
    let end = format!("@@FHP {nonce} end\n");
    let ended = session
        .exec("exec /bin/sh -s", script.as_bytes(), (phase, limit), |piece| {
            let looked_at = output.len().saturating_sub(end.len());
            output.extend_from_slice(piece);
            let done = output[looked_at..].windows(end.len()).any(|window| window == end.as_bytes());
            match (done, output.len() > MAX_OUTPUT) {
                (true, _) => Want::Enough,
                (false, true) => Want::Nothing,
                (false, false) => Want::More,
            }
        })
        .await?;
    let report = Report::parse(&output, nonce);
    if report.0.is_empty() && output.len() > MAX_OUTPUT {
        let begin = shown(&output[..SHOWN_OF_FLOOD]);
        return Err(Failure::ShellUnusable(format!("the login shell ran no script and printed without end: {begin}")));
    }
    if report.0.is_empty() {
        let said = [shown(&output), shown(&ended.stderr)].join(" ");
        return Err(Failure::ShellUnusable(format!(
            "the login shell ran no script ({}): {}",
            ended.how(),
            said.trim()
        )));
    }
    Ok(report)
}

/// The lines of a script that are ours.
pub(crate) struct Report(Vec<(String, String)>);

impl Report {
    fn parse(output: &[u8], nonce: Nonce) -> Report {
        let prefix = format!("@@FHP {nonce} ");
        let text = String::from_utf8_lossy(output);
        let ours = text.lines().filter_map(|line| line.strip_prefix(&prefix)?.split_once(' '));
        Report(ours.map(|(word, value)| (word.to_owned(), value.to_owned())).collect())
    }

    pub(crate) fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == word).map(|(_, value)| value.as_str())
    }

    pub(crate) fn last<'a>(&'a self, word: &'a str) -> Option<&'a str> {
        self.all(word).last()
    }
}

#[cfg(test)]
mod tests;
