//! `cargo xtask probe`: the small static probe that is shipped.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use harness::target_dir;

use crate::tools::cargo;

/// Builds the probe that is shipped, and says how large it is.
pub(crate) fn probe() -> Result<()> {
    let place = build()?;
    println!("{}: {} bytes", place.display(), fs::metadata(&place)?.len());
    Ok(())
}

/// Builds the probe in its own profile, alone, and puts it where a release build of the collector looks first.
pub(crate) fn build() -> Result<PathBuf> {
    cargo(&["build", "--locked", "--profile", "probe", "-p", "local-probe"])?;
    let built = target_dir().join("probe/fleet-probe");
    let place: PathBuf = target_dir().join("release/probes").join(std::env::consts::ARCH);
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    let place = place.join("fleet-probe");
    fs::copy(&built, &place).with_context(|| format!("cannot copy {} to {}", built.display(), place.display()))?;
    Ok(place)
}
