//! `fleet ack`.

use crate::place::{Place, client, memory};

fn place() -> Place {
    let alert = r#"<alert type="memory" limit="90%"/>"#;
    let place = Place::new(&[client("web1", alert), client("db1", alert)].concat());
    place.measure(0, &[("web1", memory(97)), ("db1", memory(97))]);
    place.judge(1);
    place
}

#[test]
fn who_takes_care_is_shown_and_taken_back() {
    let place = place();
    let acked = place.ask(2, &["ack", "1", "2", "--for", "4h", "--comment", "disk\u{1b} ordered"]);
    let until = "acknowledged until 2026-11-21 11:19:00 +01:00";
    assert_eq!(acked.text(), format!("1: {until}\n2: {until}\n"));
    let shown = place.ask(3, &["alerts"]).text();
    assert!(shown.contains("ada takes care until 2026-11-21 11:19:00 +01:00: disk\\u{1b} ordered"), "{shown}");
    assert_eq!(place.ask(4, &["ack", "--undo", "1"]).text(), "1: nobody takes care of it any more\n");
    let left: Vec<bool> = place.incidents().iter().map(|incident| incident.ack.is_some()).collect();
    assert_eq!(left.iter().filter(|acked| **acked).count(), 1);
    assert_eq!(place.ask(5, &["ack", "1", "--by", "bob"]).text(), "1: acknowledged until it is over\n");
}

#[test]
fn an_acknowledgement_that_is_over_is_not_shown() {
    let place = place();
    place.ask(2, &["ack", "1", "--for", "1h"]).text();
    assert!(place.ask(3, &["alerts"]).text().contains("takes care"));
    assert!(!place.ask(200, &["alerts"]).text().contains("takes care"));
}

#[test]
fn what_can_be_done_is_done_and_what_is_not_there_is_named() {
    let place = place();
    let answer = place.ask(2, &["ack", "1", "77", "78"]);
    assert_eq!((answer.status, answer.shown.as_str()), (1, "1: acknowledged until it is over\n"));
    assert_eq!(answer.told, "error: there is no problem 77, 78 that is open");
    let undone = place.ask(3, &["ack", "--undo", "2"]);
    assert_eq!((undone.status, undone.told.as_str()), (1, "error: there is no problem 2 that is acknowledged"));
    for wrong in [vec!["ack"], vec!["ack", "x"], vec!["ack", "--undo", "1", "--for", "2h"]] {
        assert_eq!(place.ask(3, &wrong).status, 2, "{wrong:?}");
    }
    let nobody = place.ask_as(None, 3, &["ack", "1"]);
    assert!(nobody.status == 2 && nobody.told.contains("who you are"), "{nobody:?}");
}
