//! A configuration of several files, with real files and real modes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, load};
use tempfile::TempDir;

const DEFAULTS: &str = "<defaults username='m' identity-file='id'/>";

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.iter().for_each(|(path, text)| write(&folder, path, text));
    folder
}

pub(crate) fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    set_mode(&path, 0o600);
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn load_in(folder: &TempDir) -> Result<Config, ConfigError> {
    load(&folder.path().join("config.xml"))
}

pub(crate) fn names(config: &Config) -> Vec<&str> {
    config.hosts.iter().map(|host| host.name.as_str()).collect()
}

/// What is told, one per line, with paths from the folder on.
pub(crate) fn told(folder: &TempDir) -> String {
    let text = match load_in(folder) {
        Ok(config) => panic!("accepted: {:?}", names(&config)),
        Err(error) => error.to_string().split_once('\n').unwrap().1.to_owned(),
    };
    text.replace(&format!("{}/", folder.path().display()), "").replace(&folder.path().display().to_string(), ".")
}

/// A folder whose config.xml includes this and has the usual defaults.
pub(crate) fn including(href: &str, files: &[(&str, &str)]) -> TempDir {
    let folder = folder(files);
    write(&folder, "config.xml", &format!("<config>{DEFAULTS}<include href='{href}'/></config>"));
    folder
}

/// All that a test of one bad file needs.
pub(crate) fn assert_told(folder: &TempDir, expected: &str) {
    assert_eq!(told(folder), expected);
}

#[test]
fn groups_clients_and_jump_hosts_are_seen_across_files_in_either_direction() {
    let folder = folder(&[
        (
            "config.xml",
            "<config><include href='conf.d/*.xml'/><client ip='c1' group='web'/><group name='db' jump='d9'/></config>",
        ),
        (
            "conf.d/b.xml",
            "<config><defaults username='m' identity-file='keys/id' jump='c1'/><client ip='b1' group='db'/></config>",
        ),
        ("conf.d/a.xml", "<config><group name='web' identity-file='keys/web'/><include href='deep/d.xml'/></config>"),
        ("conf.d/deep/d.xml", "<config><client ip='d[8-9]' identity-file='id'/></config>"),
        ("conf.d/.hidden.xml", "no XML"),
        ("conf.d/c.xml~", "no XML"),
    ]);
    let config = load_in(&folder).unwrap();
    assert_eq!(names(&config), ["c1", "d8", "d9", "b1"]);
    let jumps: Vec<_> = config.hosts.iter().map(|host| host.jump.as_ref().map_or("-", |jump| jump.as_str())).collect();
    assert_eq!(jumps, ["-", "c1", "c1", "d9"]);
    let at = |path: &str| Some(folder.path().join(path));
    let keys: Vec<_> = config.hosts.iter().map(|host| host.identity_file.clone()).collect();
    let (deep, of_b) = (at("conf.d/deep/id"), at("conf.d/keys/id"));
    assert_eq!(keys, [at("conf.d/keys/web"), deep.clone(), deep, of_b]);
    let files: Vec<PathBuf> = config.hosts.iter().map(|host| host.file.to_path_buf()).collect();
    let expected = ["config.xml", "conf.d/deep/d.xml", "conf.d/deep/d.xml", "conf.d/b.xml"];
    assert_eq!(files, expected.map(|path| folder.path().join(path)));
    assert_eq!(config.warnings, []);
}

#[test]
fn an_inherited_rule_remembers_the_file_it_came_from() {
    let alert = "<config><defaults username='m' identity-file='id' mail='a@b.c'>\n<alert type='cpu' limit='9'/></defaults></config>";
    let folder =
        folder(&[("config.xml", "<config><client ip='a'/><include href='d.xml'/></config>"), ("d.xml", alert)]);
    let host = &load_in(&folder).unwrap().hosts[0];
    let origin = host.rules.iter().find_map(|configured| configured.origin.as_ref()).unwrap();
    assert_eq!((&*origin.file, origin.line), (&*folder.path().join("d.xml"), 2));
}

