//! Shell-like patterns, as host selections and known_hosts have them.

/// Whether `text` as a whole matches `pattern`, in which `*` stands for any characters and `?` for one.
pub(crate) fn wildcard_match(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on after a mismatch: behind the last star, one character of the text further.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t + 1));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after_star, next)) = retry else { return false };
                (p, t) = (after_star, next);
                retry = Some((after_star, next + 1));
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_a_shell_has_them() {
        for (pattern, text) in [("web1", "web1"), ("web*", "web"), ("*", ""), ("w?b*1", "web-x-1"), ("*a*b", "xaxbab")]
        {
            assert!(wildcard_match(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("web1", "web12"), ("web?", "web"), ("", "x"), ("*.org", "org"), ("a*b", "abc")] {
            assert!(!wildcard_match(pattern, text), "{pattern} {text}");
        }
    }
}
