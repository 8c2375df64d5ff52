use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

const DAY: Duration = Duration::from_hours(24);

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    fn notes(&self) -> Notes {
        Notes::in_folder(&self.folder.path().join("notes"))
    }

    /// A copy of a host's lists, which a test may change. All are a day old.
    fn host(&self, host: &str) -> Tree {
        let root = self.folder.path().join(host);
        for folder in [LISTS, "var/lib/dpkg"] {
            fs::create_dir_all(root.join(folder)).unwrap();
            for name in Tree::of(host).names(folder).unwrap() {
                fs::copy(Tree::of(host).path(folder).join(&name), root.join(folder).join(&name)).unwrap();
                aged(&root.join(folder).join(&name), DAY);
            }
        }
        Tree::at(&root)
    }
}

fn aged(path: &Path, age: Duration) {
    File::options().write(true).open(path).unwrap().set_modified(now() - age).unwrap();
}

fn list_of(tree: &Tree, part: &str) -> PathBuf {
    let name = tree.names(LISTS).unwrap().into_iter().find(|name| name.contains(part)).unwrap();
    tree.path(LISTS).join(name)
}

#[test]
fn packages_on_the_disk_that_a_security_archive_has_newer_are_counted() {
    let bench = Bench::new();
    // openssl, the held kernel, vim-common, and exim4-base, which is not set up yet.
    assert_eq!(security(&bench.host("small-vm"), &bench.notes()), Some(4));
    // libc6 of one of two architectures, ffmpeg of the extended archive, python3-pip for all architectures.
    assert_eq!(security(&bench.host("server-128"), &bench.notes()), Some(3));
}

#[test]
fn hosts_without_lists_that_can_be_read_do_not_tell() {
    let bench = Bench::new();
    assert_eq!(security(&bench.host("container-lxcfs"), &bench.notes()), None, "compressed");
    assert_eq!(security(&Tree::of("linux-3.10"), &bench.notes()), None);
    assert_eq!(security(&Tree::of("none"), &bench.notes()), None);
    let tree = bench.host("small-vm");
    fs::write(tree.path(STATUS), "").unwrap();
    assert_eq!(security(&tree, &bench.notes()), None, "dpkg knows of nothing");
    fs::remove_file(list_of(&tree, "-security_main_")).unwrap();
    assert_eq!(security(&tree, &bench.notes()), None, "no list of a security archive");
}

#[test]
fn one_compressed_list_among_others_makes_the_count_unknown() {
    let bench = Bench::new();
    let tree = bench.host("server-128");
    let universe = list_of(&tree, "security_universe");
    fs::rename(&universe, universe.with_file_name("s_dists_jammy-security_universe_binary-amd64_Packages.gz")).unwrap();
    assert_eq!(security(&tree, &bench.notes()), None);
}

#[test]
fn lists_that_nobody_has_renewed_for_two_weeks_say_nothing() {
    let bench = Bench::new();
    let tree = bench.host("small-vm");
    // The list of packages keeps its date while nothing in it changes; its release file does not.
    aged(&list_of(&tree, "-security_main_"), 400 * DAY);
    aged(&list_of(&tree, "-security_InRelease"), 13 * DAY);
    assert_eq!(security(&tree, &bench.notes()), Some(4));
    aged(&list_of(&tree, "-security_InRelease"), 15 * DAY);
    assert_eq!(security(&tree, &bench.notes()), None, "also with a note of it");
    // That another archive is new says nothing about this one.
    aged(&list_of(&tree, "-updates_InRelease"), Duration::ZERO);
    assert_eq!(security(&tree, &bench.notes()), None);
}

#[test]
fn lists_are_read_again_when_they_or_what_is_installed_have_changed_and_not_before() {
    let bench = Bench::new();
    let (tree, notes) = (bench.host("small-vm"), bench.notes());
    assert_eq!(security(&tree, &notes), Some(4));
    let note = String::from_utf8(notes.read(&name_of_note(), LONGEST_NOTE).unwrap()).unwrap();
    notes.write(&name_of_note(), note.replacen('4', "7", 1).as_bytes());
    assert_eq!(security(&tree, &notes), Some(7), "from the note");
    aged(&tree.path(STATUS), 2 * DAY);
    assert_eq!(security(&tree, &notes), Some(4));
    for damaged in ["", "\n", "x", "-1\n", &note.replacen('4', "four", 1)] {
        notes.write(&name_of_note(), damaged.as_bytes());
        assert_eq!(security(&tree, &notes), Some(4), "{damaged:?}");
    }
    let nowhere = Notes::in_folder(Path::new("/proc/nowhere"));
    assert_eq!(security(&tree, &nowhere), Some(4), "notes are no condition");
}

