//! Who may read and write what, with real files and real modes.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use config::{ConfigError, SecretError, SecretSource, check_secret_file, load};
use tempfile::TempDir;

const WITHOUT_PASSWORD: &str = "<config><client ip='db1' username='m' identity-file='id'/></config>";
const WITH_PASSWORD: &str = "<config><client ip='db1' username='m' password='hunter2'/></config>";

fn file(folder: &TempDir, text: &str, mode: u32) -> PathBuf {
    let path = folder.path().join(format!("{mode:o}-{}", text.len()));
    fs::write(&path, text).unwrap();
    set_mode(&path, mode);
    path
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn hint_of(result: Result<config::Config, ConfigError>) -> Option<String> {
    result.unwrap_err().hint()
}

#[test]
fn a_config_that_group_or_others_may_write_is_refused() {
    let folder = TempDir::new().unwrap();
    for mode in [0o600, 0o400, 0o640, 0o644, 0o444] {
        assert!(load(&file(&folder, WITHOUT_PASSWORD, mode)).is_ok(), "{mode:o}");
    }
    for mode in [0o660, 0o620, 0o602, 0o666, 0o646] {
        let path = file(&folder, WITHOUT_PASSWORD, mode);
        assert_eq!(hint_of(load(&path)), Some(format!("chmod go-w {}", path.display())), "{mode:o}");
    }
}

#[test]
fn a_config_with_a_password_that_others_may_read_is_refused() {
    let folder = TempDir::new().unwrap();
    for mode in [0o600, 0o400, 0o640, 0o440] {
        let config = load(&file(&folder, WITH_PASSWORD, mode)).unwrap();
        assert_eq!(config.warnings.len(), 1, "{mode:o}");
    }
    for mode in [0o644, 0o604, 0o444] {
        let path = file(&folder, WITH_PASSWORD, mode);
        let error = load(&path).unwrap_err();
        let told = format!("\n{}:1:39: a password in a file that others may read (mode {mode:04o})", path.display());
        assert!(error.to_string().ends_with(&told), "{error}");
        assert_eq!(error.hint(), Some(format!("chmod 600 {}", path.display())));
    }
}

#[test]
fn a_config_that_others_could_replace_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, WITHOUT_PASSWORD, 0o600);
    set_mode(folder.path(), 0o777);
    let hint = hint_of(load(&path)).unwrap();
    assert_eq!(hint, format!("chmod o-w {}", folder.path().canonicalize().unwrap().display()));
    set_mode(folder.path(), 0o1777);
    assert!(load(&path).is_ok());
}

#[test]
fn a_config_of_somebody_else_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, WITHOUT_PASSWORD, 0o600);
    assert!(load(&path).is_ok());
    // Only root can give a file away. What the rule says to others is tested on values, in access.rs.
    match std::os::unix::fs::chown(&path, Some(65534), None) {
        Ok(()) => {
            let told = "it belongs to user 65534, expected root or the user who runs this";
            let error = load(&path).unwrap_err();
            assert_eq!(error.to_string(), format!("{}: {told}", path.display()));
            assert_eq!(error.hint(), Some(format!("sudo chown \"$(id -u)\" {}", path.display())));
        }
        Err(refused) => assert!(!rustix::process::geteuid().is_root(), "{refused}"),
    }
}

#[test]
fn what_is_no_file_is_told_and_holds_nobody_up() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    for path in [folder.path(), &pipe] {
        assert_eq!(load(path).unwrap_err().to_string(), format!("{}: this is not a regular file", path.display()));
        assert!(matches!(check_secret_file(path), Err(SecretError::Unsafe { .. })));
    }
    let missing = load(&folder.path().join("config.xml")).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read /") && missing.source().is_some());
    assert!(missing.hint().unwrap().contains("--config FILE"));
}

#[test]
fn a_secret_file_that_others_may_read_is_refused() {
    let folder = TempDir::new().unwrap();
    for mode in [0o600, 0o400, 0o640] {
        let path = file(&folder, "hunter2\n", mode);
        check_secret_file(&path).unwrap();
        assert_eq!(SecretSource::File(path).read().unwrap().expose(), "hunter2", "{mode:o}");
    }
    for (mode, command) in [(0o644, "chmod 600"), (0o604, "chmod 600"), (0o660, "chmod go-w"), (0o606, "chmod go-w")] {
        let path = file(&folder, "hunter2\n", mode);
        let error = check_secret_file(&path).unwrap_err();
        assert_eq!(error.hint(), Some(format!("{command} {}", path.display())), "{mode:o}");
        assert!(SecretSource::File(path).read().is_err(), "{mode:o}");
    }
}

#[test]
fn one_line_break_at_the_end_does_not_belong_to_a_password() {
    let folder = TempDir::new().unwrap();
    let read = |text: &str| SecretSource::File(file(&folder, text, 0o600)).read().map(|it| it.expose().to_owned());
    for (text, password) in [("a b ", "a b "), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("ä", "ä")] {
        assert_eq!(read(text).unwrap(), password);
    }
    for text in ["", "\n", "\r\n", &"x".repeat(64 * 1024 + 1)] {
        assert!(matches!(read(text), Err(SecretError::NotAPassword { .. })), "{} bytes", text.len());
    }
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let read = |variable: &str| SecretSource::Env(variable.to_owned()).read();
    assert_eq!(read("CARGO_PKG_NAME").unwrap().expose(), "config");
    let error = read("FLEET_HEALTH_NEVER_SET").unwrap_err();
    assert_eq!(error.to_string(), "the environment variable FLEET_HEALTH_NEVER_SET is not set");
}
