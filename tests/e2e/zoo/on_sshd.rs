//! Hosts of a real OpenSSH sshd: shells, rc files, homes, restrictions, lies.

use std::path::Path;

use harness::Home;

use super::exhibit::{Exhibit, host};

/// Every host of the sshd, with or without a fault. Scripts they need are written to `dir`.
pub(super) fn exhibits(dir: &Path) -> Vec<Exhibit> {
    [rc_files(), liars(dir), restrictions(dir), good(), shells(dir), homes(), machines(dir), speakers(dir)]
        .into_iter()
        .flatten()
        .collect()
}

/// Hosts with nothing wrong.
fn good() -> Vec<Exhibit> {
    ["good-0", "good-1", "good-2", "good-3", "good-4", "good-5", "good-6", "good-7", "good-8", "good-9"]
        .map(|name| host(name, "ok"))
        .into()
}

fn shells(dir: &Path) -> Vec<Exhibit> {
    // Busybox is what it is called.
    let ash = dir.join("ash");
    std::os::unix::fs::symlink("/usr/bin/busybox", &ash).unwrap();
    vec![
        host("shell-dash", "ok").shell("/bin/dash"),
        host("shell-zsh", "ok").shell("/usr/bin/zsh"),
        host("shell-fish", "ok").shell("/usr/bin/fish"),
        host("shell-tcsh", "ok").shell("/usr/bin/tcsh"),
        host("shell-busybox", "ok").shell(ash.display().to_string()),
        host("shell-rbash", "shell_unusable").shell("/bin/rbash").says("restricted"),
        host("shell-nologin", "shell_unusable").shell("/usr/sbin/nologin").says("not available"),
        host("shell-false", "shell_unusable").shell("/bin/false").says("exit status 1"),
        host("shell-git", "shell_unusable").shell(git_shell()),
        host("shell-missing", "auth_failed").shell("/no/such/shell"),
    ]
}

fn git_shell() -> String {
    let found = ["/usr/bin/git-shell", "/usr/local/bin/git-shell"].into_iter().find(|path| Path::new(path).exists());
    found.unwrap_or("/usr/bin/git-shell").to_owned()
}

fn rc_files() -> Vec<Exhibit> {
    let garbage: Vec<u8> = (0..=255_u8).cycle().take(4096).filter(|byte| *byte != b'\'').collect();
    vec![
        host("rc-echoes", "ok").file(".bashrc", "echo Welcome; echo to >&2; printf 'no line break'"),
        host("rc-stty", "ok").file(".bashrc", "stty erase ^H; mesg n; tput clear"),
        host("rc-exits", "shell_unusable").file(".bashrc", "echo not today; exit 0").says("not today"),
        host("rc-reads", "shell_unusable").file(".bashrc", "read x"),
        host("rc-reads-all", "shell_unusable").file(".bashrc", "cat > /dev/null"),
        host("rc-cd", "ok").file(".bashrc", "cd /"),
        host("rc-job", "ok").file(".bashrc", "sleep 20 &"),
        host("rc-settings", "ok")
            .file(".bashrc", "CDPATH=/:/tmp; set -o noclobber; shopt -s expand_aliases; alias ls='ls -la' rm='rm -i'"),
        host("rc-binary", "ok").file(".bashrc", "cat ~/garbage; cat ~/garbage >&2").file("garbage", &garbage),
        host("rc-100-kb", "shell_unusable").file(".bashrc", "head -c 100000 /dev/zero | tr '\\0' x").says("64 KiB"),
        host("rc-100-kb-of-errors", "ok").file(".bashrc", "head -c 100000 /dev/zero | tr '\\0' x >&2"),
        host("rc-sleeps", "command_timeout").file(".bashrc", "exec sleep 20"),
        host("rc-other-shell", "ok")
            .file(".bashrc", "export SHELL=/bin/false BASH_ENV=/dev/null; unset PATH; PATH=/bin"),
        host("zshenv-echoes", "ok").shell("/usr/bin/zsh").file(".zshenv", "echo Welcome; setopt noclobber"),
        host("cshrc-echoes", "ok").shell("/usr/bin/tcsh").file(".tcshrc", "echo Welcome\nset noclobber\ncd /\n"),
        host("fish-echoes", "ok").shell("/usr/bin/fish").file(".config/fish/config.fish", "echo Welcome; cd /"),
    ]
}

