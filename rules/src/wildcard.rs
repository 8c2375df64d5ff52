//! Shell-like patterns, as file names, host selections and known_hosts have them.

/// Whether `text` as a whole matches `pattern`, in which `*` stands for any characters and `?` for one.
pub fn wildcard_match(pattern: &str, text: &str) -> bool {
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
    fn a_star_stands_for_any_characters_and_a_question_mark_for_one() {
        for (pattern, names) in [
            ("*", "a ä.xml"),
            ("*.xml", ".xml a.xml a.xml.xml"),
            ("a*b*c", "abc aXbYc abbc abcbc"),
            ("?.xml", "a.xml ä.xml"),
            ("w?b*", "web web1 wüb-x"),
            ("**x", "x xx"),
        ] {
            names.split(' ').for_each(|name| assert!(wildcard_match(pattern, name), "{pattern} {name}"));
        }
        for (pattern, name) in [("*.xml", "a.xml~"), ("?", "ab"), ("?", ""), ("a*b", "abc"), ("a", "A"), ("a*a", "a")] {
            assert!(!wildcard_match(pattern, name), "{pattern} {name}");
        }
        assert!(!wildcard_match(&("*a".repeat(100) + "b"), &"a".repeat(10_000)), "and that quickly");
    }

    #[test]
    fn a_pattern_is_for_the_whole_text() {
        for (pattern, text) in [("web1", "web1"), ("web*", "web"), ("*", ""), ("w?b*1", "web-x-1"), ("*a*b", "xaxbab")]
        {
            assert!(wildcard_match(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("web1", "web12"), ("web?", "web"), ("", "x"), ("*.org", "org"), ("a*b", "abc")] {
            assert!(!wildcard_match(pattern, text), "{pattern} {text}");
        }
    }
}
