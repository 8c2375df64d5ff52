//! What a host measures by its own crontab while the server is away.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{run, workspace};

use crate::World;
use crate::collecting::envelopes;

/// The place of the probe on a host.
pub(crate) fn place(world: &World, address: &str) -> PathBuf {
    world.sshd.home(address).join(".cache/fleet-health")
}

/// What stands in the README for the crontab of a host.
const COMMAND: &str = "~/.cache/fleet-health/fleet-probe sample";

/// Does what cron does with it, as the account of the host.
pub(crate) fn sample(place: &Path) {
    let account = fs::metadata(place).unwrap();
    let home = place.ancestors().nth(2).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", COMMAND]).env_clear().env("HOME", home).uid(account.uid()).gid(account.gid());
    let said = shell.output().unwrap();
    let silent = said.stdout.is_empty() && said.stderr.is_empty();
    assert!(said.status.success() && silent, "cron would mail it: {said:?}");
}

#[test]
fn the_readme_has_the_line_that_is_tried_here() {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    assert!(readme.contains(&format!("\n*/5 * * * * {COMMAND}\n")));
}

/// Makes everything in a place the account's own, as if the account had put it there.
pub(crate) fn give_to_account(place: &Path) {
    let account = fs::metadata(place.parent().unwrap()).unwrap();
    run(Command::new("chown").args(["-hR", &format!("{}:{}", account.uid(), account.gid())]).arg(place));
    chown(place, Some(account.uid()), Some(account.gid())).unwrap();
}

#[test]
fn an_hour_without_the_server_comes_home_once_and_in_order() {
    let world = World::new(&["127.0.5.10"]);
    world.server.watch(&world.sshd, &["127.0.5.10"], "");
    world.server.collector(&[]).expect(0);
    let place = place(&world, "127.0.5.10");
    for _ in 0..60 {
        sample(&place);
    }
    world.server.collector(&[]).expect(0);
    assert_eq!(world.samples(), 62, "the first visit's, the hour's, and the fresh one");
    assert_eq!(world.server.value("SELECT count(DISTINCT probe_sample_id) FROM sample"), "62");
    // Committed in the order in which they were taken, each a spot measurement apart but for the last one: that of the
    // visit, whose probe knows that the server has samples of this boot.
    let steps = "SELECT b.taken_ms - a.taken_ms FROM sample a JOIN sample b ON b.id = a.id + 1 WHERE a.id > 1";
    let steps: Vec<i64> = world.server.sql(steps).iter().map(|step| step.parse().unwrap()).collect();
    let (last, by_crontab) = steps.split_last().unwrap();
    assert!(by_crontab.len() == 59 && by_crontab.iter().all(|step| (400..30_000).contains(step)), "{steps:?}");
    assert!((1..30_000).contains(last), "{last}");
    // One boot: the server's clock and the host's are one here, so both times must agree.
    let apart = "SELECT max(abs(taken_ms - host_taken_ms)) < 5000 FROM sample";
    assert_eq!(world.server.value(apart), "1");
    assert_eq!(world.server.value("SELECT count(DISTINCT boot_id) FROM sample"), "1");
    world.server.collector(&[]).expect(0);
    assert_eq!((world.samples(), envelopes(&place)), (63, 1));
}
