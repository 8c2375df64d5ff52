//! Commands that are told beside mail, or instead of it.

use std::time::Duration;

use alerter::deliver::Timeouts;

use crate::fleet::Fleet;
use crate::office::{HOUR, Office, host, used};
use crate::smtp_server::CLOSED_PORT;

const ALERT: &str = r#"<alert type="memory" limit="85"/>"#;

/// A host whose problems go to these, with a command that is this script.
fn office(to: &str, script: &str) -> Office {
    let office = Office::new("");
    let command = script.replace("$FOLDER", office.fleet.state_dir().to_str().unwrap());
    std::fs::write(office.file("tell"), format!("#!/bin/sh\n{command}\n")).unwrap();
    office.configure(&config(&office, to));
    office
}

fn config(office: &Office, to: &str) -> String {
    let script = office.file("tell").display().to_string();
    let notifier = format!(r#"<notifier name="chat" command="/bin/sh {script}"/>"#);
    format!("{notifier}{}", host("web1", "", to, ALERT))
}

#[test]
fn a_command_gets_the_problem_and_its_end_as_json() {
    let office = office("exec:chat", "cat > $FOLDER/$$.new; cat $FOLDER/$$.new >> $FOLDER/said; echo >> $FOLDER/said");
    assert_eq!(office.see(0, &[("web1", used(90))]), [""; 0], "nothing goes by mail");
    let said = office.content("said");
    for part in [
        r#""version":1"#,
        r#""subject":"[WARN] web1: memory 90% (limit 85%)""#,
        r#""host":"web1""#,
        r#""metric":"memory""#,
        r#""kind":"problem""#,
        r#""severity":"warning""#,
        r#""value":90.0"#,
        r#""limit":85.0"#,
        r#""since":"2026-11-21T06:17:00Z""#,
        r#""ended":null"#,
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    office.see(5, &[("web1", used(10))]);
    office.told(10);
    let said = office.content("said");
    assert_eq!(said.trim_end().lines().filter(|line| !line.is_empty()).count(), 2, "{said}");
    assert!(said.contains(r#""kind":"over""#) && said.contains(r#""ended":"2026-11-21T06:22:00Z""#), "{said}");
    assert_eq!((office.states(), office.unsettled()), (vec!["sent".to_owned(); 2], 0));
}

#[test]
fn mail_and_command_are_told_of_one_alert() {
    let office = office("ops@example.org, exec:chat", "cat > $FOLDER/said");
    assert_eq!(office.see(0, &[("web1", used(90))]), ["[WARN] web1: memory 90% (limit 85%)"]);
    assert!(office.content("said").contains("web1: memory 90%"));
    assert_eq!(office.states(), ["sent", "sent"]);
}

#[test]
fn a_command_that_fails_is_tried_again_later_and_later() {
    let office = office("exec:chat", "echo once >> $FOLDER/tries; exit 1");
    office.see(0, &[("web1", used(90))]);
    for minute in 1..=16 {
        office.told(minute);
    }
    // At 0, 1, 3, 7 and 15.
    assert_eq!(office.content("tries").lines().count(), 5);
    assert_eq!(office.states(), ["retry"]);
    assert_eq!(office.incidents()[0].told, []);
}

#[test]
fn a_problem_that_was_over_before_the_command_worked_is_told_once_as_missed() {
    let office = office("exec:chat", "test -e $FOLDER/works && cat >> $FOLDER/said");
    office.see(0, &[("web1", used(90))]);
    office.see(5, &[("web1", used(10))]);
    std::fs::write(office.file("works"), "").unwrap();
    office.told(HOUR);
    office.told(2 * HOUR);
    let said = office.content("said");
    assert!(said.contains(r#""kind":"missed""#) && !said.contains(r#""kind":"problem""#), "{said}");
    assert_eq!((office.states(), office.unsettled()), (vec!["superseded".to_owned(), "sent".to_owned()], 0));
}

#[test]
fn what_waits_for_a_command_that_left_the_configuration_goes_on_when_it_is_back() {
    let office = office("exec:chat", "test -e $FOLDER/works && cat > $FOLDER/said");
    office.see(0, &[("web1", used(90))]);
    office.configure(&host("web1", "", "ops@example.org", ALERT));
    assert_eq!(office.told(5), ["[WARN] web1: memory 90% (limit 85%)"], "mail goes on");
    assert_eq!(office.states(), ["retry", "sent"]);
    std::fs::write(office.file("works"), "").unwrap();
    office.configure(&config(&office, "exec:chat"));
    office.told(HOUR);
    assert!(office.content("said").contains("web1: memory 90%"));
}

#[test]
fn a_command_works_while_mail_can_not_be_sent_for_want_of_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    std::fs::write(folder.path().join("tell"), format!("cat > {}", said.display())).unwrap();
    let notifier = format!(r#"<notifier name="chat" command="/bin/sh {}"/>"#, folder.path().join("tell").display());
    let smtp = format!(r#"host="127.0.0.1" port="{CLOSED_PORT}" username="u" password-env="FLEET_NO_SUCH_PASSWORD""#);
    let fleet =
        Fleet::with_smtp(&smtp, &format!("{notifier}{}", host("web1", "", "ops@example.org, exec:chat", ALERT)));
    fleet.visit(0, &[("web1", used(90))]);
    assert!(fleet.try_alert(0, crate::fleet::quick()).is_err(), "mail could not be sent");
    assert!(std::fs::read_to_string(said).unwrap().contains("web1: memory 90%"));
    assert_eq!(fleet.waiting().len(), 1);
}

/// A fleet with a problem of which `to` is told, and the commands `hangs`, which says once what it began, and `works`.
fn with_a_command_that_hangs(port: u16, to: &str) -> Fleet {
    let fleet = Fleet::new(port, "");
    let folder = fleet.state_dir();
    let mut notifiers = String::new();
    for (name, script) in
        [("hangs", "echo began >> $FOLDER/hangs.said; sleep 1000"), ("works", "cat > $FOLDER/works.said")]
    {
        let file = folder.join(name);
        std::fs::write(&file, script.replace("$FOLDER", folder.to_str().unwrap())).unwrap();
        notifiers += &format!(r#"<notifier name="{name}" command="/bin/sh {}" timeout="1s"/>"#, file.display());
    }
    fleet.configure(
        &format!(r#"host="127.0.0.1" port="{port}""#),
        &format!("{notifiers}{}", host("web1", "", to, ALERT)),
    );
    fleet.visit(0, &[("web1", used(90))]);
    fleet
}

fn began(fleet: &Fleet) -> usize {
    std::fs::read_to_string(fleet.state_dir().join("hangs.said")).unwrap().lines().count()
}

#[test]
fn a_command_that_hangs_takes_no_time_from_mail_and_is_left_alone_for_the_rest_of_the_run() {
    let server = crate::smtp_server::SmtpServer::friendly();
    let to = "exec:hangs, a@example.org, b@example.org, exec:works";
    let fleet = with_a_command_that_hangs(server.port, to);
    // A second mail to the commands, such as a summary would be.
    let more = |number: u32, to: &[&str]| storage::NewMail {
        kind: storage::MailKind::Digest,
        message_id: format!("<{number}@fleet>"),
        subject: "s".into(),
        content: b"{}".to_vec(),
        notices: Vec::new(),
        recipients: to.iter().map(|one| (one.parse().unwrap(), false)).collect(),
    };
    let mails: Vec<_> = (0..150).map(|number| more(number, &["exec:hangs"])).collect();
    fleet.store().create_mails(&mails, &[], crate::fleet::at(0)).unwrap();
    let report = fleet.alert(1);
    assert_eq!((report.deliveries.sent, report.deliveries.postponed), (3, 1));
    assert_eq!(server.taken().len(), 2);
    assert!(fleet.state_dir().join("works.said").exists(), "one that hangs is in no other's way");
    assert_eq!(began(&fleet), 1);
}

#[test]
fn however_long_commands_take_mail_has_a_time_of_its_own() {
    let server = crate::smtp_server::SmtpServer::friendly();
    let fleet = with_a_command_that_hangs(server.port, "exec:hangs, a@example.org");
    let timeouts = Timeouts { delivering: Duration::ZERO, ..crate::fleet::quick() };
    let report = fleet.try_alert(1, timeouts).unwrap();
    assert_eq!((report.deliveries.sent, report.deliveries.postponed), (1, 1));
    assert_eq!((server.taken().len(), began(&fleet)), (1, 1), "each way gets something done");
}

#[test]
fn a_command_that_hangs_is_tried_five_times_later_and_later_and_then_given_up() {
    let fleet = with_a_command_that_hangs(CLOSED_PORT, "exec:hangs");
    for minute in 0..40 {
        fleet.alert(minute);
    }
    // At 0, 1, 3, 7 and 15.
    assert_eq!(began(&fleet), 5);
    let lost = fleet.store().deliveries(storage::DeliveryFilter::Lost, 10).unwrap();
    assert_eq!((lost.len(), lost[0].attempts, lost[0].state.as_str()), (1, 5, "expired"));
}
