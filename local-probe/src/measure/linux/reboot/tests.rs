use std::fs;
use std::time::SystemTime;

use super::*;

const LONG_AGO: u64 = 1_000_000_000;

/// A host that booted then, and has these files.
fn host(booted: u64, files: &[&str]) -> (tempfile::TempDir, Tree) {
    let root = tempfile::tempdir().unwrap();
    let write = |file: &str, text: String| {
        fs::create_dir_all(root.path().join(file).parent().unwrap()).unwrap();
        fs::write(root.path().join(file), text).unwrap();
    };
    write("proc/stat", format!("cpu  1 2 3 4\nbtime {booted}\nprocesses 1\n"));
    files.iter().for_each(|file| write(file, String::new()));
    let tree = Tree::at(root.path());
    (root, tree)
}

/// A moment after everything in a test was written.
fn soon() -> u64 {
    crate::measure::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 3600
}

fn because(reason: &str) -> Option<RebootRequired> {
    Some(RebootRequired { required: true, reason: Some(reason.to_owned()) })
}

const NOT_REQUIRED: Option<RebootRequired> = Some(RebootRequired { required: false, reason: None });

#[test]
fn a_flag_file_is_believed_also_in_a_container_and_names_the_packages() {
    let short = because("linux-image-5.15.0-125-generic, linux-base, libc6 and 2 more");
    let tree = Tree::of("server-128");
    assert_eq!(required(&tree, Some("5.15.0-122-generic"), false), short);
    assert_eq!(required(&tree, None, true), short);
    let (_root, suse) = host(LONG_AGO, &["run/reboot-needed"]);
    assert_eq!(required(&suse, None, false), because("/run/reboot-needed"));
    let (_root, one) = host(LONG_AGO, &["var/run/reboot-required"]);
    fs::write(one.path("var/run/reboot-required.pkgs"), "dbus\ndbus\n").unwrap();
    assert_eq!(required(&one, None, false), because("dbus"));
    let (_root, folder) = host(LONG_AGO, &["run/reboot-required/file"]);
    assert_eq!(required(&folder, None, false), None, "a folder is no flag");
}

#[test]
fn a_kernel_that_was_installed_after_the_boot_waits_for_the_next() {
    let reason = "kernel 3.10.0-1160.119.1.el7.x86_64 is installed, 3.10.0-1160.el7.x86_64 runs";
    assert_eq!(required(&Tree::of("linux-3.10"), Some("3.10.0-1160.el7.x86_64"), false), because(reason));
    assert_eq!(required(&Tree::of("linux-3.10"), Some("3.10.0-1160.119.1.el7.x86_64"), false), NOT_REQUIRED);
    assert_eq!(required(&Tree::of("small-vm"), Some("6.1.0-26-amd64"), false), NOT_REQUIRED);
    let kernels = ["boot/vmlinuz-6.1.0-9-amd64", "boot/vmlinuz-6.1.0-13-amd64", "boot/vmlinuz-6.1.0-11-amd64"];
    let (_root, tree) = host(LONG_AGO, &kernels);
    let reason = "kernel 6.1.0-13-amd64 is installed, 6.1.0-9-amd64 runs";
    assert_eq!(required(&tree, Some("6.1.0-9-amd64"), false), because(reason));
    assert_eq!(required(&tree, Some("6.1.0-13-amd64"), false), NOT_REQUIRED, "the others are older");
}

#[test]
fn a_newer_kernel_that_was_there_at_the_boot_was_not_wanted() {
    let (_root, tree) = host(soon(), &["boot/vmlinuz-6.1.0-9-amd64", "boot/vmlinuz-6.1.0-13-amd64"]);
    assert_eq!(required(&tree, Some("6.1.0-9-amd64"), false), NOT_REQUIRED);
}