fn homes() -> Vec<Exhibit> {
    vec![
        host("home-noexec", "ok").home(Home::Tmpfs("noexec")).says("programs may not run there"),
        host("home-full", "ok").home(Home::Tmpfs("size=64k")).says("no room"),
        host("home-no-inodes", "ok").home(Home::Tmpfs("nr_inodes=2")).says("cannot be made"),
        host("home-read-only", "ok").home(Home::ReadOnly).says("cannot be made"),
        host("home-missing", "ok").home(Home::Missing).says("cannot be made"),
    ]
}

fn restrictions(dir: &Path) -> Vec<Exhibit> {
    vec![
        host("max-sessions-1", "ok").setting("MaxSessions 1"),
        host("max-sessions-0", "shell_unusable").setting("MaxSessions 0").says("opens no session"),
        host("sftp-only", "shell_unusable").setting("ForceCommand internal-sftp"),
        host("motd", "ok").setting(format!("Banner {}", banner(dir))),
        host("forced-false", "shell_unusable").forced(dir, "exit 1\n").says("exit status 1"),
        host("forced-words", "shell_unusable").forced(dir, "echo this account is disabled\n").says("is disabled"),
        host("forced-output", "shell_unusable").forced(dir, "exec cat /dev/zero\n").says("without end"),
        host("forced-errors", "shell_unusable").forced(dir, "exec cat /dev/zero >&2\n").says("stderr"),
        host("forced-drip", "command_timeout").forced(dir, "for i in 1 2 3 4 5 6 7 8 9; do printf .; sleep 1; done\n"),
        host("password-refused", "auth_failed").setting("AuthenticationMethods password").says("refused"),
        host("killed-by-signal", "shell_unusable").forced(dir, "kill -9 $$\n").says("killed by SIGKILL"),
    ]
}

fn banner(dir: &Path) -> String {
    let path = dir.join("banner");
    std::fs::write(&path, "Authorized use only \x1b[2J\n".repeat(200)).unwrap();
    path.display().to_string()
}

fn machines(dir: &Path) -> Vec<Exhibit> {
    vec![
        host("uname-sparc", "arch_unsupported")
            .uname(dir, "Linux sparc64")
            .says("the host is Linux sparc64; there are"),
        host("uname-freebsd", "arch_unsupported").uname(dir, "FreeBSD amd64").says("FreeBSD amd64"),
        host("uname-escapes", "arch_unsupported").uname(dir, "\\033]0;owned\\007").says("\\u{1b}]0;owned"),
        // There is a probe for it, which is chosen, and this machine can't run it.
        host("uname-aarch64", "probe_failed").uname(dir, "Linux aarch64").says("Exec format error"),
    ]
}

