//! Included files made to hurt: links, circles, pipes, files that others write, files cut in the middle.

use std::fs;
use std::os::unix::fs::symlink;

use super::includes::{assert_told, folder, including, load_in, names, set_mode, told, write};

#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let elsewhere = folder(&[("secret.xml", "<config><client ip='a'/></config>")]);
    let outside = elsewhere.path().canonicalize().unwrap();
    let base = including("conf.d/*.xml", &[("conf.d/b.xml", "<config/>")]);
    symlink(outside.join("secret.xml"), base.path().join("conf.d/a.xml")).unwrap();
    let out = format!("it leads out of ., to {}", outside.display());
    assert_told(&base, &format!("config.xml:1:67: cannot include conf.d/a.xml: {out}/secret.xml"));

    let base = including("conf.d/secret.xml", &[]);
    symlink(&outside, base.path().join("conf.d")).unwrap();
    assert_told(&base, &format!("config.xml:1:67: cannot include conf.d/secret.xml: {out}/secret.xml"));
    let base = including("conf.d/*.xml", &[]);
    symlink(&outside, base.path().join("conf.d")).unwrap();
    assert_told(&base, &format!("config.xml:1:67: cannot include conf.d/: {out}"));
}

#[test]
fn a_link_within_the_folder_is_followed() {
    let base =
        including("enabled/*.xml", &[("available/a.xml", "<config><client ip='a'/></config>"), ("enabled/.x", "")]);
    symlink("../available/a.xml", base.path().join("enabled/a.xml")).unwrap();
    assert_eq!(names(&load_in(&base).unwrap()), ["a"]);
}

#[test]
fn a_file_is_included_once_whatever_it_is_called() {
    let client = "<config><client ip='a'/></config>";
    let base = including("*.xml", &[("a.xml", client)]);
    assert_told(&base, "config.xml:1:67: cannot include config.xml: it is the file that everything begins with");

    let twice = including("a.xml' /><include href='a.xml", &[("a.xml", client)]);
    let again = "it is included already, in line 1";
    assert_told(&twice, &format!("config.xml:1:91: cannot include a.xml: {again}"));

    let linked = including("?.xml", &[("a.xml", client)]);
    symlink("a.xml", linked.path().join("b.xml")).unwrap();
    fs::hard_link(linked.path().join("a.xml"), linked.path().join("c.xml")).unwrap();
    let expected = ["b", "c"].map(|name| format!("config.xml:1:67: cannot include {name}.xml: {again}"));
    assert_told(&linked, &expected.join("\n"));
}

#[test]
fn a_circle_of_files_is_told_where_it_closes() {
    let base = including(
        "a.xml",
        &[
            ("a.xml", "<config><include href='b.xml'/></config>"),
            ("b.xml", "<config>\n<include href='a.xml'/><include href='config.xml'/></config>"),
        ],
    );
    assert_told(
        &base,
        "b.xml:2:16: cannot include a.xml: it is included already, in config.xml line 1\n\
         b.xml:2:39: cannot include config.xml: it is the file that everything begins with",
    );
}

#[test]
fn files_include_each_other_eight_deep_and_not_nine() {
    let base = including("1.xml", &[("8.xml", "<config><client ip='a'/></config>")]);
    (1..8)
        .for_each(|n| write(&base, &format!("{n}.xml"), &format!("<config><include href='{}.xml'/></config>", n + 1)));
    assert_eq!(names(&load_in(&base).unwrap()), ["a"]);
    write(&base, "8.xml", "<config><include href='9.xml'/></config>");
    write(&base, "9.xml", "<config><client ip='a'/></config>");
    assert_told(&base, "8.xml:1:24: files that include each other more than 8 deep");
}

