//! Where config.xml and the state folder are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What decides where things are, besides the command line. A variable that is empty counts as not set.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `$FLEET_CONFIG`.
    pub fleet_config: Option<OsString>,
    /// `$FLEET_STATE_DIR`.
    pub fleet_state_dir: Option<OsString>,
    /// `$STATE_DIRECTORY`, set by systemd; may hold several, separated by colons.
    pub state_directory: Option<OsString>,
    /// `$HOME`.
    pub home: Option<OsString>,
    /// The effective user is root.
    pub is_root: bool,
}

impl Environment {
    /// The environment of this process.
    pub fn of_this_process() -> Environment {
        Environment {
            fleet_config: std::env::var_os("FLEET_CONFIG"),
            fleet_state_dir: std::env::var_os("FLEET_STATE_DIR"),
            state_directory: std::env::var_os("STATE_DIRECTORY"),
            home: std::env::var_os("HOME"),
            is_root: rustix::process::geteuid().is_root(),
        }
    }
}

/// Returns the path of config.xml: `explicit`, else `$FLEET_CONFIG`, else `~/.config/fleet-health/config.xml` if it
/// exists and we are not root, else `/etc/fleet-health/config.xml`. Never silently the current folder.
pub fn locate(explicit: Option<PathBuf>, env: &Environment, exists: impl FnOnce(&Path) -> bool) -> PathBuf {
    let named = explicit.or_else(|| set(env.fleet_config.as_ref()));
    let at_home = || {
        let path = home(env)?.join(".config/fleet-health/config.xml");
        exists(&path).then_some(path)
    };
    named.or_else(at_home).unwrap_or_else(|| PathBuf::from("/etc/fleet-health/config.xml"))
}

/// Returns the state folder: `explicit`, else `$FLEET_STATE_DIR`, else the first of `$STATE_DIRECTORY`, else
/// `~/.local/state/fleet-health`; for root, and where there is no home, `/var/lib/fleet-health`.
pub fn state_dir(explicit: Option<PathBuf>, env: &Environment) -> PathBuf {
    let of_systemd = || std::env::split_paths(env.state_directory.as_ref()?).find(|path| !path.as_os_str().is_empty());
    let named = explicit.or_else(|| set(env.fleet_state_dir.as_ref())).or_else(of_systemd);
    let at_home = || Some(home(env)?.join(".local/state/fleet-health"));
    named.or_else(at_home).unwrap_or_else(|| PathBuf::from("/var/lib/fleet-health"))
}

/// The home of somebody who is not root.
fn home(env: &Environment) -> Option<PathBuf> {
    if env.is_root { None } else { set(env.home.as_ref()) }
}

fn set(variable: Option<&OsString>) -> Option<PathBuf> {
    variable.filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_set() -> Environment {
        let set = |text: &str| Some(OsString::from(text));
        Environment {
            fleet_config: set("/env/config.xml"),
            fleet_state_dir: set("/env/state"),
            state_directory: set("/var/lib/one:/var/lib/two"),
            home: set("/home/me"),
            is_root: false,
        }
    }

    #[test]
    fn the_first_that_names_a_config_wins() {
        let mut env = all_set();
        let locate = |env: &Environment, exists| super::locate(None, env, |_| exists).to_str().unwrap().to_owned();
        assert_eq!(super::locate(Some("x.xml".into()), &env, |_| true), Path::new("x.xml"));
        assert_eq!(locate(&env, true), "/env/config.xml");
        env.fleet_config = Some("".into());
        assert_eq!(locate(&env, true), "/home/me/.config/fleet-health/config.xml");
        assert_eq!(locate(&env, false), "/etc/fleet-health/config.xml");
        env.is_root = true;
        assert_eq!(locate(&env, true), "/etc/fleet-health/config.xml");
        assert_eq!(locate(&Environment::default(), true), "/etc/fleet-health/config.xml");
    }

    #[test]
    fn the_first_that_names_a_state_folder_wins() {
        let mut env = all_set();
        assert_eq!(state_dir(Some("here".into()), &env), Path::new("here"));
        assert_eq!(state_dir(None, &env), Path::new("/env/state"));
        env.fleet_state_dir = None;
        assert_eq!(state_dir(None, &env), Path::new("/var/lib/one"));
        env.state_directory = Some("".into());
        assert_eq!(state_dir(None, &env), Path::new("/home/me/.local/state/fleet-health"));
        env.is_root = true;
        assert_eq!(state_dir(None, &env), Path::new("/var/lib/fleet-health"));
    }
}
