//! What `fleet status` says below its table.

use storage::AttemptEnd;

use crate::place::{Place, client, memory};

#[test]
fn open_problems_are_counted_and_mail_that_waits_for_long_is_told() {
    let alert = r#"<alert type="memory" limit="90%"/>"#;
    let place = Place::new(&[client("web1", alert), client("db1", alert)].concat());
    place.measure(0, &[("web1", memory(97)), ("db1", memory(97))]);
    let before = place.ask(1, &["status"]).text();
    assert!(!before.contains("open problems") && !before.contains("mail:"), "{before}");
    place.judge(1);
    place.mail(2, "ops@example.org", &[1, 2]);
    place.mail(3, "dev@example.org", &[1, 2]);
    let shown = place.ask(4, &["status"]).text();
    assert!(shown.contains("\nopen problems: 2 warning (fleet alerts)\n") && !shown.contains("mail:"), "{shown}");
    let later = place.ask(65, &["status"]).text();
    assert!(later.contains("\nmail: 2 deliveries wait since 2026-11-21 07:19:00 +01:00: fleet outbox\n"), "{later}");
    place.sent(66);
    assert!(!place.ask(67, &["status"]).text().contains("mail:"));
    assert_eq!(place.ask(67, &["status", "--format", "json"]).json().len(), 2);
}

#[test]
fn mail_that_was_lost_in_the_last_week_is_told() {
    let place = Place::new(&client("web1", r#"<alert type="memory" limit="90%"/>"#));
    place.measure(0, &[("web1", memory(97))]);
    place.judge(1);
    let reply = || "550 no such user".to_owned();
    let lost = |minute| {
        let shown = place.ask(minute, &["status"]).text();
        shown.lines().find(|line| line.starts_with("mail:")).unwrap_or_default().to_owned()
    };
    assert_eq!(lost(2), "");
    place.mail(2, "gone@example.org", &[1]);
    place.deliver(2, &AttemptEnd::Failed { reply: reply() });
    assert_eq!(lost(3), "mail: 1 delivery refused by the server in the last 7 days: fleet outbox --lost");
    place.mail(4, "gone@example.org", &[1]);
    place.deliver(4, &AttemptEnd::Failed { reply: reply() });
    place.mail(5, "ops@example.org", &[1]);
    place.deliver(5, &AttemptEnd::Expired { reply: reply() });
    let all = "mail: 2 deliveries refused by the server, 1 given up in the last 7 days: fleet outbox --lost";
    assert_eq!(lost(6), all);
    let week = 7 * 24 * 60;
    assert_eq!(lost(week + 5), "mail: 1 delivery given up in the last 7 days: fleet outbox --lost");
    assert_eq!(lost(week + 6), "");
}
