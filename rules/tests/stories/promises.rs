//! If you told me it broke, tell me it is fixed; remind me; and leave me alone when I say so.

use crate::scene::{Scene, story};

// Alertmanager #226 "Send resolved notification for silenced alerts", #2754, PR #3034, PR #4634
#[test]
fn whoever_was_told_it_broke_is_told_it_is_fixed_in_spite_of_a_silence() {
    let mut scene = Scene::new();
    scene.play(
        "08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:10  silence 1 web1 * 08:10 12:00          |
         08:20  web1 disk over                        | ops: over web1 disk
         12:00  look                                  |",
    );
    assert!(scene.is_done());
}

// Alertmanager #2754: the same for inhibition
#[test]
fn whoever_was_told_it_broke_is_told_it_is_fixed_while_its_host_is_down() {
    story(
        "08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:10  web1 unreachable fires critical       | ops: problem web1 unreachable critical
         08:20  web1 disk over                        | ops: over web1 disk",
    );
}

#[test]
fn a_silenced_problem_is_told_once_when_the_silence_ends() {
    story(
        "08:00  silence 1 web* disk 08:00 12:00       |
         08:10  web1 disk fires critical              |
         11:59  look                                  |
         12:00  look                                  | ops: problem web1 disk critical [silence 1 ended]
         12:05  look                                  |
         12:10  web1 disk over                        | ops: over web1 disk",
    );
}

#[test]
fn a_problem_that_came_and_went_in_a_silence_is_never_told() {
    let mut scene = Scene::new();
    scene.play(
        "08:00  silence 1 web1 disk 08:00 10:00; silence 2 * * 09:00 12:00 |
         08:10  web1 disk fires critical              |
         11:50  web1 disk over                        |
         12:00  look                                  |",
    );
    assert!(scene.is_done());
}

#[test]
fn a_problem_that_outlived_its_silence_unseen_is_told_as_missed() {
    story(
        "08:00  silence 1 web1 disk 08:00 10:00       |
         08:10  web1 disk fires critical              |
         09:50  mail down                             |
         10:10  web1 disk over                        |
         10:20  mail up                               | ops: missed web1 disk",
    );
}

// Alertmanager #1860, #5459: the mail says "silence ended, still broken"
#[test]
fn a_silence_added_after_the_problem_was_told_is_followed_by_one_reminder() {
    story(
        "08:00  web1 disk fires warning               | ops: problem web1 disk warning
         08:10  silence 1 web1 * 08:10 10:00; silence 2 web1 disk 09:00 11:00 |
         10:00  look                                  |
         11:00  look                                  | ops: reminder web1 disk warning [silence 2 ended]
         11:05  look                                  |
         34:55  look                                  |
         35:00  look                                  | ops: reminder web1 disk warning",
    );
}

#[test]
fn a_silence_that_ended_between_two_runs_is_noticed() {
    story(
        "08:00  web1 disk fires warning               | ops: problem web1 disk warning
         08:10  silence 1 web1 disk 08:20 08:30       |
         08:40  look                                  | ops: reminder web1 disk warning [silence 1 ended]
         08:45  look                                  |",
    );
}

#[test]
fn a_silence_that_was_ended_by_hand_is_over_then() {
    story(
        "08:00  silence 1 * * 08:00 20:00; web1 disk fires warning |
         09:00  silence 1 ends                        | ops: problem web1 disk warning [silence 1 ended]
         20:00  look                                  |",
    );
}

// Beszel #1695 "Alert Repeating/Escalation Policy Support"
#[test]
fn people_are_reminded_while_it_is_still_broken() {
    story(
        "08:00  web1 disk fires critical; web1 cpu fires warning | ops: initial state, problem web1 disk critical, problem web1 cpu warning
         11:55  look                                  |
         12:00  look                                  | ops: reminder web1 disk critical
         16:00  look                                  | ops: reminder web1 disk critical
         20:00  web1 disk over                        | ops: over web1 disk
         31:55  look                                  |
         32:00  look                                  | ops: reminder web1 cpu warning",
    );
}

