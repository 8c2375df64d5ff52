//! The names on the `Host` lines of an ssh_config file and of those it includes.

use std::fs;
use std::path::{Path, PathBuf};

use super::ImportError;

/// How deep ssh follows `Include`.
const DEEPEST: usize = 16;

/// A name, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// The line in it.
    pub line: usize,
}

/// Reads the names that have no wildcards, each once, in the order of the file.
///
/// # Errors
/// The file can't be read. One that it includes may be missing, as for ssh.
pub(super) fn read(path: &Path, home: &Path, warnings: &mut Vec<String>) -> Result<Vec<Named>, ImportError> {
    let mut reader = Reader { home, warnings, names: Vec::new() };
    reader.read(path, 0)?;
    Ok(reader.names)
}

struct Reader<'a> {
    home: &'a Path,
    warnings: &'a mut Vec<String>,
    names: Vec<Named>,
}

impl Reader<'_> {
    fn read(&mut self, path: &Path, depth: usize) -> Result<(), ImportError> {
        let bytes = fs::read(path).map_err(|source| ImportError::Unreadable { path: path.to_owned(), source })?;
        for (index, text) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let line = index + 1;
            let at = format!("{}:{line}", path.display());
            let (keyword, words) = words(text);
            match keyword.as_str() {
                "host" => self.add(words, path, line),
                "include" if depth >= DEEPEST => self.warnings.push(format!("{at}: Include is too deep, left out")),
                "include" => words.iter().try_for_each(|pattern| self.include(pattern, &at, depth))?,
                "match" if names_hosts(&words) => self.warnings.push(format!(
                    "{at}: hosts that only a Match line names are not found; its settings do count for the others"
                )),
                // What they mean, ssh itself says.
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, words: Vec<String>, path: &Path, line: usize) {
        for name in words {
            let is_pattern = name.starts_with('!') || name.contains(['*', '?']);
            if !is_pattern && self.names.iter().all(|known| known.name != name) {
                self.names.push(Named { name, file: path.to_owned(), line });
            }
        }
    }

    fn include(&mut self, pattern: &str, at: &str, depth: usize) -> Result<(), ImportError> {
        let full = match pattern.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            // Relative ones begin there, wherever the file is.
            None => self.home.join(".ssh").join(pattern),
        };
        let found = full.to_str().and_then(|pattern| glob::glob(pattern).ok());
        let Some(found) = found else {
            self.warnings.push(format!("{at}: Include {pattern} can't be followed"));
            return Ok(());
        };
        for path in found.flatten().filter(|path| path.is_file()) {
            self.read(&path, depth + 1)?;
        }
        Ok(())
    }
}

fn names_hosts(words: &[String]) -> bool {
    let criteria = ["host", "originalhost"];
    words.iter().any(|word| criteria.iter().any(|criterion| word.eq_ignore_ascii_case(criterion)))
}

/// The keyword in lower case, and its arguments: separated by spaces and one `=` behind the keyword, in double quotes
/// if they have spaces themselves, up to a `#`.
fn words(line: &str) -> (String, Vec<String>) {
    let line = line.trim();
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    if keyword.starts_with('#') {
        return (String::new(), Vec::new());
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for c in rest.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '#' if !quoted && word.is_none() => break,
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (keyword.to_ascii_lowercase(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_keyword_and_words() {
        let split = |line| {
            let (keyword, words) = words(line);
            format!("{keyword}: {}", words.join("|"))
        };
        assert_eq!(split("  Host web1  web2 # both"), "host: web1|web2");
        assert_eq!(split("HOST=a"), "host: a");
        assert_eq!(split("Include = \"my hosts\" b"), "include: my hosts|b");
        assert_eq!(split("# Host x"), ": ");
        assert_eq!(split(""), ": ");
    }
}
