//! The second way out: a command of the administrator's, which gets a mail's content as JSON on its standard input.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use config::Notifier;
use rustix::process::{Pid, Signal, kill_process_group};
use sample::Untrusted;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

/// As much as is kept of what a command says on its standard error.
const MOST_WORDS: u64 = 2048;

/// How long its words are waited for after its end: something it started may hold them open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What the environment of a command holds, beside what follows from its purpose. No secret of ours is there.
const ENVIRONMENT: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// A command did not do it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CommandFailure {
    /// Why.
    pub(crate) words: String,
    /// It was ended in the midst of its work: it may have done it.
    pub(crate) is_unknown: bool,
}

/// Runs the command with `content` on its standard input. Status 0 means that it is told; any other one that it is to
/// be tried again.
pub(crate) fn run(notifier: &Notifier, content: &[u8], stop: &CancellationToken) -> Result<String, CommandFailure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| not_started(notifier, &error))?;
    runtime.block_on(async {
        let mut child = start(notifier).map_err(|error| not_started(notifier, &error))?;
        let ended = tokio::select! {
            ended = talk(&mut child, content) => ended,
            () = tokio::time::sleep(notifier.timeout) => {
                Err(unknown(format!("no end within {:?}: killed", notifier.timeout)))
            }
            () = stop.cancelled() => Err(unknown("killed, since this program was told to end".to_owned())),
        };
        kill_group(&mut child).await;
        ended
    })
}

fn start(notifier: &Notifier) -> io::Result<Child> {
    let (program, arguments) =
        notifier.command.split_first().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no command"))?;
    let environment = ENVIRONMENT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true).spawn()
}

/// Writes, listens and waits, all at once: whichever of them the command does not want keeps the others going.
async fn talk(child: &mut Child, content: &[u8]) -> Result<String, CommandFailure> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let heard = tokio::spawn(words(stderr));
    let say = async {
        if let Some(mut stdin) = stdin {
            // A command that does not read it all says by its status whether it minds.
            drop(stdin.write_all(content).await);
        }
    };
    let (status, ()) = tokio::join!(child.wait(), say);
    let words = tokio::time::timeout(LAST_WORDS, heard).await.ok().and_then(Result::ok).unwrap_or_default();
    let status = status.map_err(|error| unknown(format!("cannot wait for its end: {error}")))?;
    conclude(status, words.trim())
}

/// The beginning of what it says; the rest is read and forgotten, so that it can go on.
async fn words(stderr: Option<ChildStderr>) -> String {
    let mut said = Vec::new();
    if let Some(mut stderr) = stderr {
        drop((&mut stderr).take(MOST_WORDS).read_to_end(&mut said).await);
        drop(tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await);
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn conclude(status: ExitStatus, words: &str) -> Result<String, CommandFailure> {
    let last = words.lines().last().map(|line| format!(": {}", Untrusted(line))).unwrap_or_default();
    if status.success() { Ok(format!("{status}{last}")) } else { Err(failed(format!("{status}{last}"))) }
}

/// Of a command that has not ended nothing goes on, nor of what it started. One that has ended may have left something
/// behind that still works: that is its own affair.
async fn kill_group(child: &mut Child) {
    if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // It may have ended just now.
        kill_process_group(group, Signal::KILL).unwrap_or_default();
        drop(child.wait().await);
    }
}

fn not_started(notifier: &Notifier, error: &io::Error) -> CommandFailure {
    let program = notifier.command.first().map(String::as_str).unwrap_or_default();
    failed(format!("cannot start {}: {error}", Untrusted(program)))
}

fn failed(words: String) -> CommandFailure {
    CommandFailure { words, is_unknown: false }
}

fn unknown(words: String) -> CommandFailure {
    CommandFailure { words, is_unknown: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notifier(script: &str, timeout: Duration) -> Notifier {
        Notifier { command: ["/bin/sh", "-c", script].map(str::to_owned).into(), timeout }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    fn ended(script: &str) -> Result<String, CommandFailure> {
        run(&notifier(script, MINUTE), b"{\"version\":1}", &CancellationToken::new())
    }

    #[test]
    fn a_command_gets_the_content_on_its_standard_input() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("said");
        let done = ended(&format!("cat > {}", file.display()));
        assert_eq!(done, Ok("exit status: 0".to_owned()));
        assert_eq!(std::fs::read_to_string(file).unwrap(), "{\"version\":1}");
    }

    #[test]
    fn a_status_other_than_0_is_told_with_the_last_words() {
        let failed = ended("echo one >&2; printf 'no\\033[31m route\\n' >&2; exit 75").unwrap_err();
        assert_eq!(failed, super::failed("exit status: 75: no\\u{1b}[31m route".to_owned()));
        assert!(!ended("exec /nonexistent/program").unwrap_err().is_unknown);
        let missing = Notifier { command: vec!["/nonexistent/program".to_owned()], timeout: MINUTE };
        let words = run(&missing, b"", &CancellationToken::new()).unwrap_err().words;
        assert!(words.starts_with("cannot start /nonexistent/program: "), "{words}");
    }

    #[test]
    fn a_command_that_reads_nothing_and_says_very_much_still_ends_well() {
        let much = vec![b'x'; 1 << 20];
        let loud = notifier("head -c 1000000 /dev/zero >&2", MINUTE);
        assert!(run(&loud, &much, &CancellationToken::new()).is_ok());
    }

    #[test]
    fn a_command_that_hangs_is_killed_with_all_it_started_and_may_have_done_it() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let hangs = notifier(&format!("sleep 1000 & echo $! > {}; wait", pid.display()), Duration::from_millis(300));
        let failed = run(&hangs, b"", &CancellationToken::new()).unwrap_err();
        assert!(failed.is_unknown && failed.words.contains("killed"), "{failed:?}");
        let sleeper = std::fs::read_to_string(pid).unwrap();
        // It was told to end, and does so soon.
        while is_there(sleeper.trim()) {
            std::thread::yield_now();
        }
    }

    fn is_there(pid: &str) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    }

    #[test]
    fn a_command_sees_no_secret_of_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("environment");
        assert!(ended(&format!("env | cut -d= -f1 | sort > {}", file.display())).is_ok());
        let names = std::fs::read_to_string(file).unwrap();
        let allowed = ["HOME", "LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "TZ", "_"];
        assert!(names.contains("PATH") && names.lines().all(|name| allowed.contains(&name)), "{names}");
    }
}
