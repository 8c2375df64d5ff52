//! One outage, one mail; and what comes and goes.

use crate::scene::{Scene, story};

// Uptime Kuma #1089 "create parent and child for notification" (about 30 mails for one host)
#[test]
fn one_host_that_goes_down_makes_one_mail_and_not_one_for_everything_on_it() {
    story(
        "07:00  web1 disk fires warning               | ops: problem web1 disk warning
         08:00  web1 unreachable fires critical       | ops: problem web1 unreachable critical
         08:05  web1 memory fires critical            |
         08:10  web1 swap fires warning               |
         08:15  web1 disk over                        | ops: over web1 disk
         09:00  web1 unreachable over                 | ops: problem web1 memory critical, problem web1 swap warning, over web1 unreachable",
    );
}

// Uptime Kuma #4956, #2474: dependencies between monitors
#[test]
fn what_is_behind_a_host_that_is_down_is_not_told() {
    // As the rows of a run are judged as a whole, they come up together.
    let mut scene = Scene::new();
    scene.play(
        "07:00  web1 is behind gw; web2 is behind gw; db1 is behind web1  |
         07:59  web1 unreachable fires critical; gw is suspect |
         08:00  gw unreachable fires critical; gw is confirmed | ops: problem gw unreachable critical
         08:01  web2 unreachable fires critical; db1 unreachable fires critical |
         09:00  gw unreachable over; web1 unreachable over; web2 unreachable over; db1 unreachable over | ops: over gw unreachable
         09:05  look                                  |",
    );
    assert!(scene.is_done());
}

#[test]
fn what_is_still_down_when_the_host_before_it_is_up_again_is_told_then() {
    story(
        "07:00  web1 is behind gw; db1 is behind web1 |
         08:00  gw unreachable fires critical; web1 unreachable fires critical; db1 unreachable fires critical | ops: problem gw unreachable critical
         09:00  gw unreachable over                   | ops: problem web1 unreachable critical, over gw unreachable
         09:05  db1 unreachable over                  |
         10:00  web1 unreachable over                 | ops: over web1 unreachable",
    );
}

#[test]
fn hosts_that_stand_behind_each_other_do_not_hold_each_others_mails_for_ever() {
    story(
        "07:00  a is behind b; b is behind a; c is behind c; d is behind a |
         08:00  a unreachable fires critical; b unreachable fires critical | ops: initial state, problem a unreachable critical, problem b unreachable critical
         08:05  c unreachable fires critical; d unreachable fires critical | ops: problem c unreachable critical",
    );
}

#[test]
fn a_jump_host_that_lets_nobody_run_a_probe_hides_nothing_behind_it() {
    story(
        "07:00  web1 is behind gw; gw probe fires warning | ops: problem gw probe warning
         08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:05  gw disk fires critical                |",
    );
}

// Zabbix ZBXNEXT-8403: rate-limit waves of messages
#[test]
fn a_wave_is_cut_at_so_many_mails_an_hour_and_nothing_of_it_is_lost() {
    story(
        "08:00  at most 2 an hour; web1 disk fires critical | ops: problem web1 disk critical
         08:05  web2 disk fires critical              | ops: problem web2 disk critical
         08:10  web3 disk fires critical              |
         08:15  web4 disk fires critical              |
         08:20  web1 disk over; web3 disk over        |
         09:00  look                                  | ops: problem web4 disk critical, over web1 disk, missed web3 disk
         09:05  look                                  |",
    );
}

// Alertmanager #204 "Flap detection", #3048, #952; Beszel #115, #191
#[test]
fn what_comes_and_goes_is_said_once_and_then_only_how_it_ended() {
    story(
        "08:00  web1 cpu fires warning                | ops: problem web1 cpu warning
         08:10  web1 cpu over                         | ops: over web1 cpu
         08:20  web1 cpu fires warning                | ops: problem web1 cpu warning
         08:30  web1 cpu flapping                     | ops: flapping web1 cpu warning
         20:00  look                                  |
         40:00  look                                  |
         41:00  web1 cpu over                         | ops: over web1 cpu
         41:05  look                                  |",
    );
}

