//! Mails on their way: servers that are down, refuse, stall or vanish, at every step.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use alerter::Surroundings;
use alerter::deliver::Timeouts;
use storage::{Store, Way};
use tokio_util::sync::CancellationToken;

use crate::fleet::{Fleet, at, client, memory, quick};
use crate::smtp_server::{Answer, CLOSED_PORT, Heard, SmtpServer, Verb, message_id};

const THREE: &str = "a@example.org,b@example.org,c@example.org";

/// A fleet with one alert for three people, which is one mail with three deliveries.
pub(crate) fn fleet(port: u16) -> Fleet {
    firing(Fleet::new(port, &web1()))
}

fn firing(fleet: Fleet) -> Fleet {
    fleet.measure(0, &[("web1", memory(90))]);
    fleet
}

fn web1() -> String {
    client("web1", THREE, r#"<alert type="memory" limit="85"/>"#)
}

fn recipients(taken: &[(String, Vec<u8>)]) -> Vec<&str> {
    taken.iter().map(|(to, _)| to.as_str()).collect()
}

fn lines(server: &SmtpServer) -> Vec<String> {
    let line = |heard| match heard {
        Heard::Line(line) => Some(line),
        Heard::Mail { .. } => None,
    };
    server.heard().into_iter().filter_map(line).collect()
}

fn says(lines: &[String], word: &str) -> bool {
    lines.iter().any(|line| line.starts_with(word))
}

/// Times out soon where the server is silent, by the deadline of the whole attempt alone.
pub(crate) fn impatient() -> Timeouts {
    Timeouts { attempt: Duration::from_millis(300), goodbye: Duration::from_millis(1), ..quick() }
}

#[test]
fn a_mail_reaches_each_recipient_once_over_one_connection_with_the_stored_bytes() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let server = SmtpServer::start(move |said| {
        count.fetch_max(said.connection + 1, Ordering::SeqCst);
        Answer::Usual
    });
    let fleet = fleet(server.port);
    // Before anything is sent, to see what is stored.
    let stored = {
        let (setting, now, stop) = (fleet.setting(), || at(1), CancellationToken::new());
        alerter::dry_run(&setting, &Surroundings::new(&now, &stop)).unwrap().letters.remove(0).1.content
    };
    let report = fleet.alert(1);
    assert_eq!((report.deliveries.sent, report.undelivered), (3, 0));
    let taken = server.taken();
    assert_eq!(recipients(&taken), ["a@example.org", "b@example.org", "c@example.org"]);
    let without_id = |content: &[u8]| String::from_utf8(content.to_vec()).unwrap().replace(&message_id(content), "");
    assert!(taken.iter().all(|(_, content)| without_id(content) == without_id(&stored)));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    fleet.alert(2);
    assert_eq!(server.taken(), [], "nothing is sent twice");
}

