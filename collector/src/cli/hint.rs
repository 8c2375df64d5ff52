//! Hints that can be typed as they stand.

use std::path::Path;

use super::args::Place;

const COMMANDS: [&str; 6] = ["run", "check", "keygen", "trust", "import", "clean"];

/// The hint, with the options that this call was given in every command of ours that it names.
pub(super) fn as_called(hint: &str, place: &Place) -> String {
    let mut options = String::new();
    for (option, path) in [("--config", &place.config), ("--state-dir", &place.state_dir)] {
        if let Some(path) = path {
            options += &format!(" {option} {}", quoted(path));
        }
    }
    COMMANDS.into_iter().fold(hint.to_owned(), |hint, command| {
        let bare = format!("fleet-collector {command}");
        hint.replace(&bare, &format!("fleet-collector{options} {command}"))
    })
}

/// The path as one word of a shell's command line.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+@%:,=-".contains(c);
    if !path.is_empty() && path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_in_a_hint_repeats_what_this_one_was_given() {
        let place =
            Place { config: Some("/etc/my fleet/x.xml".into()), state_dir: Some("state".into()), ..Place::default() };
        assert_eq!(
            as_called("compare, then run: fleet-collector trust NAME", &place),
            "compare, then run: fleet-collector --config '/etc/my fleet/x.xml' --state-dir state trust NAME"
        );
        assert_eq!(as_called("built by fleet-collector: see there", &place), "built by fleet-collector: see there");
        assert_eq!(as_called("fleet-collector check", &Place::default()), "fleet-collector check");
    }
}