// Beszel #1695, escalation
#[test]
fn somebody_else_is_told_if_nobody_takes_care() {
    story(
        "07:00  escalates after 00:30 to boss         |
         08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:25  look                                  |
         08:30  look                                  | boss: problem web1 disk critical [escalated]
         09:00  web1 disk over                        | boss: over web1 disk + ops: over web1 disk",
    );
    story(
        "07:00  escalates after 00:30 to boss         |
         08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:25  ack web1 disk                         |
         20:00  look                                  |
         21:00  web1 disk over                        | ops: over web1 disk",
    );
}

// Alertmanager #1860, #1057 "Auto-expire silences upon alert resolution"
#[test]
fn an_acknowledgement_stops_reminders_and_ends_with_the_problem() {
    story(
        "08:00  web1 disk fires critical              | ops: problem web1 disk critical
         08:10  ack web1 disk                         |
         20:00  look                                  |
         20:10  web1 disk over                        | ops: over web1 disk
         20:20  web1 disk fires critical              | ops: problem web1 disk critical
         24:20  look                                  | ops: reminder web1 disk critical",
    );
}

// Alertmanager #5459: an acknowledgement that ends by itself
#[test]
fn an_acknowledgement_may_end_by_itself_and_that_is_said() {
    story(
        "08:00  web1 disk fires warning               | ops: problem web1 disk warning
         08:10  ack web1 disk until 10:00             |
         09:55  look                                  |
         10:00  look                                  | ops: reminder web1 disk warning [ack ended]
         10:05  look                                  |",
    );
}

#[test]
fn what_gets_worse_is_told_in_spite_of_an_acknowledgement() {
    story(
        "08:00  web1 disk fires warning               | ops: problem web1 disk warning
         08:10  ack web1 disk                         |
         09:00  web1 disk worse critical              | ops: worse web1 disk critical
         09:10  web1 disk flapping critical           |",
    );
}

// Beszel #1038 "Layered Notifications for Warning and Danger", #889
#[test]
fn two_levels_are_one_problem_that_gets_worse_and_quietly_better() {
    story(
        "08:00  web1 disk fires warning               | ops: problem web1 disk warning
         08:10  web1 disk worse critical              | ops: worse web1 disk critical
         08:20  web1 disk better warning              |
         08:30  web1 disk over                        | ops: over web1 disk",
    );
}

// Beszel #1398 "Multi-system alerts", #1914: who is told changes while a problem is open
#[test]
fn who_is_told_may_change_while_it_is_open() {
    story(
        "08:00  web1 disk fires critical              | ops: problem web1 disk critical
         09:00  rule tells ann bob                    | ann: problem web1 disk critical + bob: problem web1 disk critical
         12:00  look                                  |
         13:00  rule tells ann                        | ann: reminder web1 disk critical
         17:00  web1 disk over                        | ann: over web1 disk + bob: over web1 disk + ops: over web1 disk",
    );
}

#[test]
fn a_problem_nobody_is_told_of_is_settled_when_it_is_over() {
    let mut scene = Scene::new();
    scene.play(
        "08:00  rule tells; web1 disk fires critical  |
         09:00  web1 disk over                        |",
    );
    assert!(scene.is_done());
}

// Beszel #1168: alerts stuck as down
#[test]
fn what_is_not_watched_any_more_is_told_as_over() {
    story(
        "08:00  web1 disk fires critical; web2 disk fires critical | ops: initial state, problem web1 disk critical, problem web2 disk critical
         09:00  web1 disk gone; web2 disk withdrawn   | ops: over web1 disk, over web2 disk
         20:00  look                                  |",
    );
}

#[test]
fn a_mail_that_waits_is_left_alone_when_a_silence_comes_and_gets_its_end() {
    let mut scene = Scene::new();
    scene.play(
        "08:00  mail down; web1 disk fires critical   |
         08:05  silence 1 web1 disk 07:00 20:00       |
         08:10  web1 disk over                        |
         09:00  mail up                               | ops: problem web1 disk critical
         09:05  look                                  | ops: over web1 disk
         09:10  look                                  |",
    );
    assert!(scene.is_done());
}