#[test]
fn an_included_file_that_others_could_change_is_refused() {
    let base = including("conf.d/*.xml", &[("conf.d/a.xml", "<config/>"), ("conf.d/b.xml", "<config/>")]);
    assert!(load_in(&base).is_ok());
    for mode in [0o620, 0o602, 0o666] {
        set_mode(&base.path().join("conf.d/b.xml"), mode);
        let expected =
            format!("config.xml:1:67: cannot include conf.d/b.xml: group or others may write it (mode {mode:04o})");
        assert_told(&base, &expected);
        let hint = load_in(&base).unwrap_err().hint();
        assert_eq!(hint, Some(format!("chmod go-w {}", base.path().join("conf.d/b.xml").display())));
    }
    set_mode(&base.path().join("conf.d/b.xml"), 0o644);
    set_mode(&base.path().join("conf.d"), 0o777);
    assert!(told(&base).contains("cannot include conf.d/a.xml: others may replace it, since they may write in "));
}

#[test]
fn what_is_no_file_or_cannot_be_read_is_told_and_holds_nobody_up() {
    let base = including("conf.d/*", &[("conf.d/folder/x", "")]);
    let pipe = base.path().join("conf.d/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    symlink("nowhere", base.path().join("conf.d/x")).unwrap();
    assert_told(
        &base,
        "config.xml:1:67: cannot include conf.d/folder: this is not a regular file\n\
         config.xml:1:67: cannot include conf.d/pipe: this is not a regular file\n\
         config.xml:1:67: cannot include conf.d/x: there is no such file",
    );
    // A link to itself can't be opened by anybody, not even by root.
    let base = including("a.xml", &[]);
    symlink("a.xml", base.path().join("a.xml")).unwrap();
    assert!(told(&base).starts_with("config.xml:1:67: cannot include a.xml: Too many levels of symbolic links"));
    let base = including("a.xml", &[("a.xml", "<config/>")]);
    set_mode(&base.path().join("a.xml"), 0o000);
    if !rustix::process::geteuid().is_root() {
        assert!(told(&base).starts_with("config.xml:1:67: cannot include a.xml: Permission denied"));
    }
}

#[test]
fn an_included_file_that_was_cut_anywhere_is_refused() {
    let original = fs::read_to_string(super::folder("testdata/valid/everything.xml")).unwrap();
    let whole = original.trim_end();
    let base = folder(&[("config.xml", "<config><include href='a.xml'/></config>"), ("a.xml", whole)]);
    assert!(load_in(&base).is_ok());
    for length in 0..whole.len() {
        fs::write(base.path().join("a.xml"), &whole.as_bytes()[..length]).unwrap();
        let told = told(&base);
        assert!(told.starts_with("a.xml:"), "cut to {length} bytes: {told}");
    }
}

#[test]
fn the_name_of_a_file_reaches_no_terminal_as_it_is() {
    let base = including("conf.d/*", &[("conf.d/a\u{1b}[2J.xml", "<config/>")]);
    let odd = "the file name \"a\\u{1b}[2J.xml\" in it holds characters that are not shown";
    assert_told(&base, &format!("config.xml:1:67: cannot include conf.d/: {odd}"));
    let base = including("conf.d/*.yml", &[("conf.d/a\u{1b}[2J.xml", "<config/>")]);
    assert!(load_in(&base).is_ok(), "what the pattern does not mean is not looked at");
}

#[test]
fn files_that_are_too_large_or_too_many_are_refused() {
    let base = including("a.xml", &[("a.xml", &"x".repeat(4 * 1024 * 1024 + 1))]);
    assert_told(&base, "a.xml:1:1: the file is larger than 4 MiB");

    let base = including("*.x", &[]);
    (0..17).for_each(|n| write(&base, &format!("{n:02}.x"), &"x".repeat(4 * 1024 * 1024)));
    let of_all = "config.xml:1:67: cannot include 15.x: together with the files before it, it is larger than 64 MiB\n";
    let told = told(&base);
    assert!(told.starts_with(of_all), "{told}");

    let base = including("*.x", &[]);
    (0..10_000).for_each(|n| write(&base, &format!("{n:05}.x"), "<config/>"));
    assert_told(&base, "config.xml:1:67: cannot include 09999.x: these are more than 10000 files");
}
