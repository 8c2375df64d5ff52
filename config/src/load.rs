//! From a path, or from bytes, to a [`Config`]: all files of it or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::access::{self, Identity};
use crate::include::{Files, Include, IncludeError};
use crate::lookup::server_zone;
use crate::report::{Report, Text};
use crate::sections::Sections;
use crate::text::text;
use crate::{Alerter, Config, ConfigError, Host, hosts, notifiers, xml};

/// Of one file. Read as a whole into memory.
pub(crate) const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Files included by files included by files.
const MAX_DEPTH: usize = 8;
const OTHERS_MAY_READ: u32 = 0o004;

/// Reads and checks a configuration, with all files it includes.
///
/// Other files it names (keys, passwords) are not touched: each program opens the ones it needs.
///
/// # Errors
/// The file can't be read; others could change it; it, or a file it includes, holds mistakes, or a password that others
/// can read.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let file = access::open(path).map_err(unreadable)?;
    let refusal = match file.refusal() {
        Some(refusal) => Some(refusal),
        None => access::open_folder_above(path).map_err(unreadable)?,
    };
    if let Some(refusal) = refusal {
        return Err(ConfigError::Permissions { path: path.to_owned(), refusal });
    }
    let (mode, identity) = (file.mode(), file.identity());
    let bytes = file.read(MAX_BYTES).map_err(unreadable)?;
    check(&bytes, path, mode, Some(identity))
}

/// Checks a configuration that is in memory already. What it includes is read from the folder of `path`.
///
/// `path` is for messages and for relative paths; `mode` holds the permission bits of the file, which decide about
/// passwords in it.
///
/// # Errors
/// It, or a file it includes, holds mistakes, or a password although others can read the file.
pub fn parse(bytes: &[u8], path: &Path, mode: u32) -> Result<Config, ConfigError> {
    check(bytes, path, mode, None)
}

fn check(bytes: &[u8], path: &Path, mode: u32, identity: Option<Identity>) -> Result<Config, ConfigError> {
    let (first, broken) = owned(bytes);
    let mut loading = Loading {
        report: Report::new(Arc::from(path), Arc::clone(&first)),
        sections: Sections::default(),
        files: Files::begin(identity, bytes.len()),
        digests: vec![Sha256::digest(bytes).into()],
        is_full: false,
    };
    loading.file(Begun { path, mode, text: &first, broken, base: 0, depth: 0 });
    loading.finish(path)
}

