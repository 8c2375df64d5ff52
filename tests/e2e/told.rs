//! Stories of alerts: what happened, and what people were told of it, through the programs as they are used.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use harness::{MailServer, Measured, TakenMail};

use crate::World;
use crate::paper::{LOGIN, Paper, full, now_ms};

const HOUR: Duration = Duration::from_secs(3600);
const MEMORY: &str = r#"<alert type="memory" limit="90%"/>"#;

/// The body of a mail as text: quoted-printable has lines of its own, so it is read without them.
fn text(mail: &TakenMail) -> String {
    String::from_utf8_lossy(&mail.content).replace("=\r\n", "").replace("\r\n", "\n")
}

fn subject(mail: &TakenMail) -> String {
    mail.header("Subject")
}

/// One run of the alerter that leaves nothing waiting; returns the subjects of what came.
fn told(paper: &Paper) -> Vec<String> {
    paper.server.alerter(&[]).expect(0);
    paper.mail.taken().iter().map(subject).collect()
}

/// A visit now to a host that is well, or over its limit of memory.
fn seen(paper: &Paper, host: &str, measured: &Measured) {
    paper.visit(host, now_ms(), measured);
}

fn one_host(alerts: &str) -> Paper {
    Paper::new(&["web1"], "ops@example.org", alerts)
}

#[test]
fn a_host_that_is_down_twice_is_told_once_and_once_more_when_it_is_back() {
    const HOST: &str = "127.0.5.21";
    let world = World::new(&[HOST]);
    let mail = MailServer::friendly();
    let more = format!(
        r#"<smtp host="127.0.0.1" port="{}" from="fleet@example.org"/><defaults mail="ops@example.org"/>"#,
        mail.port
    );
    world.server.watch(&world.sshd, &[HOST], &more);
    let up = fs::read_to_string(world.server.dir.join("config.xml")).unwrap();
    let down = up.replace(&format!("port=\"{}\" username", world.sshd.port), "port=\"1\" username");
    let visit = |xml: &str, status| -> Vec<TakenMail> {
        world.server.configure(xml);
        world.server.collector(&[]).expect(status);
        world.server.alerter(&[]).expect(0);
        mail.taken()
    };
    assert_eq!(visit(&up, 0), []);
    assert_eq!(visit(&down, 3), [], "once may be chance");
    let came = visit(&down, 3);
    assert_eq!(came.len(), 1);
    assert!(subject(&came[0]).starts_with(&format!("[CRIT] {HOST}: host is unreachable")), "{}", subject(&came[0]));
    for _ in 0..3 {
        assert_eq!(visit(&down, 3), [], "it was told");
    }
    let came = visit(&up, 0);
    assert_eq!(came.len(), 1);
    assert!(subject(&came[0]).starts_with(&format!("[OK] {HOST}: ")), "{}", subject(&came[0]));
    assert_eq!(visit(&up, 0), []);
}

#[test]
fn a_silenced_problem_is_told_once_when_the_silence_ends_and_one_that_was_over_by_then_never() {
    let paper = Paper::new(&["web1", "web2"], "ops@example.org", MEMORY);
    let silence =
        ["silence", "add", "--host", "web*", "--for", "2h", "--author", "anna", "--comment", "kernel upgrade"];
    paper.server.fleet(&silence).expect(0);
    seen(&paper, "web1", &full());
    seen(&paper, "web2", &full());
    assert_eq!(told(&paper), [""; 0]);
    seen(&paper, "web2", &Measured::default());
    assert_eq!(told(&paper), [""; 0]);
    paper.rows.let_pass(3 * HOUR);
    seen(&paper, "web1", &full());
    paper.server.alerter(&[]).expect(0);
    let came = paper.mail.taken();
    assert_eq!(came.len(), 1, "{:?}", came.iter().map(subject).collect::<Vec<_>>());
    assert!(subject(&came[0]).contains("web1: memory"), "{}", subject(&came[0]));
    assert!(text(&came[0]).contains("silence"), "{}", text(&came[0]));
    assert_eq!(told(&paper), [""; 0]);
    seen(&paper, "web1", &Measured::default());
    assert!(told(&paper)[0].starts_with("[OK] web1: memory"));
    assert_eq!(paper.server.sql("SELECT untold FROM incident WHERE untold IS NOT NULL"), ["silenced"]);
}

