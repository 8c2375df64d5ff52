//! One host on display.

use std::path::Path;

use harness::{Account, Home};

/// An account on a real server, what is wrong with it, and what the visit has to come to.
pub(super) struct Exhibit {
    /// Says what is wrong; the host's and the account's name.
    pub(super) fault: &'static str,
    /// The expected outcome.
    pub(super) kind: &'static str,
    /// What its detail has to say.
    pub(super) says: &'static str,
    shell: String,
    files: Vec<(String, Vec<u8>)>,
    home: Home,
    settings: Vec<String>,
}

/// A host with an empty home and /bin/bash.
pub(super) fn host(fault: &'static str, kind: &'static str) -> Exhibit {
    let (files, settings) = (Vec::new(), Vec::new());
    Exhibit { fault, kind, says: "", shell: "/bin/bash".to_owned(), files, home: Home::Plain, settings }
}

impl Exhibit {
    pub(super) fn says(mut self, says: &'static str) -> Exhibit {
        self.says = says;
        self
    }

    pub(super) fn shell(mut self, shell: impl Into<String>) -> Exhibit {
        self.shell = shell.into();
        self
    }

    pub(super) fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Exhibit {
        self.files.push((path.to_owned(), content.as_ref().to_vec()));
        self
    }

    pub(super) fn home(mut self, home: Home) -> Exhibit {
        self.home = home;
        self
    }

    /// A line of sshd_config for this account alone.
    pub(super) fn setting(mut self, line: impl Into<String>) -> Exhibit {
        self.settings.push(line.into());
        self
    }

    /// Whatever is to be run, this script is run by /bin/sh instead, from a file in `dir`.
    pub(super) fn forced(self, dir: &Path, script: &str) -> Exhibit {
        let path = dir.join(format!("{}.sh", self.fault));
        std::fs::write(&path, script).unwrap();
        self.setting(format!("ForceCommand exec /bin/sh {}", path.display()))
    }

    /// Everything is run as it should be but the probe: then this script is run instead, with the nonce of the
    /// visit in `$n` and the request in `$r`, and `probe` to run the probe with the request on its standard input.
    pub(super) fn lying(self, dir: &Path, script: &str) -> Exhibit {
        let script = format!(
            "export LC_ALL=C\nprobe() {{ eval \"$SSH_ORIGINAL_COMMAND\"; }}\ncase $SSH_ORIGINAL_COMMAND in\n*' run')\n\
             IFS= read -r r; n=${{r#*'\"nonce\":\"'}}; n=${{n%%'\"'*}}\n{script}\n;;\n\
             *) eval \"$SSH_ORIGINAL_COMMAND\" ;;\nesac\n"
        );
        self.forced(dir, &script)
    }

    /// `uname` says this, whatever is asked.
    pub(super) fn uname(self, dir: &Path, says: &str) -> Exhibit {
        use std::os::unix::fs::PermissionsExt;
        let bin = dir.join(format!("{}-bin", self.fault));
        std::fs::create_dir_all(&bin).unwrap();
        let uname = bin.join("uname");
        std::fs::write(&uname, format!("#!/bin/sh\nprintf '%b\\n' '{says}'\n")).unwrap();
        std::fs::set_permissions(&uname, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.setting(format!("SetEnv PATH={}:/usr/bin:/bin", bin.display()))
    }

    pub(super) fn account(&self) -> Account {
        let (name, shell) = (self.fault.to_owned(), self.shell.clone());
        Account { name, shell, files: self.files.clone(), home: self.home.clone() }
    }

    /// The `Match` block of its settings.
    pub(super) fn matched(&self) -> String {
        if self.settings.is_empty() {
            return String::new();
        }
        format!("Match User {}\n  {}\n", self.fault, self.settings.join("\n  "))
    }
}
