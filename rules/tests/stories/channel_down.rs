//! What becomes of alerts while mail does not work.

use crate::scene::{Scene, story};

// Uptime Kuma #6046 "Notification lost if service is temporarily unavailable", #1946 "Notification caching"
#[test]
fn a_problem_that_mail_could_not_tell_is_told_when_mail_works_again() {
    story(
        "08:00  mail down; web1 disk fires critical | 
         08:05  look                                |
         11:00  mail up                             | ops: problem web1 disk critical
         11:05  look                                |",
    );
}

// Uptime Kuma #7436 "Notification upon reconnection", #4858 "If host's dns fails, no notifications are sent"
#[test]
fn all_that_happened_meanwhile_comes_in_one_mail_the_worst_first() {
    story(
        "08:00  mail down; web1 disk fires warning    |
         08:05  web2 memory fires critical            |
         08:10  db1 reboot happened info              |
         08:15  web3 cpu fires critical               |
         08:20  web3 cpu over                         |
         11:00  mail up                               | ops: initial state, problem web2 memory critical, problem web1 disk warning, happened db1 reboot, missed web3 cpu
         11:05  look                                  |",
    );
}

// Beszel #1519 "Recovery notification sent but down is never sent"
#[test]
fn nobody_is_told_of_the_end_of_a_problem_they_never_heard_of() {
    story(
        "08:00  mail down; web1 disk fires critical   |
         08:10  web1 disk over                        |
         11:00  mail up                               | ops: missed web1 disk
         11:05  look                                  |",
    );
}

// The same as the Alertmanager: its log is written after a send that worked, so of a short problem nobody ever hears.
#[test]
fn a_problem_that_came_and_went_in_an_outage_of_mail_is_told_once_and_then_settled() {
    let mut scene = Scene::new();
    scene.play(
        "08:00  mail down; web1 disk fires critical   |
         08:10  web1 disk over                        |
         08:15  web2 disk fires critical              |",
    );
    assert!(!scene.is_done(), "its mail waits, and was replaced by one that tells of both");
    scene.play(
        "11:00  mail up                               | ops: problem web2 disk critical, missed web1 disk
         11:05  web2 disk over                        | ops: over web2 disk
         11:10  look                                  |",
    );
    assert!(scene.is_done());
}

#[test]
fn a_problem_told_before_the_outage_of_mail_gets_its_end_after_it() {
    story(
        "08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:10  mail down; web1 disk over             |
         08:20  web1 disk fires critical              |
         08:30  web1 disk over                        |
         11:00  mail up                               | ops: over web1 disk, missed web1 disk
         11:05  look                                  |",
    );
}

#[test]
fn reminders_do_not_pile_up_while_mail_is_down() {
    story(
        "08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:05  mail down                             |
         12:05  look                                  |
         16:05  look                                  |
         20:05  look                                  |
         21:00  mail up                               | ops: reminder web1 disk critical
         24:55  look                                  |
         25:00  look                                  | ops: reminder web1 disk critical",
    );
}

#[test]
fn a_mail_that_waits_says_how_bad_it_is_by_now() {
    story(
        "08:00  mail down; web1 disk fires warning    |
         08:05  web1 disk worse critical              |
         08:10  mail up                               | ops: problem web1 disk critical
         08:15  web1 disk better warning              |
         08:20  web1 disk worse critical              |",
    );
}

#[test]
fn a_mail_that_was_given_up_silences_no_problem_that_goes_on() {
    story(
        "08:00   mail down; web1 disk fires critical   |
         128:00  mail given up                         |
         128:05  mail up                               | ops: problem web1 disk critical
         128:10  web1 disk over                        | ops: over web1 disk",
    );
}

#[test]
fn of_a_problem_that_is_over_a_mail_that_was_given_up_is_the_last_one() {
    let mut scene = Scene::new();
    scene.play(
        "08:00   mail down; web1 disk fires critical   |
         08:10   web1 disk over                        |
         128:10  mail given up                         |
         128:15  mail up                               |",
    );
    assert!(scene.is_done(), "the digest names it");
}

#[test]
fn a_server_that_refuses_for_good_is_not_asked_for_ever() {
    story(
        "08:00  mail refuses; web1 disk fires critical |
         08:05  mail up                                |
         08:10  web1 disk over                         | ops: over web1 disk",
    );
}

#[test]
fn a_mail_that_may_have_arrived_is_sent_again_as_it_is_and_nothing_is_told_twice_in_other_words() {
    story(
        "08:00  mail unclear; web1 disk fires critical |
         08:05  web1 disk over                         |
         08:10  mail up                                | ops: problem web1 disk critical + ops: over web1 disk
         08:15  look                                   |",
    );
}
