//! What has to be installed on this machine, and cargo.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use harness::{Requirement, missing, workspace};

/// Installs what is missing, after saying so; where that may not be done, says what to run by hand.
pub(crate) fn install(wanted: impl Fn(&Requirement) -> bool) -> Result<()> {
    let missing: Vec<Requirement> = missing().into_iter().filter(wanted).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("This needs some of Debian's packages that are not installed:");
    for tool in &missing {
        eprintln!("  {:22} {}", tool.package, tool.purpose);
    }
    let mut packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    packages.dedup();
    let command = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !harness::is_root() || !Path::new("/usr/bin/apt-get").exists() {
        bail!("please run: sudo {command}");
    }
    eprintln!("Installing them: {command}");
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(&packages);
    run(install.env("DEBIAN_FRONTEND", "noninteractive")).with_context(|| format!("please run: sudo {command}"))
}

/// Runs cargo in the workspace, as the one that runs this task.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    run(Command::new(cargo).args(arguments).current_dir(workspace()))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed with {status}");
    }
    Ok(())
}
