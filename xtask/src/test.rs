//! `cargo xtask test`: the whole test suite.

use anyhow::{Result, bail};

use crate::tools::{cargo, install};

/// Builds everything, installs what the tests start, and runs them.
pub(crate) fn test() -> Result<()> {
    install(|_| true)?;
    if !harness::is_root() {
        bail!(
            "the tests make users in a namespace of their own, which needs root; please run: sudo -E env PATH=$PATH cargo xtask test"
        );
    }
    cargo(&["build", "--locked", "--workspace", "--bins"])?;
    cargo(&["test", "--locked", "--workspace"])
}