#[test]
fn garbage_in_lists_counts_for_nothing_and_hides_nothing() {
    let bench = Bench::new();
    // `odd`, `crlf` and `cut` wait. `long` is newer; what a line of its description says is no field.
    assert_eq!(security(&bench.host("hostile"), &bench.notes()), Some(3));
}

#[test]
fn only_lists_of_security_archives_are_taken() {
    for name in [
        "security.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages",
        "deb.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages.lz4",
        "security.debian.org_debian-security_dists_buster_updates_main_binary-amd64_Packages",
        "security.debian.org_dists_stretch_updates_main_binary-amd64_Packages",
        "localhost:3142_archive.ubuntu.com_ubuntu_dists_noble-security_universe_binary-arm64_Packages",
    ] {
        assert!(is_of_security(name), "{name}");
    }
    for name in [
        "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages",
        "security.debian.org_debian-security_dists_bookworm-security_InRelease",
        "security.debian.org_debian-security_dists_bookworm-security_main_source_Sources",
        "security.debian.org_debian-security_dists_bookworm-security_main_i18n_Translation-en",
        "packages.security-vendor.example_apt_dists_stable_main_binary-amd64_Packages",
        "security.debian.org_debian-security_dists_bookworm-security_main_binary-amd64_Packages.diff_Index",
        "_dists_-security_",
        "lock",
    ] {
        assert!(!is_of_security(name), "{name}");
    }
}

/// This machine's packages, every other one of them as old as can be, against its own security list.
#[test]
fn the_count_is_that_of_apt() {
    let bench = Bench::new();
    let root = bench.folder.path().join("live");
    let folder = root.join(LISTS);
    fs::create_dir_all(folder.join("partial")).unwrap();
    fs::create_dir_all(root.join("var/lib/dpkg")).unwrap();
    fs::write(root.join(STATUS), aged_packages(&fs::read_to_string(Tree::live().path(STATUS)).unwrap())).unwrap();
    let names = Tree::live().names(LISTS).unwrap();
    let live = names.iter().find(|name| is_of_security(name)).expect("a security list: apt-get update");
    let (name, _) = live.split_once("_Packages").unwrap();
    let (archive, rest) = name.split_once("_dists_").unwrap();
    let (suite, component) = rest.split_once("_binary-").unwrap().0.split_once('_').unwrap();
    let list = folder.join(format!("{name}_Packages"));
    // Container images have it compressed.
    let helper =
        Command::new("/usr/lib/apt/apt-helper").arg("cat-file").arg(Tree::live().path(LISTS).join(live)).output();
    fs::write(&list, helper.unwrap().stdout).unwrap();
    let release = format!("{archive}_dists_{suite}_InRelease");
    fs::copy(Tree::live().path(LISTS).join(&release), folder.join(&release)).unwrap();
    let source = format!("deb http://{} {suite} {component}\n", archive.replace('_', "/"));
    let expected = upgradable(&root, &source);
    assert!(expected > 0, "nothing to compare");
    let today = fs::metadata(&list).unwrap().modified().unwrap();
    assert_eq!(waiting(&Tree::at(&root), &bench.notes(), today).map(|count| count as usize), Some(expected));
}

fn aged_packages(status: &str) -> String {
    let mut versions = 0;
    let aged = status.lines().map(|line| {
        versions += u32::from(line.starts_with("Version: "));
        if line.starts_with("Version: ") && versions % 2 == 0 { "Version: 0~" } else { line }
    });
    aged.collect::<Vec<_>>().join("\n") + "\n"
}

/// What apt itself counts below that root with that one source.
fn upgradable(root: &Path, source: &str) -> usize {
    let sources = root.join("security.list");
    fs::write(&sources, source).unwrap();
    let settings = [
        ("Dir::Etc::SourceParts", PathBuf::from("/dev/null")),
        ("Dir::Etc::SourceList", sources),
        ("Dir::State::Lists", root.join(LISTS)),
        ("Dir::State::status", root.join(STATUS)),
        ("Dir::Cache", root.join("cache")),
        ("Acquire::GzipIndexes", PathBuf::from("false")),
        ("Debug::NoLocking", PathBuf::from("true")),
    ];
    let settings = settings.map(|(name, value)| format!("-o{name}={}", value.display()));
    let output = Command::new("apt").args(["list", "--upgradable"]).args(settings).env("LC_ALL", "C").output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().filter(|line| line.contains("upgradable from")).count()
}
