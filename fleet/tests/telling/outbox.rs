//! `fleet outbox`.

use storage::AttemptEnd;

use crate::place::{Place, at, client, memory};

/// Two mails: 1 waits after an attempt, 2 was refused.
fn place() -> Place {
    let place = Place::new(&client("web1", r#"<alert type="memory" limit="90%"/>"#));
    place.measure(0, &[("web1", memory(97))]);
    place.judge(1);
    place.mail(1, "dev@example.org", &[1]);
    place.deliver(2, &AttemptEnd::Failed { reply: "550 no such user\u{1b}[2J\u{202e}".to_owned() });
    place.mail(3, "ops@example.org", &[1]);
    place.deliver(4, &AttemptEnd::Retry { next: at(34), reply: "451 later".to_owned() });
    place
}

#[test]
fn what_waits_is_shown_and_what_was_lost_and_all() {
    let place = place();
    let expected = "\
ID  STATE  AGE     RECIPIENT        TRIES  NEXT                        SUBJECT      REPLY
 2  retry  7m ago  ops@example.org      1  2026-11-21 07:51:00 +01:00  [CRIT] web1  451 later
";
    assert_eq!(place.ask(10, &["outbox"]).text(), expected);
    assert_eq!(place.ask(10, &["outbox", "list"]).text(), expected);
    let lost = place.ask(10, &["outbox", "--lost"]).text();
    assert!(lost.contains("failed") && lost.contains("550 no such user\\u{1b}[2J") && !lost.contains("451"), "{lost}");
    let all = place.ask(10, &["outbox", "list", "--all", "--format", "json"]).json();
    let states: Vec<_> = all.iter().map(|delivery| delivery["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["retry", "failed"], "the newest first");
    let reply = all[1]["last_reply"].as_str().unwrap();
    assert_eq!(reply, "550 no such user\\u{1b}[2J\\u{202e}");
    assert_eq!((&all[0]["next_attempt_ms"], all[1].get("next_attempt_ms")), (&at(34).as_millis().into(), None));
    assert_eq!(place.ask(10, &["outbox", "--all", "--limit", "1"]).text().lines().count(), 4);
}

#[test]
fn a_mail_is_tried_again_or_dropped_by_its_number() {
    let place = place();
    assert!(place.ask(10, &["outbox", "retry", "2"]).text().contains("2: due now"));
    assert!(place.ask(10, &["outbox"]).text().contains("  now  "));
    assert!(place.ask(10, &["outbox", "retry", "1"]).text().contains("1: due now"), "it was refused");
    assert!(place.ask(11, &["outbox", "drop", "1"]).text().contains("counts as told"));
    let states = |state: &str| place.ask(11, &["outbox", "--all"]).text().matches(state).count();
    assert_eq!((states("suppressed"), states("retry") + states("pending")), (1, 1));
}

#[test]
fn all_that_waits_is_tried_again_and_nothing_else() {
    let place = place();
    assert_eq!(
        place.ask(10, &["outbox", "retry", "all"]).text(),
        "1 due now; fleet-alerter tries them at its next run\n"
    );
    assert!(place.ask(10, &["outbox", "--lost"]).text().contains("failed"));
}

#[test]
fn a_number_that_is_not_there_is_named() {
    let place = place();
    let retried = place.ask(10, &["outbox", "retry", "77"]);
    assert_eq!(
        (retried.status, retried.told.as_str()),
        (1, "error: there is no delivery 77 that could be tried again")
    );
    let dropped = place.ask(10, &["outbox", "drop", "1"]);
    assert!(dropped.status == 1 && dropped.told.contains("delivery 1 that waits"), "{dropped:?}");
    for wrong in [vec!["outbox", "retry"], vec!["outbox", "retry", "x"], vec!["outbox", "--all", "--lost"]] {
        assert_eq!(place.ask(10, &wrong).status, 2, "{wrong:?}");
    }
    place.ask(10, &["outbox", "drop", "2"]).text();
    assert_eq!(place.ask(10, &["outbox"]).text(), "no mail waits\n");
}