/// Hosts whose answer is not the probe's.
fn liars(dir: &Path) -> Vec<Exhibit> {
    let header = |fields: &str| {
        let json = format!(r#"{{"probe":"0","spool":"{}",{fields},"dropped":0}}"#, "0".repeat(32));
        format!("printf '\\n@@FHE1 %s %s\\nrubb@@END %s\\n' \"$n\" '{json}' \"$n\"")
    };
    let altered =
        |request: &str, answer: &str| format!("printf '%s\\n' \"$r\" | sed '{request}' | probe | sed '{answer}'");
    let other_nonce = "0123456789abcdef0123456789abcdef";
    // The same answer in every visit, under the nonce of each.
    let replay = format!(
        "[ -s ~/kept ] || printf '%s\\n' \"$r\" | sed \"s/$n/{other_nonce}/\" | probe > ~/kept\nsed \"s/{other_nonce}/$n/\" ~/kept"
    );
    let foreign = altered(r#"s/"host":"[^"]*"/"host":"another"/"#, "");
    let escapes = altered("", r#"s/"probe":"[^"]*"/"probe":"\\u001b]0;owned\\u0007\\n\\u202e"/"#);
    vec![
        host("other-nonce", "probe_failed")
            .lying(dir, &format!("n={other_nonce}\n{}", header(r#""count":1,"bytes":4"#))),
        host("rubbish-envelope", "envelope_rejected").lying(dir, &header(r#""count":1,"bytes":4"#)).says("malformed"),
        host("count-negative", "probe_failed").lying(dir, &header(r#""count":-1,"bytes":4"#)),
        host("count-0", "probe_failed").lying(dir, &header(r#""count":0,"bytes":4"#)).says("no envelopes"),
        host("count-too-high", "probe_failed")
            .lying(dir, &header(r#""count":1000000,"bytes":4"#))
            .says("more envelopes"),
        host("bytes-too-many", "probe_failed")
            .lying(dir, &header(r#""count":1,"bytes":99999999999"#))
            .says("more envelopes"),
        host("bytes-overflow", "probe_failed").lying(dir, &header(r#""count":1,"bytes":18446744073709551616"#)),
        host("bytes-too-few", "probe_failed").lying(dir, &header(r#""count":1,"bytes":3"#)).says("no end line"),
        host("cut-answer", "probe_failed").lying(dir, &header(r#""count":1,"bytes":400"#)).says("cut short"),
        host("stalls-in-answer", "command_timeout").lying(dir, &(header(r#""count":1,"bytes":400"#) + "; sleep 20")),
        host("replayed", "envelope_rejected").lying(dir, &replay).says("no sample of this visit"),
        host("foreign", "envelope_rejected").lying(dir, &foreign).says("damaged"),
        host("probe-version-escapes", "ok").lying(dir, &escapes),
        host("probe-killed", "probe_failed").lying(dir, "kill -9 $$").says("killed by SIGKILL"),
        host("probe-exits", "probe_failed").lying(dir, "echo broken >&2; exit 9").says("exit status 9"),
    ]
}

/// Hosts that put terminal codes, line breaks and reversed text wherever they may say something.
fn speakers(dir: &Path) -> Vec<Exhibit> {
    let evil = r"\033]0;owned\007\033[2J\r\nfake: ok\342\200\256txt\302\205";
    let place = format!(
        "read -r first\nn=${{first#nonce=}}\nprintf '@@FHP %s uname Linux x86_64\\n@@FHP %s place /tmp/{evil}\\n@@FHP %s end\\n' $n $n $n\n"
    );
    let refused = format!(
        "read -r first\nn=${{first#nonce=}}\nprintf '@@FHP %s uname Linux x86_64\\n@@FHP %s refused /home{evil}\\n@@FHP %s end\\n' $n $n $n\n"
    );
    let not_installed = format!(
        "case $SSH_ORIGINAL_COMMAND in *' -s') read -r first; n=${{first#nonce=}}; \
         printf '@@FHP %s uname Linux x86_64\\n@@FHP %s place /tmp\\n@@FHP %s part /tmp/x\\n@@FHP %s installed {evil}\\n@@FHP %s end\\n' $n $n $n $n $n ;; \
         *) cat > /dev/null; printf '{evil}' >&2 ;; esac\n"
    );
    vec![
        host("stderr-escapes", "shell_unusable").forced(dir, &format!("printf '{evil}' >&2; exit 1\n")).says("\\u{1b}"),
        host("stdout-escapes", "shell_unusable").forced(dir, &format!("printf '{evil}'; exit 1\n")).says("\\u{1b}"),
        host("place-escapes", "no_work_dir").forced(dir, &place).says("characters"),
        host("refusal-escapes", "no_work_dir").forced(dir, &refused).says("\\u{1b}"),
        host("install-escapes", "no_work_dir").forced(dir, &not_installed).says("\\u{1b}"),
        host("probe-escapes", "probe_failed").lying(dir, &format!("printf '{evil}' >&2; exit 1")).says("\\u{1b}"),
    ]
}
