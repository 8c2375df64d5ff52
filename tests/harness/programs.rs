//! The project's own programs, built once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::run;

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// Where cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// The path of a program of the workspace, as a plain `cargo build` makes it.
pub fn program(name: &str) -> PathBuf {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        // Tests don't build the programs of other packages, and a stale program would test yesterday's code.
        let packages = ["-p", "collector", "-p", "alerter", "-p", "fleet", "-p", "local-probe"];
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        run(Command::new(cargo).args(["build", "--locked", "--bins"]).args(packages).current_dir(workspace()));
        target_dir().join("debug")
    });
    BUILT.join(name)
}
