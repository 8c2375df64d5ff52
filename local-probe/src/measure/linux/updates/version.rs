//! Which of two versions of a Debian package is newer. Source: deb-version(7).

use std::cmp::Ordering;

/// Compares `[epoch:]upstream[-revision]`.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    a.iter().zip(b).map(|(a, b)| compare_part(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Epoch, upstream version and revision. One that is left out is the same as 0.
fn parts(version: &[u8]) -> [&[u8]; 3] {
    let colon = version.iter().position(|byte| *byte == b':');
    let (epoch, version) = colon.map_or((&b""[..], version), |at| (&version[..at], &version[at + 1..]));
    let dash = version.iter().rposition(|byte| *byte == b'-');
    let (upstream, revision) = dash.map_or((version, &b""[..]), |at| (&version[..at], &version[at + 1..]));
    [epoch, upstream, revision]
}

/// Text and numbers take turns: text by its characters, numbers by their value.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = a.split_at(length(a, |byte| !byte.is_ascii_digit()));
        let (text_b, rest_b) = b.split_at(length(b, |byte| !byte.is_ascii_digit()));
        let (number_a, after_a) = rest_a.split_at(length(rest_a, |byte| byte.is_ascii_digit()));
        let (number_b, after_b) = rest_b.split_at(length(rest_b, |byte| byte.is_ascii_digit()));
        let order = compare_text(text_a, text_b).then_with(|| compare_numbers(number_a, number_b));
        if order.is_ne() {
            return order;
        }
        (a, b) = (after_a, after_b);
    }
    Ordering::Equal
}

fn length(text: &[u8], belongs: impl Fn(&u8) -> bool) -> usize {
    text.iter().position(|byte| !belongs(byte)).unwrap_or(text.len())
}

/// A tilde before the end, the end before letters, letters before all else.
fn compare_text(a: &[u8], b: &[u8]) -> Ordering {
    let weight = |byte: Option<&u8>| match byte {
        None => 0,
        Some(b'~') => -1,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    };
    let positions = 0..a.len().max(b.len());
    let mut orders = positions.map(|at| weight(a.get(at)).cmp(&weight(b.get(at))));
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Of any length, so without being made into integers.
fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let digits = |number: &[u8]| number[length(number, |byte| *byte == b'0')..].to_vec();
    let (a, b) = (digits(a), digits(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What dpkg says of each pair: its own comparison, called by one shell for all.
    fn dpkg(pairs: &[(String, String)]) -> Vec<Ordering> {
        const SCRIPT: &str = "while read a b; do \
            if dpkg --compare-versions $a lt $b; then echo lt; \
            elif dpkg --compare-versions $a gt $b; then echo gt; else echo eq; fi; done";
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines: String = pairs.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
        shell.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let output = shell.wait_with_output().unwrap();
        let order = |word| match word {
            "lt" => Ordering::Less,
            "gt" => Ordering::Greater,
            _ => Ordering::Equal,
        };
        String::from_utf8(output.stdout).unwrap().lines().map(order).collect()
    }

    /// Versions that differ in what the rules are about, from a small generator that gives the same ones each time.
    fn pairs(count: usize) -> Vec<(String, String)> {
        const PIECES: &[&str] = &[
            "0",
            "1",
            "9",
            "10",
            "007",
            "99999999999999999999",
            ".",
            "-",
            "~",
            "+",
            "a",
            "z",
            "A",
            "rc",
            "deb12u",
            "bpo",
            "~~",
            "..",
            "ubuntu",
            "dfsg",
        ];
        let mut seed: u64 = 7;
        let mut next = move |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        let mut version = move || {
            let epoch = ["", "", "", "0:", "1:", "2:"][next(6)];
            let pieces: String = (0..=next(5)).map(|_| PIECES[next(PIECES.len())]).collect();
            let revision = ["", "-1", "-1.1", "-0", "-1~deb12u1", "-1+b2"][next(6)];
            let version = format!("{epoch}{}{pieces}{revision}", ["1", "1.2", "2"][next(3)]);
            // dpkg compares no version with an empty revision.
            if version.ends_with('-') { version + "0" } else { version }
        };
        (0..count).map(|_| (version(), version())).collect()
    }

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        let pairs = pairs(400);
        let ours: Vec<Ordering> = pairs.iter().map(|(a, b)| compare(a.as_bytes(), b.as_bytes())).collect();
        let theirs = dpkg(&pairs);
        assert_eq!(ours.len(), theirs.len());
        for ((pair, ours), theirs) in pairs.iter().zip(ours).zip(theirs) {
            assert_eq!(ours, theirs, "{pair:?}");
        }
    }

    #[test]
    fn updates_of_stable_releases_are_newer_than_what_they_replace() {
        let rising: [&[u8]; 12] = [
            b"1.0~rc1-1",
            b"1.0-1~deb12u1",
            b"1.0-1",
            b"1.0-1ubuntu0.1",
            b"1.0-1+b1",
            b"1.0-1+deb12u1",
            b"1.0-1+deb12u2",
            b"1.0-1+deb12u10",
            b"1.0+dfsg-1",
            b"1.0.1-1",
            b"1:0.1-1",
            b"99999999999999999999999:0",
        ];
        for (at, older) in rising.iter().enumerate() {
            assert_eq!(compare(older, older), Ordering::Equal);
            for newer in &rising[at + 1..] {
                let shown = (String::from_utf8_lossy(older), String::from_utf8_lossy(newer));
                assert_eq!(
                    (compare(older, newer), compare(newer, older)),
                    (Ordering::Less, Ordering::Greater),
                    "{shown:?}"
                );
            }
        }
    }

    #[test]
    fn odd_versions_are_compared_without_an_end_in_panic() {
        for odd in [&b""[..], b":", b"-", b":-", b"~", b"\xff\x00", b"--", b"::1", b"0"] {
            assert_eq!(compare(odd, odd), Ordering::Equal);
            assert_eq!(compare(odd, b"1-1"), compare(b"1-1", odd).reverse());
        }
    }
}