#[test]
fn what_came_and_went_while_mail_was_down_is_told_in_one_mail() {
    let paper = one_host(MEMORY);
    let rest = |port: &str| {
        paper.configure(port, &format!("<defaults {LOGIN} mail=\"ops@example.org\">{MEMORY}</defaults>\n<client name=\"web1\" ip=\"192.0.2.1\"/>"));
    };
    rest("port=\"1\"");
    seen(&paper, "web1", &full());
    paper.server.alerter(&[]).expect(3);
    seen(&paper, "web1", &Measured::default());
    paper.server.alerter(&[]).expect(3);
    rest("");
    paper.server.make_deliveries_due();
    paper.server.alerter(&[]).expect(0);
    let came = paper.mail.taken();
    assert_eq!(
        came.iter().map(subject).map(|subject| subject.starts_with("[MISSED] web1: memory")).collect::<Vec<_>>(),
        [true]
    );
    assert_eq!(told(&paper), [""; 0]);
    assert_eq!(paper.server.sql("SELECT state FROM delivery ORDER BY id"), ["superseded", "sent"]);
}

#[test]
fn a_problem_is_told_again_until_somebody_takes_care_of_it() {
    let paper = one_host(r#"<alert type="memory" limit="90%" repeat="4h"/>"#);
    seen(&paper, "web1", &full());
    assert_eq!(told(&paper).len(), 1);
    assert_eq!(told(&paper), [""; 0]);
    paper.rows.let_pass(5 * HOUR);
    seen(&paper, "web1", &full());
    let again = told(&paper);
    assert!(again.len() == 1 && again[0].contains("(still)"), "{again:?}");
    let incident = paper.server.value("SELECT id FROM incident");
    paper.server.fleet(&["ack", &incident, "--by", "anna", "--comment", "memory is ordered"]).expect(0);
    paper.rows.let_pass(5 * HOUR);
    seen(&paper, "web1", &full());
    assert_eq!(told(&paper), [""; 0], "somebody takes care");
    seen(&paper, "web1", &Measured::default());
    assert!(told(&paper)[0].starts_with("[OK] web1: memory"));
}

#[test]
fn what_maintenance_breaks_and_mends_is_not_told_and_what_it_leaves_broken_is_told_after_it() {
    let paper = Paper::new(&["web1", "web2"], "ops@example.org", MEMORY);
    let rest = |maintenance: &str| {
        format!(
            "<defaults {LOGIN} mail=\"ops@example.org\">{MEMORY}{maintenance}</defaults>
             <client name=\"web1\" ip=\"192.0.2.1\"/><client name=\"web2\" ip=\"192.0.2.2\"/>"
        )
    };
    // Began a few minutes ago, and ends long after this test.
    let minutes = (now_ms() / 60_000 + 24 * 60 - 5) % (24 * 60);
    let cron = format!("{} {} * * *", minutes % 60, minutes / 60);
    let window = format!("<maintenance cron=\"{cron}\" lasting=\"2h\" timezone=\"UTC\" comment=\"upgrade\"/>");
    paper.configure("", &rest(&window));
    seen(&paper, "web1", &full());
    seen(&paper, "web2", &full());
    assert_eq!(told(&paper), [""; 0]);
    seen(&paper, "web2", &Measured::default());
    assert_eq!(told(&paper), [""; 0]);
    paper.configure("", &rest(""));
    let after = told(&paper);
    assert!(after.len() == 1 && after[0].contains("web1: memory"), "{after:?}");
    assert_eq!(paper.server.sql("SELECT untold FROM incident WHERE untold IS NOT NULL"), ["maintenance"]);
}

#[test]
fn a_notifier_gets_what_happened_as_json_on_its_standard_input() {
    let paper = one_host("");
    let heard = paper.server.dir.join("heard");
    let script = paper.server.dir.join("notify");
    fs::write(
        &script,
        format!(
            "#!/bin/sh\n[ \"$1\" = --room ] || exit 7\n[ -e '{0}.fails' ] && exit 1\ncat >> '{0}'\n",
            heard.display()
        ),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    paper.configure(
        "",
        &format!(
            "<notifier name=\"chat\" command=\"{} --room ops\" timeout=\"30s\"/>
             <defaults {LOGIN} mail=\"exec:chat\">{MEMORY}</defaults><client name=\"web1\" ip=\"192.0.2.1\"/>",
            script.display()
        ),
    );
    fs::write(format!("{}.fails", heard.display()), "").unwrap();
    seen(&paper, "web1", &full());
    paper.server.alerter(&[]).expect(3);
    fs::remove_file(format!("{}.fails", heard.display())).unwrap();
    paper.server.make_deliveries_due();
    assert_eq!(told(&paper), [""; 0], "no mail");
    let said: serde_json::Value = serde_json::from_str(&fs::read_to_string(&heard).unwrap()).unwrap();
    let incident = &said["incidents"][0];
    assert_eq!(
        (&incident["host"], &incident["metric"], &incident["kind"]),
        (&"web1".into(), &"memory".into(), &"problem".into())
    );
    assert!(incident["limit"] == 90.0 && (incident["value"].as_f64().unwrap() - 96.0).abs() < 0.01, "{said}");
    assert!(said["subject"].as_str().unwrap().contains("web1: memory"), "{said}");
    told(&paper);
    assert_eq!(fs::read_to_string(&heard).unwrap().lines().count(), 1, "once");
}

#[test]
fn what_comes_home_hours_later_is_told_as_late() {
    let paper = Paper::new(&["web1", "web2"], "ops@example.org", MEMORY);
    seen(&paper, "web2", &full());
    assert_eq!(told(&paper).len(), 1);
    let (now, rows) = (now_ms(), &paper.rows);
    rows.visit(rows.run(now), rows.host("web1", now), now - 6 * 3_600_000, &full());
    paper.server.alerter(&[]).expect(0);
    let came = paper.mail.taken();
    assert_eq!(came.len(), 1);
    assert!(subject(&came[0]).contains("web1: memory"), "{}", subject(&came[0]));
    assert!(text(&came[0]).contains("told late"), "{}", text(&came[0]));
}

#[test]
fn the_first_run_over_a_fleet_in_a_bad_state_is_one_mail_that_says_so() {
    let hosts = ["web1", "web2", "web3", "db1"];
    let paper = Paper::new(&hosts, "ops@example.org, dba@example.org", MEMORY);
    hosts.iter().for_each(|host| seen(&paper, host, &full()));
    paper.server.alerter(&[]).expect(0);
    let came = paper.mail.taken();
    let mut recipients: Vec<&str> = came.iter().flat_map(|mail| mail.to.iter().map(String::as_str)).collect();
    recipients.sort_unstable();
    assert_eq!(recipients, ["dba@example.org", "ops@example.org"], "one mail each");
    assert!(came.iter().all(|mail| subject(mail).starts_with("[INITIAL 4 ")), "{}", subject(&came[0]));
    hosts.iter().for_each(|host| seen(&paper, host, &full()));
    assert_eq!(told(&paper), [""; 0]);
}

#[test]
fn a_collector_that_is_dead_is_one_mail_about_ourselves_and_none_about_hosts() {
    let hosts: Vec<String> = (0..20).map(|number| format!("web{number}")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let paper = Paper::new(&hosts, "ops@example.org", MEMORY);
    hosts.iter().for_each(|host| seen(&paper, host, &Measured::default()));
    assert_eq!(told(&paper), [""; 0]);
    paper.rows.let_pass(HOUR);
    paper.server.alerter(&[]).expect(0);
    let came = paper.mail.taken();
    assert_eq!(came.len(), 1);
    assert!(
        subject(&came[0]).starts_with("[CRIT]") && subject(&came[0]).contains("collector"),
        "{}",
        subject(&came[0])
    );
    assert!(!text(&came[0]).contains("web1"), "{}", text(&came[0]));
    assert_eq!(told(&paper), [""; 0]);
    hosts.iter().for_each(|host| seen(&paper, host, &Measured::default()));
    let back = told(&paper);
    assert!(back.len() == 1 && back[0].starts_with("[OK]") && back[0].contains("collector"), "{back:?}");
}