#[test]
fn all_mistakes_of_all_files_are_told_in_one_go_each_in_its_file() {
    let folder = folder(&[
        (
            "config.xml",
            "<config>\n<smtp/><defaults username='m' identity-file='id'/>\n<include href='conf.d/*'/>\n<client ip='a1' prot='22'/></config>",
        ),
        ("conf.d/1.xml", "<config>\n\n  <smtp/><client ip='a1'/><client ip='b1' jump='c1'/></config>"),
        ("conf.d/2.xml", "<config><defaults/><storage/><client ip='c1' group='x'"),
        ("conf.d/3.xml", "<config><storage/><collector/><collector/><client ip='ü'/></config>"),
        ("conf.d/4.xml", ""),
        ("conf.d/5.xml", "<fleet/>"),
        ("conf.d/6.xml", "<config><client ip='e' formerly='a1' password='x'/><include href='../config.xml'/></config>"),
    ]);
    set_mode(&folder.path().join("conf.d/6.xml"), 0o644);
    assert_told(
        &folder,
        "config.xml:4:17: unknown attribute \"prot\" on <client>, did you mean \"port\"?\n\
         conf.d/1.xml:3:3: a second <smtp>, the first is in config.xml line 2\n\
         conf.d/1.xml:3:22: a client \"a1\" is given in config.xml line 4 already\n\
         conf.d/2.xml:1:30: tag not closed: `>` not found before end of input\n\
         conf.d/3.xml:1:31: a second <collector>, the first is in line 1\n\
         conf.d/3.xml:1:55: ip \"ü\" is neither an IP address nor a DNS name\n\
         conf.d/4.xml:1:1: the file is empty\n\
         conf.d/5.xml:1:1: expected <config>, found <fleet>\n\
         conf.d/6.xml:1:34: formerly \"a1\" is still the name of a client, in config.xml line 4\n\
         conf.d/6.xml:1:38: a password in a file that others may read (mode 0644)\n\
         conf.d/6.xml:1:67: href \"../config.xml\" has \"..\" in it: only what lies in the folder of this file can be included",
    );
    let hint = load_in(&folder).unwrap_err().hint();
    assert_eq!(hint, Some(format!("chmod 600 {}", folder.path().join("conf.d/6.xml").display())));
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_and_a_pattern_without_matches_a_warning() {
    assert_told(&including("web.xml", &[]), "config.xml:1:67: cannot include web.xml: there is no such file");
    assert_told(&including("no/web.xml", &[]), "config.xml:1:67: cannot include no/web.xml: there is no such file");
    for files in [&[][..], &[("conf.d/.a.xml", ""), ("conf.d/a.yml", "")]] {
        let config = load_in(&including("conf.d/*.xml", files)).unwrap();
        let warnings: Vec<String> = config.warnings.iter().map(|warning| warning.message.clone()).collect();
        assert_eq!(warnings, ["no <client>: nothing is monitored", "no file matches this pattern"]);
    }
}

#[test]
fn the_digest_covers_every_file() {
    let base = including("*.d/x.xml", &[]);
    assert!(load_in(&base).is_err());
    let base = including("?.xml", &[("a.xml", "<config/>"), ("b.xml", "<config> </config>")]);
    let digest = || load_in(&base).unwrap().sha256;
    let first = digest();
    assert_eq!((digest(), first.len()), (first.clone(), 64));
    write(&base, "b.xml", "<config>  </config>");
    let second = digest();
    assert_ne!(first, second);
    write(&base, "c.xml", "<config/>");
    assert_ne!(second, digest());
}

#[test]
fn what_a_broken_file_may_hold_is_not_missed_in_others() {
    let base = folder(&[
        ("config.xml", "<config><client ip='a' group='web' jump='b'/><client ip='c'/><include href='b.xml'/></config>"),
        ("b.xml", "<config><defaults username='m'/><group name='web'/><client ip='b'/>"),
    ]);
    assert_told(&base, "b.xml:1:1: <config> is never closed");
    write(&base, "b.xml", "<config/>");
    assert_told(
        &base,
        "config.xml:1:31: group \"web\" is unknown, there is no <group name=\"web\">\n\
         config.xml:1:42: jump \"b\" is unknown, there is no client of that name\n\
         config.xml:1:46: missing attribute \"username\" on <client>\n\
         config.xml:1:46: no way to log in: give identity-file or password-file",
    );
}

#[test]
fn a_file_in_memory_includes_from_the_folder_of_its_path() {
    let base = folder(&[("a.xml", "<config><client ip='a' username='m' identity-file='id'/></config>")]);
    let text = b"<config><include href='a.xml'/></config>";
    assert_eq!(names(&config::parse(text, &base.path().join("config.xml"), 0o600).unwrap()), ["a"]);
}
