//! A client as an element of config.xml.

use std::fmt::{self, Write};

use super::Client;

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "<!-- {} -->", in_comment(&format!("{}: {note}", self.name)))?;
        }
        let path = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
        let attributes = [
            ("name", Some(self.name.to_string())),
            ("ip", Some(self.known.address.clone())),
            // 22 goes without saying.
            ("port", Some(self.known.port.clone()).filter(|port| port != "22")),
            ("username", Some(self.known.user.clone())),
            ("identity-file", self.known.identity_file.as_ref().map(path)),
            ("certificate-file", self.known.certificate_file.as_ref().map(path)),
            ("jump", self.jump.as_ref().map(ToString::to_string)),
            ("enabled", (!self.enabled).then(|| "false".to_owned())),
        ];
        f.write_str("<client")?;
        for (name, value) in attributes {
            if let Some(value) = value {
                write!(f, " {name}=\"")?;
                value.chars().try_for_each(|c| in_attribute(f, c))?;
                f.write_char('"')?;
            }
        }
        f.write_str("/>")
    }
}

fn in_attribute(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '&' => f.write_str("&amp;"),
        '<' => f.write_str("&lt;"),
        '>' => f.write_str("&gt;"),
        '"' => f.write_str("&quot;"),
        '\t' | '\n' | '\r' => write!(f, "&#{};", u32::from(c)),
        c => f.write_char(c),
    }
}

/// A comment must not have two hyphens in a row, nor end with one.
fn in_comment(text: &str) -> String {
    let mut safe = sample::Untrusted(text).to_string();
    while safe.contains("--") {
        safe = safe.replace("--", "- -");
    }
    safe
}
