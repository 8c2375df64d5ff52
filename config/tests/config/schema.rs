//! config.xsd and the programs agree, as far as a schema can say it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sample::Metric;

use super::{file_name, folder, xml_files};

/// Lines with mistakes that XML Schema 1.0 has no words for: rules over several attributes, ranges of durations, what
/// may come only once, what <defaults> may give instead.
const BEYOND_THE_SCHEMA: [(&str, &[u32]); 7] = [
    ("alerts.xml", &[3, 4, 5, 6, 7, 8, 11, 12, 16, 17, 18, 19, 20, 21, 27, 29, 31, 32]),
    ("telling.xml", &[3, 4, 9, 12, 15, 16, 17, 18, 19, 20, 21, 22, 25, 26]),
    ("scope.xml", &[12, 14]),
    ("duplicates.xml", &[4, 5, 7, 9]),
    ("missing.xml", &[3, 4, 6, 9]),
    ("values.xml", &[12]),
    ("smtp-login.xml", &[2]),
];

/// XML allows a DOCTYPE and other encodings; the schema has no word for what depends on another attribute.
const ACCEPTED_BY_THE_SCHEMA: [&str; 8] = [
    "doctype.xml",
    "encoding.xml",
    "groups.xml",
    "jumps.xml",
    "logins.xml",
    "ranges.xml",
    "smtp-login.xml",
    "utf-16.xml",
];

fn xmllint(arguments: &[&str], files: &[PathBuf]) -> Output {
    let mut command = Command::new("xmllint");
    command
        .args(["--noout", "--nonet"])
        .args(arguments)
        .args(files)
        .output()
        .expect("xmllint is missing, run: apt-get install libxml2-utils")
}

fn schema() -> String {
    folder("example/config.xsd").to_str().unwrap().to_owned()
}

#[test]
fn the_schema_accepts_what_we_accept() {
    let mut files = xml_files("testdata/valid");
    files.push(folder("example/config.xml"));
    let output = xmllint(&["--schema", &schema()], &files);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_schema_refuses_the_files_we_refuse() {
    for path in xml_files("testdata/invalid") {
        let output = xmllint(&["--schema", &schema()], std::slice::from_ref(&path));
        let accepted = output.status.success();
        assert_eq!(accepted, ACCEPTED_BY_THE_SCHEMA.contains(&file_name(&path)), "{}", file_name(&path));
    }
}

#[test]
fn the_schema_refuses_the_lines_we_refuse() {
    let names =
        ["alerts", "telling", "attributes", "duplicates", "fleet-values", "missing", "scope", "smtp-login", "values"];
    for path in names.map(|name| format!("{name}.xml")).map(|name| folder("testdata/invalid").join(name)) {
        let output = xmllint(&["--schema", &schema()], std::slice::from_ref(&path));
        let beyond = BEYOND_THE_SCHEMA.iter().find(|(name, _)| *name == file_name(&path)).map_or(&[][..], |it| it.1);
        let ours = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let ours: BTreeSet<u32> =
            lines(&ours, "config.xml").difference(&beyond.iter().copied().collect()).copied().collect();
        let theirs = lines(&String::from_utf8_lossy(&output.stderr), path.to_str().unwrap());
        assert_eq!(theirs, ours, "{}", file_name(&path));
    }
}

#[test]
fn the_schema_and_the_example_know_every_metric_and_nothing_else() {
    let xsd = std::fs::read_to_string(schema()).unwrap();
    let (_, rest) = xsd.split_once("<xs:simpleType name=\"metric\">").unwrap();
    let (listed, _) = rest.split_once("</xs:simpleType>").unwrap();
    let listed: Vec<&str> = listed.split("value=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
    let all: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    assert_eq!(listed, all);
    for name in all {
        assert!(is_in_the_example(name), "{name}");
    }
}

#[test]
fn the_example_names_every_attribute_and_element_that_the_schema_has() {
    let xsd = std::fs::read_to_string(schema()).unwrap();
    for kind in ["<xs:attribute name=\"", "<xs:element name=\""] {
        let names: Vec<&str> = xsd.split(kind).skip(1).filter_map(|it| it.split('"').next()).collect();
        assert!(names.len() > 10);
        for name in names.into_iter().filter(|name| !name.ends_with("-timeout")) {
            assert!(is_in_the_example(name), "{name}");
        }
    }
}

fn is_in_the_example(word: &str) -> bool {
    let text = std::fs::read_to_string(folder("example/config.xml")).unwrap();
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|found| found == word)
}

/// The line numbers of messages that begin with `file:line:`.
fn lines(messages: &str, file: &str) -> BTreeSet<u32> {
    let after_file = messages.lines().filter_map(|line| line.strip_prefix(file)?.strip_prefix(':'));
    after_file.filter_map(|rest| rest.split(':').next()?.parse().ok()).collect()
}

/// Which of these files are XML at all, to libxml2.
pub(crate) fn assert_well_formed(folder: &Path, files: &[PathBuf]) {
    for some in files.chunks(500) {
        let output = xmllint(&[], some);
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "accepted by us, but not XML (in {}):\n{messages}", folder.display());
    }
}
