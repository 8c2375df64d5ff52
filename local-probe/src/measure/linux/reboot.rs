//! Whether the host waits for a reboot.
//!
//! Three things say so: a flag file of the distribution; a running kernel whose modules are gone, so that no more can
//! be loaded; and a newer kernel of the same flavour that was installed after the boot. An older flavour's, or one that
//! was there already when the host booted another, is somebody's choice. Without a flag, a host that shows neither the
//! running kernel's image nor its modules does not tell: a container, or a machine whose kernel comes from outside.

mod kernels;

use sample::RebootRequired;

use super::Tree;

/// Debian and Ubuntu, with the packages in a file beside it; SUSE. `/var/run` where it is not yet a link to `/run`.
const FLAGS: &[&str] =
    &["run/reboot-required", "var/run/reboot-required", "run/reboot-needed", "var/run/reboot-needed"];

/// Packages that are named; the others are counted.
const NAMED: usize = 3;

/// More than packages ask for a reboot.
const MOST_LINES: usize = 1000;

/// A container may have a flag file of its own, but no kernel.
pub(super) fn required(tree: &Tree, kernel: Option<&str>, in_container: bool) -> Option<RebootRequired> {
    let flag = FLAGS.iter().find(|flag| tree.path(flag).is_file());
    if let Some(flag) = flag {
        let reason = tree.text(format!("{flag}.pkgs")).and_then(|packages| packages_in_short(&packages));
        return Some(RebootRequired { required: true, reason: reason.or_else(|| Some(format!("/{flag}"))) });
    }
    let kernel = kernel.filter(|_| !in_container)?;
    let reason = kernels::reason(tree, kernel)?;
    Some(RebootRequired { required: reason.is_some(), reason })
}

/// `linux-image-6.1.0-18-amd64, libc6, dbus and 2 more`. The file has a line for each time that a package asked.
fn packages_in_short(packages: &str) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for line in packages.lines().take(MOST_LINES) {
        let name: String = line.trim().chars().filter(|c| !c.is_control()).take(64).collect();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        count if count <= NAMED => Some(named),
        count => Some(format!("{named} and {} more", count - NAMED)),
    }
}

#[cfg(test)]
mod tests;
