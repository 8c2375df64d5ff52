//! What `fleet status` says below its table.

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
