//! A Python virtual environment of the bench's own, which keeps what was installed once.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use harness::target_dir;

/// Prints the version of the first distribution and, in brackets, those of the others; fails if one is not installed.
const VERSIONS: &str = "\
import sys
from importlib.metadata import version
first, *others = sys.argv[1:]
also = ', '.join(f'{name} {version(name)}' for name in others)
print(version(first) + (f' ({also})' if also else ''))
";

/// `target/bench-peers`.
pub(super) struct Environment(PathBuf);

impl Environment {
    /// Opens it, or makes it where there is none.
    ///
    /// # Errors
    /// Python can't make one.
    pub(super) fn open() -> Result<Environment> {
        let environment = Environment(target_dir().join("bench-peers"));
        // There may be none, half of one, or one for a Python that has gone.
        if output(Command::new(environment.program("python")).args(["-I", "-m", "pip", "--version"])).is_err() {
            eprintln!("making a Python environment in {}", environment.0.display());
            output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment.0))
                .context("no Python environment, so none of the others; on Debian: apt-get install python3-venv")?;
        }
        Ok(environment)
    }

    /// Installs the first of these distributions, unless it is there, and gives the versions of all.
    ///
    /// # Errors
    /// It can't be installed.
    pub(super) fn install(&self, distributions: &[&str]) -> Result<String> {
        self.versions(distributions).or_else(|_not_installed| {
            let wanted = distributions[0];
            eprintln!("installing {wanted} from PyPI");
            let mut pip = Command::new(self.program("python"));
            pip.args([
                "-I",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--retries=1",
                "--timeout=15",
                wanted,
            ]);
            output(&mut pip).with_context(|| format!("{wanted} could not be installed"))?;
            self.versions(distributions)
        })
    }

    /// A program of the environment.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs().join(name)
    }

    /// The folder of its programs.
    pub(super) fn programs(&self) -> PathBuf {
        self.0.join("bin")
    }

    fn versions(&self, distributions: &[&str]) -> Result<String> {
        output(Command::new(self.program("python")).args(["-I", "-c", VERSIONS]).args(distributions))
    }
}

/// What a command prints.
fn output(command: &mut Command) -> Result<String> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command.output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let last = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
        bail!("{program} failed with {}: {last}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
