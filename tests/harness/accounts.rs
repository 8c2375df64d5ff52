//! Accounts on the hosts: who can log in, with which shell, in which home.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use crate::process::run;
use crate::{PASSWORD, USER};

/// A number no account of the machine has; the others follow.
pub(crate) const UID: u32 = 61_234;

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its login shell.
    pub shell: String,
    /// Files in its home.
    pub files: Vec<(String, Vec<u8>)>,
    /// What its home is.
    pub home: Home,
}

/// What the home of an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// A directory of its own.
    Plain,
    /// Named in /etc/passwd, but not there, and the account can't make it.
    Missing,
    /// On a file system mounted read-only.
    ReadOnly,
    /// A file system of its own in memory, with these mount options.
    Tmpfs(&'static str),
}

impl Account {
    /// An account with an empty home.
    pub fn new(name: &str, shell: &str) -> Account {
        Account { name: name.to_owned(), shell: shell.to_owned(), files: Vec::new(), home: Home::Plain }
    }
}

/// Writes passwd and shadow with these accounts, and makes their homes. Each may log in with the same password.
pub(crate) fn make(dir: &Path, accounts: &[Account]) {
    let hash = run(Command::new("openssl").args(["passwd", "-6", "-salt", "fleethealth", PASSWORD]));
    let mut passwd = fs::read_to_string("/etc/passwd").unwrap();
    let mut shadow = fs::read_to_string("/etc/shadow").unwrap();
    for (uid, account) in (UID..).zip(accounts) {
        let (name, home) = (&account.name, dir.join("homes").join(&account.name));
        writeln!(passwd, "{name}:x:{uid}:{uid}::{}:{}", home.display(), account.shell).unwrap();
        writeln!(shadow, "{name}:{}:19000:0:99999:7:::", hash.trim()).unwrap();
        if account.home != Home::Missing {
            make_home(&home, uid);
        }
        for (path, content) in &account.files {
            let path = home.join(path);
            for folder in path.ancestors().skip(1).take_while(|folder| *folder != home) {
                make_home(folder, uid);
            }
            fs::write(&path, content).unwrap();
            chown(&path, Some(uid), Some(uid)).unwrap();
        }
    }
    fs::write(dir.join("passwd"), passwd).unwrap();
    fs::write(dir.join("shadow"), shadow).unwrap();
    fs::set_permissions(dir.join("shadow"), fs::Permissions::from_mode(0o600)).unwrap();
    // Some servers let nobody in whose shell is not listed.
    let shells: Vec<&str> = accounts.iter().map(|account| account.shell.as_str()).collect();
    fs::write(dir.join("shells"), shells.join("\n") + "\n").unwrap();
}

pub(crate) fn make_home(home: &Path, uid: u32) {
    fs::create_dir_all(home).unwrap();
    chown(home, Some(uid), Some(uid)).unwrap();
}

/// A command that runs the line `server` in a mount namespace of its own. Accounts are seen there alone: other files
/// are mounted over the machine's, and what is mounted goes with the last process in it. Places that are open to all are
/// its own too, or hosts of one test would find what those of another left there.
pub(crate) fn in_namespace(dir: &Path, accounts: &[Account], prepare: Option<&str>, server: &str) -> Command {
    let mut script =
        "set -e\nfor file in passwd shadow shells hosts; do [ ! -e $file ] || mount --bind $file /etc/$file; done\n\
                      [ ! -e pam ] || mount --bind pam /etc/pam.d/sshd\n\
                      for place in /var/tmp /dev/shm; do mount -t tmpfs -o mode=1777 tmpfs $place; done\n"
            .to_owned();
    for account in accounts {
        let home = format!("homes/{}", account.name);
        match account.home {
            Home::Plain | Home::Missing => Ok(()),
            Home::ReadOnly => writeln!(script, "mount --bind {home} {home}\nmount -o remount,bind,ro {home}"),
            Home::Tmpfs(options) => {
                let owner = format!("$(stat -c %u {home})");
                writeln!(script, "mount -t tmpfs -o uid={owner},mode=700,{options} tmpfs {home}")
            }
        }
        .unwrap();
    }
    let script = [&script, prepare.unwrap_or_default(), server].join("\n");
    let mut command = Command::new("unshare");
    command.args(["-m", "/bin/sh", "-c", &script, USER]).current_dir(dir);
    command
}
