//! "did you mean": the allowed word that somebody probably had in mind.

/// Words people use for ours. Without these, `host` would be taken for a mistyped `port`.
const SYNONYMS: [(&str, &str); 72] = [
    ("address", "ip"),
    ("address", "host"),
    ("agent", "identity-agent"),
    ("alerts", "alert"),
    ("args", "process-arguments"),
    ("arguments", "process-arguments"),
    ("auto", "accept-new"),
    ("bastion", "jump"),
    ("ca", "ca-file"),
    ("cert", "certificate-file"),
    ("certificate", "certificate-file"),
    ("clients", "client"),
    ("critical", "crit"),
    ("depends-on", "parent"),
    ("device", "disk"),
    ("disc", "disk"),
    ("disabled", "off"),
    ("down", "unreachable"),
    ("duration", "for"),
    ("duration", "lasting"),
    ("email", "mail"),
    ("e-mail", "mail"),
    ("enabled", "wanted"),
    ("file", "href"),
    ("filesystem", "disk"),
    ("fs", "disk"),
    ("groups", "group"),
    ("host", "ip"),
    ("hostname", "ip"),
    ("hostname", "host"),
    ("inode", "inodes"),
    ("interval", "every"),
    ("ip", "host"),
    ("key", "identity-file"),
    ("key-file", "identity-file"),
    ("listeners", "listening-ports"),
    ("load1", "load"),
    ("login", "username"),
    ("mem", "memory"),
    ("metric", "type"),
    ("minimum", "min"),
    ("mountpoint", "mount"),
    ("nic", "interface"),
    ("nfs", "network-filesystems"),
    ("off", "none"),
    ("pass", "password"),
    ("passphrase", "passphrase-file"),
    ("path", "mount"),
    ("path", "href"),
    ("plain", "none"),
    ("processes", "process"),
    ("proxy-jump", "jump"),
    ("proxyjump", "jump"),
    ("ram", "memory"),
    ("remind", "repeat"),
    ("runbook", "url"),
    ("schedule", "cron"),
    ("sender", "from"),
    ("server", "host"),
    ("service", "unit"),
    ("src", "href"),
    ("ssl", "tls"),
    ("temp", "temperature"),
    ("threshold", "limit"),
    ("to", "mail"),
    ("tz", "timezone"),
    ("units", "unit"),
    ("user", "username"),
    ("warning", "warn"),
    ("window", "maintenance"),
    ("zone", "timezone"),
    ("workdir", "work-dir"),
];

/// Returns the allowed word nearest to `found`, if one is near enough to be no guess.
pub fn nearest<'a>(found: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let found = found.to_ascii_lowercase().replace('_', "-");
    let mut meanings = SYNONYMS.iter().filter(|(theirs, _)| *theirs == found).map(|(_, ours)| ours).peekable();
    if meanings.peek().is_some() {
        return meanings.find_map(|ours| allowed.iter().find(|word| *word == ours).copied());
    }
    let letters: Vec<char> = found.chars().take(40).collect();
    let near = |word: &&&str| {
        let length = word.len().max(letters.len());
        let same_start = word.chars().next() == letters.first().copied();
        let tolerated = if length > 4 || same_start { (length / 3).max(1) } else { 0 };
        distance(&letters, word) <= tolerated
    };
    allowed.iter().filter(near).min_by_key(|word| distance(&letters, word)).copied()
}

/// Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        rows[i][0] = i;
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: [&str; 6] = ["ip", "name", "port", "username", "password", "work-dir"];

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        for (found, meant) in
            [("prot", "port"), ("prt", "port"), ("Port", "port"), ("usrname", "username"), ("work_dir", "work-dir")]
        {
            assert_eq!(nearest(found, &CLIENT), Some(meant), "{found}");
        }
    }

    #[test]
    fn a_word_of_another_tool_is_translated() {
        assert_eq!(nearest("host", &CLIENT), Some("ip"));
        assert_eq!(nearest("user", &CLIENT), Some("username"));
        assert_eq!(nearest("address", &["host", "port"]), Some("host"));
    }

    #[test]
    fn a_word_that_is_only_somewhat_alike_is_not_guessed_at() {
        for found in ["group", "jump", "formerly", "sort", "nomad", "", "threshold", "ß"] {
            assert_eq!(nearest(found, &CLIENT), None, "{found}");
        }
        for found in ["below", "for", "severity", "repeat", "unit", "interface", "process"] {
            assert_eq!(nearest(found, &["type", "limit", "clear", "mail", "mount"]), None, "{found}");
        }
    }
}