/// The text as far as it is text, for those who read it and those who count its lines.
fn owned(bytes: &[u8]) -> (Text, Option<(usize, &'static str)>) {
    let (text, broken) = text(bytes);
    (Arc::new(Zeroizing::new(text.to_owned())), broken)
}

/// All files so far.
struct Loading {
    report: Report,
    sections: Sections,
    files: Files,
    /// SHA-256 of each file.
    digests: Vec<[u8; 32]>,
    /// There are too many files; that was reported.
    is_full: bool,
}

/// A file whose text is known to the report.
struct Begun<'f> {
    path: &'f Path,
    mode: u32,
    text: &'f Text,
    broken: Option<(usize, &'static str)>,
    /// The place of its first byte.
    base: usize,
    depth: usize,
}

impl Loading {
    fn file(&mut self, Begun { path, mode, text, broken, base, depth }: Begun<'_>) {
        let root = match broken {
            Some((at, message)) => {
                self.report.problem(base + at, message);
                None
            }
            None => xml::read(text, base, &mut self.report),
        };
        self.sections.has_gaps |= root.is_none();
        let includes = root.map(|root| self.sections.take(&root, &mut self.report)).unwrap_or_default();
        self.judge_inline_passwords(path, mode);
        let folder = path.parent().unwrap_or(Path::new(""));
        includes.iter().for_each(|include| self.include(include, folder, depth + 1));
    }

    fn include(&mut self, include: &Include, folder: &Path, depth: usize) {
        if self.is_full {
            return;
        }
        if depth > MAX_DEPTH {
            self.sections.has_gaps = true;
            let message = format!("files that include each other more than {MAX_DEPTH} deep");
            return self.report.problem(include.at, message);
        }
        match include.files(folder) {
            Ok(paths) if paths.is_empty() => self.report.warning(include.at, "no file matches this pattern"),
            Ok(paths) => paths.iter().for_each(|path| self.included(path, (folder, include.at), depth)),
            Err((path, error)) => self.refuse(&path, include.at, &error),
        }
    }

    fn included(&mut self, path: &Path, (folder, at): (&Path, usize), depth: usize) {
        if self.is_full {
            return;
        }
        match self.files.read(path, (folder, at), &self.report) {
            Ok(included) => {
                self.digests.push(Sha256::digest(&included.bytes).into());
                let (text, broken) = owned(&included.bytes);
                let base = self.report.add(Arc::from(path), Arc::clone(&text));
                self.file(Begun { path, mode: included.mode, text: &text, broken, base, depth });
            }
            Err(error) => self.refuse(path, at, &error),
        }
    }

    fn refuse(&mut self, path: &Path, at: usize, error: &IncludeError) {
        self.report.problem(at, format!("cannot include {}: {error}", path.display()));
        if let Some(command) = error.hint(path) {
            self.report.command(|| command);
        }
        self.is_full |= error.ends_all();
        self.sections.has_gaps = true;
    }

    /// Refuses passwords in a file that others can read, and warns of them in any other. One message for all of a file.
    fn judge_inline_passwords(&mut self, path: &Path, mode: u32) {
        let [first, ref rest @ ..] = self.report.take_inline_passwords()[..] else { return };
        let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        if mode & OTHERS_MAY_READ == 0 {
            let better = "better are password-file, password-env or identity-file";
            return self.report.warning(first, format!("a password{more} in this file: {better}"));
        }
        self.report.problem(first, format!("a password{more} in a file that others may read (mode {mode:04o})"));
        self.report.command(|| format!("chmod 600 {}", path.display()));
    }

    /// How people are told, and what about it can be judged only now.
    fn alerter(&mut self, hosts: &[Host]) -> Alerter {
        let interval = self.sections.collector.value.collector.interval;
        let later = std::mem::take(&mut self.report.later);
        notifiers::check(&self.sections.notifiers, later.notifiers(), !self.sections.has_gaps, &mut self.report);
        later.warn_of_short_holds(interval, &mut self.report);
        let told = std::mem::take(&mut self.sections.alerter.value);
        told.alerter(self.sections.defaults.value.mail.as_deref(), hosts, interval, &mut self.report)
    }

    fn finish(mut self, path: &Path) -> Result<Config, ConfigError> {
        let path = PathBuf::from(path);
        if let Some(root_at) = self.sections.root_at.filter(|_| self.sections.clients.is_empty()) {
            self.report.warning(root_at, "no <client>: nothing is monitored");
        }
        let zone = self.sections.alerter.value.timezone.unwrap_or_else(server_zone);
        let hosts = hosts::hosts(&mut self.sections, zone, &mut self.report);
        self.sections.collector.value.warn_of_slow_checks(&hosts, &mut self.report);
        let alerter = self.alerter(&hosts);
        let findings = self.report.into_findings();
        if !findings.problems.is_empty() {
            let (problems, omitted, command) = (findings.problems, findings.omitted, findings.command);
            return Err(ConfigError::Invalid { path, problems, omitted, command });
        }
        let Sections { storage, collector, smtp, notifiers, .. } = self.sections;
        let notifiers = notifiers.into_iter().filter_map(|(name, (notifier, _))| Some((name, notifier?))).collect();
        let (storage, collector, smtp) = (storage.value, collector.value.collector, smtp.value);
        let sha256 = digest(&self.digests);
        Ok(Config { path, sha256, storage, collector, smtp, alerter, notifiers, hosts, warnings: findings.warnings })
    }
}

/// Of a single file its own digest; else that of all digests.
fn digest(digests: &[[u8; 32]]) -> String {
    let of_all: [u8; 32] = match digests {
        [only] => *only,
        all => Sha256::digest(all.as_flattened()).into(),
    };
    of_all.iter().map(|byte| format!("{byte:02x}")).collect()
}
