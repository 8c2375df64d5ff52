//! What people and programs rely on: accepted files and their meaning, refused files and their messages.

#![expect(clippy::unwrap_used, reason = "clippy allows it in test functions, not in their helpers")]

mod alerts;
mod fixtures;
mod fleet;
mod hostile;
mod hostile_alerts;
mod hostile_includes;
mod includes;
mod meaning;
mod permissions;
mod schema;
mod scope;
mod telling;

use std::path::{Path, PathBuf};

use config::{Config, ConfigError};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The XML files of a folder, by name.
fn xml_files(name: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "xml")).collect();
    files.sort();
    assert!(!files.is_empty(), "no fixtures in {name}");
    files
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Parses what would be a private /etc/fleet/config.xml.
fn parse(bytes: &[u8]) -> Result<Config, ConfigError> {
    config::parse(bytes, Path::new("/etc/fleet/config.xml"), 0o600)
}

/// All mistakes, one per line, without the summary above them.
fn mistakes(bytes: &[u8], mode: u32) -> String {
    match config::parse(bytes, Path::new("config.xml"), mode) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string().split_once('\n').unwrap().1.to_owned(),
    }
}