#[test]
fn what_could_not_be_sent_while_the_server_was_down_is_sent_when_it_is_back() {
    let fleet = fleet(CLOSED_PORT);
    let report = fleet.alert(1);
    assert_eq!((report.mails, report.deliveries.postponed, report.undelivered), (1, 1, 3));
    assert_eq!(fleet.due(1), ["b@example.org", "c@example.org"], "those that were not tried are not put off");
    let server = SmtpServer::friendly();
    fleet.configure(&format!(r#"host="127.0.0.1" port="{}""#, server.port), &web1());
    assert_eq!(fleet.alert(2).undelivered, 0);
    assert_eq!(server.taken().len(), 3);
}

#[test]
fn one_refused_recipient_does_not_keep_the_others_from_theirs() {
    for (answer, failed, postponed) in [("550 no such user", 1, 0), ("450 greylisted", 0, 1)] {
        for refused in ["a@example.org", "b@example.org", "c@example.org"] {
            let server = SmtpServer::start(move |said| {
                let refuse = said.verb == Verb::Rcpt && said.line.contains(refused);
                if refuse { Answer::Say(answer) } else { Answer::Usual }
            });
            let report = fleet(server.port).alert(1);
            let deliveries = report.deliveries;
            assert_eq!((deliveries.sent, deliveries.failed, deliveries.postponed), (2, failed, postponed), "{answer}");
            let taken = server.taken();
            assert!(taken.len() == 2 && !recipients(&taken).contains(&refused), "{refused}: {:?}", recipients(&taken));
        }
    }
}

#[test]
fn a_recipient_this_version_can_not_read_keeps_no_other_from_theirs() {
    let fleet = fleet(CLOSED_PORT);
    fleet.alert(1);
    fleet.damage("b@example.org", "b example.org");
    let server = SmtpServer::friendly();
    fleet.configure(&format!(r#"host="127.0.0.1" port="{}""#, server.port), &web1().replace("b@example.org,", ""));
    let report = fleet.alert(2);
    assert_eq!((report.deliveries.sent, report.undelivered), (2, 1));
    assert_eq!(server.taken().len(), 2);
}

#[test]
fn a_message_that_is_refused_for_good_is_not_sent_again() {
    let spam = Answer::Say("554 looks like spam");
    let server = SmtpServer::start(move |said| if said.verb == Verb::Message { spam } else { Answer::Usual });
    let fleet = fleet(server.port);
    let report = fleet.alert(1);
    assert_eq!((report.deliveries.failed, report.undelivered), (3, 0));
    assert_eq!(fleet.waiting(), []);
}

#[test]
fn without_an_answer_to_the_message_it_is_sent_again_with_the_same_bytes() {
    for answer in [Answer::Close, Answer::SayAndClose("25")] {
        let server = SmtpServer::start(move |said| {
            let vanish = said.verb == Verb::Message && said.connection < 2;
            if vanish { answer } else { Answer::Usual }
        });
        let fleet = firing(Fleet::new(server.port, &web1().replace(THREE, "a@example.org")));
        for (minute, next) in [(1, 2), (2, 4)] {
            assert_eq!(fleet.alert(minute).deliveries.postponed, 1);
            assert_eq!(
                (fleet.due(next - 1).len(), fleet.due(next).len()),
                (0, 1),
                "soon, while the receiver still remembers the Message-ID, and then less often"
            );
        }
        assert_eq!(fleet.alert(4).undelivered, 0);
        let contents: Vec<Vec<u8>> = server
            .heard()
            .into_iter()
            .filter_map(|heard| match heard {
                Heard::Mail { content, .. } => Some(content),
                Heard::Line(_) => None,
            })
            .collect();
        assert_eq!(contents.len(), 3);
        assert!(contents.iter().all(|content| *content == contents[0]));
    }
}

#[test]
fn the_intent_is_committed_before_the_server_hears_of_the_mail() {
    let database = Arc::new(OnceLock::<PathBuf>::new());
    let (path, seen) = (database.clone(), Arc::new(AtomicUsize::new(0)));
    let checked = seen.clone();
    let server = SmtpServer::start(move |said| {
        if said.verb == Verb::Mail {
            // A delivery under way is not due; one that was not committed as such would be.
            let store = Store::open_existing(path.get().unwrap(), at(1)).unwrap();
            assert_eq!(store.due_deliveries(Way::Mail, at(1), 9).unwrap(), []);
            assert_eq!(store.undelivered().unwrap(), 1);
            checked.fetch_add(1, Ordering::SeqCst);
        }
        Answer::Usual
    });
    let fleet = firing(Fleet::new(server.port, &web1().replace(THREE, "a@example.org")));
    database.set(fleet.database()).unwrap();
    assert_eq!(fleet.alert(1).deliveries.sent, 1);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[test]
fn what_a_killed_run_was_sending_is_sent_again() {
    let server = SmtpServer::friendly();
    let fleet = fleet(CLOSED_PORT);
    fleet.alert(1);
    let mut store = fleet.store();
    let due = store.due_deliveries(Way::Mail, at(5), 1).unwrap();
    // As far as a run comes that is killed in mid-send.
    assert!(store.begin_attempt(due[0].id, at(5)).unwrap());
    assert_eq!(fleet.due(6).len(), 2);
    fleet.configure(&format!(r#"host="127.0.0.1" port="{}""#, server.port), &web1());
    fleet.alert(6);
    let taken = server.taken();
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|(_, content)| *content == due[0].content));
}

#[test]
fn a_refused_login_or_sender_stops_the_run_and_gives_nothing_up() {
    let login = r#"username="fleet" password="secret""#;
    for (verb, answer) in [
        (Verb::Connect, "554 go away"),
        (Verb::Ehlo, "550 who are you"),
        (Verb::Auth, "535 wrong password"),
        (Verb::Auth, "454 try later"),
        (Verb::Mail, "550 not from there"),
        (Verb::Mail, "421 closing"),
    ] {
        let server = SmtpServer::start(move |said| if said.verb == verb { Answer::Say(answer) } else { Answer::Usual });
        let smtp = format!(r#"host="127.0.0.1" port="{}" {login}"#, server.port);
        let fleet = firing(Fleet::with_smtp(&smtp, &web1()));
        let report = fleet.alert(1);
        assert_eq!((report.deliveries.postponed, report.undelivered), (1, 3), "{answer}");
        let waiting: Vec<u32> = fleet.waiting().iter().map(|delivery| delivery.attempts).collect();
        assert_eq!(waiting, [0, 0, 1], "{answer}");
        let tried = lines(&server).iter().filter(|line| line.starts_with("MAIL")).count();
        assert_eq!(tried, usize::from(verb == Verb::Mail), "{answer}");
    }
}

#[test]
fn without_starttls_on_offer_neither_password_nor_mail_is_sent() {
    let server = SmtpServer::friendly();
    let login = r#"username="fleet" password="secret""#;
    let smtp = |security| format!(r#"host="127.0.0.1" port="{}" security="{security}" {login}"#, server.port);
    let fleet = firing(Fleet::with_smtp(&smtp("starttls"), &web1()));
    assert_eq!(fleet.alert(1).undelivered, 3);
    let said = lines(&server);
    assert!(says(&said, "EHLO"));
    assert!(!says(&said, "AUTH") && !says(&said, "MAIL"), "{said:?}");
    // On this machine a password may go in plain text: the same server then sees it.
    fleet.configure(&smtp("none"), &web1());
    assert_eq!(fleet.alert(2).undelivered, 0);
    assert!(says(&lines(&server), "AUTH"));
}

#[test]
fn a_password_is_never_sent_in_plain_text_to_what_may_be_another_machine() {
    let server = SmtpServer::friendly();
    let smtp = format!(r#"host="127.0.0.1" port="{}" username="fleet" password="secret""#, server.port);
    let fleet = firing(Fleet::with_smtp(&smtp, &web1()));
    let mut setting = fleet.setting();
    // Resolves to this machine, but does not say so. config.xml would not have it.
    setting.config.smtp.host = "127.1".to_owned();
    let (now, stop) = (|| at(1), tokio_util::sync::CancellationToken::new());
    let around = alerter::Surroundings { timeouts: quick(), ..alerter::Surroundings::new(&now, &stop) };
    assert_eq!(alerter::run(&setting, &around).unwrap().undelivered, 3);
    let said = lines(&server);
    assert!(says(&said, "EHLO") && !says(&said, "AUTH"), "{said:?}");
}

#[test]
fn a_server_that_stalls_anywhere_costs_one_deadline_and_loses_nothing() {
    for verb in [Verb::Connect, Verb::Ehlo, Verb::Mail, Verb::Rcpt, Verb::Data, Verb::Message] {
        let server = SmtpServer::start(move |said| if said.verb == verb { Answer::Stall } else { Answer::Usual });
        let fleet = fleet(server.port);
        let report = fleet.try_alert(1, impatient()).unwrap();
        assert_eq!((report.deliveries.postponed, report.undelivered), (1, 3), "{verb:?}");
        assert_eq!(fleet.due(1), ["b@example.org", "c@example.org"], "{verb:?}");
    }
}

#[test]
fn a_silent_server_is_left_by_the_timeout_of_the_step_too() {
    let server = SmtpServer::start(|said| if said.verb == Verb::Rcpt { Answer::Stall } else { Answer::Usual });
    let fleet = fleet(server.port);
    let timeouts = Timeouts { command: Duration::from_secs(1), ..quick() };
    assert_eq!(fleet.try_alert(1, timeouts).unwrap().undelivered, 3);
    assert_eq!(fleet.due(1), ["b@example.org", "c@example.org"], "they do not wait for it one after the other");
    assert!(says(&lines(&server), "RCPT"));
}

#[test]
fn a_broken_connection_before_the_message_is_handed_over_concerns_this_delivery_alone() {
    for verb in [Verb::Rcpt, Verb::Data] {
        let server = SmtpServer::start(move |said| match said.connection {
            0 if said.verb == verb => Answer::Close,
            _ => Answer::Usual,
        });
        let fleet = fleet(server.port);
        let report = fleet.alert(1);
        assert_eq!((report.deliveries.sent, report.deliveries.postponed), (2, 1), "{verb:?}");
        assert_eq!(recipients(&server.taken()), ["b@example.org", "c@example.org"]);
    }
}