#[test]
fn a_kernel_of_another_flavour_is_no_successor() {
    let others = ["boot/vmlinuz-6.1.0-13-cloud-amd64", "boot/vmlinuz-0-rescue-0ff5", "boot/vmlinuz-6.2.0-rt-amd64"];
    let (_root, tree) = host(LONG_AGO, &[&others[..], &["lib/modules/6.1.0-9-amd64/modules.dep"]].concat());
    assert_eq!(required(&tree, Some("6.1.0-9-amd64"), false), NOT_REQUIRED);
    let backport = ["boot/vmlinuz-6.1.0-9-amd64", "boot/vmlinuz-6.10.11+bpo-amd64"];
    let (_root, tree) = host(LONG_AGO, &backport);
    let reason = "kernel 6.10.11+bpo-amd64 is installed, 6.1.0-9-amd64 runs";
    assert_eq!(required(&tree, Some("6.1.0-9-amd64"), false), because(reason), "the same, built for another release");
}

#[test]
fn a_running_kernel_without_its_modules_has_to_go() {
    let reason = "the modules of the running kernel 6.11.6-arch1-1 are gone";
    assert_eq!(required(&Tree::of("zfs"), Some("6.11.6-arch1-1"), false), because(reason));
    assert_eq!(required(&Tree::of("zfs"), Some("6.11.9-arch1-1"), false), NOT_REQUIRED);
}

#[test]
fn hosts_that_do_not_show_their_kernel_do_not_tell() {
    assert_eq!(required(&Tree::of("none"), Some("6.1.0-26-amd64"), false), None);
    assert_eq!(required(&Tree::of("small-vm"), None, false), None);
    assert_eq!(required(&Tree::of("small-vm"), Some("6.18.5"), false), None, "its kernel comes from outside");
    assert_eq!(required(&Tree::of("small-vm"), Some("6.1.0-26-amd64"), true), None, "a container");
    let (_root, tree) = host(LONG_AGO, &["boot/vmlinuz-6.1.0-9-amd64", "boot/vmlinuz-6.1.0-13-amd64"]);
    fs::write(tree.path("proc/stat"), "btime -x\n").unwrap();
    assert_eq!(required(&tree, Some("6.1.0-9-amd64"), false), None, "when it booted is not known");
}

#[test]
fn a_hostile_list_of_packages_becomes_one_short_line() {
    let reason = required(&Tree::of("hostile"), None, false).unwrap().reason.unwrap();
    assert_eq!(reason, format!("[31mred, \u{fffd}, {} and 20 more", "y".repeat(64)));
    let (_root, empty) = host(LONG_AGO, &["run/reboot-required", "run/reboot-required.pkgs"]);
    assert_eq!(required(&empty, None, false), because("/run/reboot-required"));
}

#[test]
fn what_would_be_mounted_by_looking_at_it_is_not_looked_at() {
    let modules = ["lib/modules/6.1.0-9-amd64/modules.dep", "lib/modules/6.1.0-13-amd64/modules.dep"];
    let images = ["boot/vmlinuz-6.1.0-9-amd64", "boot/vmlinuz-6.1.0-13-amd64"];
    let automount = "30 1 0:30 / /boot rw - autofs systemd-1 rw\n";
    let mounted = "40 30 8:1 / /boot rw - vfat /dev/sda1 rw\n";
    let waits = because("kernel 6.1.0-13-amd64 is installed, 6.1.0-9-amd64 runs");
    let told = |mounts: &str, files: &[&str]| {
        let (root, tree) = host(LONG_AGO, &[files, &["proc/self/mountinfo"]].concat());
        fs::write(root.path().join("proc/self/mountinfo"), mounts).unwrap();
        required(&tree, Some("6.1.0-9-amd64"), false)
    };
    let all = [modules, images].concat();
    assert_eq!(told(automount, &all), None, "a newer kernel would be there, and is not seen");
    assert_eq!(told(&format!("{automount}{mounted}"), &all), waits);
    assert_eq!(told("30 1 0:30 / /boot/efi rw - autofs systemd-1 rw\n", &all), waits);
    // Where images are kept with the modules, nothing is missed.
    let with_modules = ["usr/lib/modules/6.1.0-9-amd64/vmlinuz", "usr/lib/modules/6.1.0-13-amd64/vmlinuz"];
    assert_eq!(told(automount, &with_modules), waits);
    assert_eq!(told(automount, &with_modules[..1]), NOT_REQUIRED);
    assert_eq!(told(automount, &modules[1..]), because("the modules of the running kernel 6.1.0-9-amd64 are gone"));
}
