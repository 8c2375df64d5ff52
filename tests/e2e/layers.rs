//! The layers of the workspace, as ARCHITECTURE.md has them: who may use whom, and who alone names which library.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use harness::{run, workspace};

/// Each crate with the crates of ours that it may use.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("sample", &[]),
    ("envelope", &[]),
    ("schedule", &[]),
    ("rules", &["sample"]),
    ("config", &["sample", "rules"]),
    ("storage", &["sample", "rules"]),
    ("local-probe", &["sample", "envelope"]),
    ("collector", &["sample", "envelope", "config", "storage", "schedule"]),
    ("alerter", &["sample", "rules", "config", "storage", "schedule"]),
    ("fleet", &["sample", "rules", "config", "storage"]),
];

/// Each library with sharp edges, and the one crate that names it. The tests and xtask may name anything.
const OWNER: [(&str, &str); 9] = [
    ("rsa", "envelope"),
    ("aes-gcm", "envelope"),
    ("aws-lc-rs", "envelope"),
    ("tokio-cron-scheduler", "schedule"),
    ("quick-xml", "config"),
    ("rusqlite", "storage"),
    ("sysinfo", "local-probe"),
    ("russh", "collector"),
    ("lettre", "alerter"),
];

const ANYTHING: [&str; 2] = ["tests", "xtask"];

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    run(Command::new(cargo).args(arguments).current_dir(workspace()))
}

/// Every package of the workspace with the names of its direct dependencies.
fn dependencies(with_dev: bool) -> BTreeMap<String, BTreeSet<String>> {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let names = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let wanted = all.filter(|dependency| with_dev || dependency["kind"].as_str() != Some("dev"));
        wanted.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect()
    };
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

#[test]
fn each_crate_uses_only_the_layers_below_it() {
    let found = dependencies(false);
    let ours: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    let expected: BTreeSet<&str> = MAY_USE.iter().map(|(name, _)| *name).chain(ANYTHING).collect();
    assert_eq!(ours, expected, "a new crate needs its place in the layers");
    for (name, allowed) in MAY_USE {
        for used in found[name].iter().filter(|used| ours.contains(used.as_str())) {
            assert!(allowed.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

#[test]
fn each_sharp_library_is_named_in_one_crate() {
    for (name, used) in dependencies(true) {
        for (library, owner) in OWNER {
            let allowed = name == owner || ANYTHING.contains(&name.as_str());
            assert!(allowed || !used.contains(library), "{name} names {library}, which belongs to {owner}");
        }
    }
    let found = dependencies(false);
    for (library, owner) in OWNER {
        assert!(found[owner].contains(library), "{owner} no longer names {library}");
    }
}

/// Whether a program is linked with a package.
fn links(program: &str, package: &str) -> bool {
    let tree = cargo(&["tree", "-p", program, "-e", "normal", "--prefix", "none", "--locked"]);
    tree.lines().any(|line| line.split(' ').next() == Some(package))
}

#[test]
fn alerter_and_fleet_link_neither_ssh_nor_decryption_and_the_collector_does() {
    for package in ["russh", "rsa"] {
        assert!(links("collector", package), "the search finds {package} where it is");
        assert!(!links("alerter", package), "alerter links {package}");
        assert!(!links("fleet", package), "fleet links {package}");
    }
    assert!(links("collector", "envelope") && links("alerter", "lettre"));
    assert!(!links("alerter", "envelope") && !links("fleet", "envelope") && !links("collector", "lettre"));
}

#[test]
fn the_probe_alone_compiles_no_private_side() {
    assert!(links("collector", "aws-lc-rs"));
    for package in ["aws-lc-rs", "aws-lc-sys", "tokio", "clap", "russh"] {
        assert!(!links("local-probe", package), "local-probe links {package}");
    }
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    let drawers = ["util", "utils", "helpers", "common", "misc", "types", "core", "shared"];
    let members = MAY_USE.iter().map(|(name, _)| *name).chain(ANYTHING);
    let mut folders: Vec<_> = members.map(|name| workspace().join(name)).collect();
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files += 1;
                let stem = path.file_stem().unwrap().to_str().unwrap();
                assert!(!drawers.contains(&stem), "{}", path.display());
            }
        }
    }
    assert!(files > 50, "the search finds the sources");
}