#[test]
fn what_came_and_went_and_stays_is_said_to_stay_once_when_it_is_quiet() {
    story(
        "08:00  web1 cpu flapping critical            | ops: flapping web1 cpu critical
         08:30  web1 cpu steady                       | ops: reminder web1 cpu critical [stays now]
         12:25  look                                  |
         12:30  look                                  | ops: reminder web1 cpu critical
         12:35  web1 cpu flapping                     | ops: flapping web1 cpu critical
         12:40  web1 cpu over                         | ops: over web1 cpu",
    );
}

#[test]
fn what_got_worse_meanwhile_is_told_as_that_and_not_twice() {
    story(
        "08:00  web1 cpu flapping warning             | ops: flapping web1 cpu warning
         08:30  web1 cpu steady critical              | ops: worse web1 cpu critical
         08:35  look                                  |",
    );
}

// Beszel #437: tell me the host rebooted, even if it was never seen down
#[test]
fn a_reboot_is_told_once_and_never_over() {
    let mut scene = Scene::new();
    scene.play(
        "08:00  web1 reboot happened info             | ops: happened web1 reboot
         08:05  look                                  |
         40:00  web1 reboot happened info             | ops: happened web1 reboot
         40:05  look                                  |",
    );
    assert!(scene.is_done());
}

// Beszel #1813: failed systemd services
#[test]
fn a_unit_that_failed_is_told_and_its_recovery_too() {
    story(
        "08:00  web1 unit fires critical              | ops: problem web1 unit critical
         09:00  web1 unit over                        | ops: over web1 unit",
    );
}

// Beszel #1954: a no-data alert. The collector that does not run is one alert about ourselves, and no host's.
#[test]
fn a_collector_that_does_not_run_is_one_mail() {
    story(
        "08:00  fleet collector fires critical        | ops: problem fleet collector critical
         12:00  look                                  | ops: reminder fleet collector critical
         12:05  fleet collector over                  | ops: over fleet collector",
    );
}

#[test]
fn while_the_collector_does_not_run_nobody_is_reminded_of_values_that_are_old() {
    story(
        "07:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:00  fleet collector fires critical        | ops: problem fleet collector critical
         11:00  look                                  |
         12:00  look                                  | ops: reminder fleet collector critical
         12:05  web1 disk over                        | ops: over web1 disk
         12:10  web1 memory fires critical            | ops: problem web1 memory critical
         16:10  fleet collector over                  | ops: reminder web1 memory critical, over fleet collector",
    );
}

// Beszel #889 "Filesystem/Disk specific alerts", #958 "additional disks"
#[test]
fn each_filesystem_has_a_story_of_its_own() {
    story(
        "08:00  web1 disk:/ fires warning             | ops: problem web1 disk:/ warning
         08:05  web1 disk:/srv fires critical         | ops: problem web1 disk:/srv critical
         08:10  silence 1 web1 disk:/srv 08:10 20:00  |
         08:15  web1 disk:/ worse critical; web1 disk:/srv flapping | ops: worse web1 disk:/ critical
         08:20  web1 disk:/ over                      | ops: over web1 disk:/
         08:25  web1 disk:/srv over                   | ops: over web1 disk:/srv",
    );
}

// Prometheus #422, #13957 (what it knew is lost on restart): here each run begins with what the database has.
#[test]
fn the_first_mail_over_a_fleet_nobody_watched_is_one() {
    story(
        "08:00  a disk fires warning; b cpu fires critical; c memory fires warning | ops: initial state, problem b cpu critical, problem a disk warning, problem c memory warning
         08:05  d disk fires warning; e disk fires warning | ops: problem d disk warning, problem e disk warning",
    );
}
