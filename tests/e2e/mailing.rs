//! No alert is lost on its way, none is told twice without need.

use harness::{Exim, Measured, Proxy, run};

use crate::World;
use crate::paper::{LOGIN, Paper, now_ms};

/// A world with a mail server, and one host that is over its limit.
fn over_its_limit(address: &str) -> (World, Exim) {
    let world = World::new(&[address]);
    let exim = Exim::start(&world.dir.path().join("exim"));
    open_relay(&world);
    let smtp = format!(
        r#"<smtp host="127.0.0.1" port="{}" from="fleet@example.org"/>
           <defaults mail="ops@example.org"><alert type="memory" limit="1%"/></defaults>"#,
        exim.port,
    );
    world.server.watch(&world.sshd, &[address], &smtp);
    (world, exim)
}

/// Lets the mail server take mail without login, in plain text, from loopback.
fn open_relay(world: &World) {
    run(std::process::Command::new("touch").arg(world.dir.path().join("exim/open")));
}

#[test]
fn a_mail_server_that_was_down_gets_the_mail_when_it_is_up() {
    let (world, mut exim) = over_its_limit("127.0.5.1");
    world.server.collector(&[]).expect(0);
    exim.stop();
    world.server.alerter(&[]).expect(3);
    assert_eq!(world.server.value("SELECT state || ' ' || attempts FROM delivery"), "retry 1");
    let message_id = world.server.value("SELECT message_id FROM mail");
    exim.start_again();
    world.server.make_deliveries_due();
    world.server.alerter(&[]).expect(0);
    assert_eq!(exim.taken(), 1);
    assert_eq!(exim.mails(1)[0].message_id, message_id);
}

#[test]
fn an_alerter_that_was_off_for_50_runs_treats_all_of_them() {
    let (world, exim) = over_its_limit("127.0.5.2");
    for _ in 0..50 {
        world.server.collector(&[]).expect(0);
    }
    assert_eq!(world.server.value("SELECT count(*) FROM sample WHERE treated_ms IS NULL"), "50");
    world.server.alerter(&[]).expect(0);
    assert_eq!(world.server.value("SELECT count(*) FROM sample WHERE treated_ms IS NULL"), "0");
    assert_eq!(world.server.value("SELECT count(*) FROM outcome WHERE treated_ms IS NULL"), "0");
    assert_eq!(exim.taken(), 1, "one alert that has been firing all along is one mail");
    let since = "SELECT since_ms = (SELECT min(taken_ms) FROM sample) FROM alert";
    assert_eq!(world.server.value(since), "1", "it began with the oldest sample");
}

#[test]
fn killed_right_after_the_servers_250_the_alerter_sends_the_same_message_again() {
    let (world, exim) = over_its_limit("127.0.5.3");
    world.server.collector(&[]).expect(0);
    let (proxy, accepted) = Proxy::that_stops_at(exim.port, "250 OK id=");
    let path = world.dir.path().join("server/config.xml");
    let xml = std::fs::read_to_string(&path).unwrap();
    world.server.configure(&xml.replace(&exim.port.to_string(), &proxy.port.to_string()));
    let mut alerter = world.server.spawn("fleet-alerter", &[]);
    accepted.recv_timeout(harness::PATIENCE).unwrap();
    alerter.kill();
    world.server.configure(&xml);
    assert_eq!(exim.mails(1).len(), 1, "the server had taken the mail");
    assert_eq!(world.server.value("SELECT state FROM delivery"), "sending");

    world.server.alerter(&[]).expect(0);
    let mails = exim.mails(2);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id, mails[1].message_id);
    assert_eq!(body(&mails[0].text), body(&mails[1].text));
    assert_eq!(world.server.value("SELECT state FROM delivery"), "sent");
    world.server.alerter(&[]).expect(0);
    assert_eq!(exim.taken(), 2);
}

fn body(mail: &str) -> &str {
    mail.split_once("\n\n").unwrap().1
}

#[test]
fn a_recipient_the_server_refuses_does_not_keep_the_mail_from_the_others() {
    let (world, exim) = over_its_limit("127.0.5.4");
    let path = world.dir.path().join("server/config.xml");
    let xml = std::fs::read_to_string(&path).unwrap();
    world.server.configure(&xml.replace("mail=\"ops@", "mail=\"nobody@example.org,ops@"));
    world.server.collector(&[]).expect(0);
    world.server.alerter(&[]).expect(3);
    assert_eq!(exim.mails(1)[0].recipient, "ops@example.org");
    let states = world.server.sql("SELECT recipient || ' ' || state FROM delivery ORDER BY recipient");
    assert_eq!(states, ["nobody@example.org failed", "ops@example.org sent"]);
}

#[test]
fn test_mail_arrives() {
    let (world, exim) = over_its_limit("127.0.5.5");
    world.server.alerter(&["test-mail", "someone@example.org"]).expect(0);
    assert_eq!(exim.mails(1)[0].recipient, "someone@example.org");
}

#[test]
fn a_dry_run_prints_the_mail_and_changes_nothing() {
    let (world, exim) = over_its_limit("127.0.5.6");
    world.server.collector(&[]).expect(0);
    let printed = world.server.alerter(&["--dry-run"]).expect(0).stdout;
    assert!(printed.contains("memory") && printed.contains("ops@example.org"), "{printed}");
    assert_eq!(world.server.value("SELECT count(*) FROM sample WHERE treated_ms IS NULL"), "1");
    assert_eq!(world.server.value("SELECT count(*) FROM mail"), "0");
    world.server.alerter(&[]).expect(0);
    assert_eq!(exim.mails(1).len(), 1);
}

/// Mail as people should set it up: with a login, over TLS, by a certificate of an authority of their own.
fn over_tls(world: &World, exim: &Exim, address: &str, security: &str) {
    let password = world.server.dir.join("smtp-password");
    std::fs::write(&password, "letmein\n").unwrap();
    run(std::process::Command::new("chmod").arg("600").arg(&password));
    let port = if security == "tls" { exim.tls_port } else { exim.port };
    let smtp = format!(
        r#"<smtp host="localhost" port="{port}" security="{security}" username="fleet" password-file="smtp-password"
                 ca-file="{}" from="fleet@example.org"/>
           <defaults mail="ops@example.org"><alert type="memory" limit="1%"/></defaults>"#,
        exim.ca_file().display(),
    );
    world.server.watch(&world.sshd, &[address], &smtp);
}

#[test]
fn a_mail_over_tls_with_a_login_is_read_by_another_program_as_it_was_meant() {
    for (address, security) in [("127.0.5.7", "starttls"), ("127.0.5.8", "tls")] {
        let world = World::new(&[address]);
        let exim = Exim::start(&world.dir.path().join("exim"));
        over_tls(&world, &exim, address, security);
        world.server.collector(&[]).expect(0);
        world.server.alerter(&[]).expect(0);
        let mail = exim.mails(1).remove(0);
        let log = exim.log();
        assert!(log.contains(" X=TLS1.") && log.contains(" A=plain:fleet"), "{security}: {log}");
        assert_eq!((mail.recipient.as_str(), exim.taken()), ("ops@example.org", 1));
        let read = read_by_python(&mail.text);
        assert_eq!(read["defects"], serde_json::json!([]), "{}", mail.text);
        assert_eq!(read["types"], serde_json::json!(["multipart/alternative", "text/plain", "text/html"]));
        let subject = read["subject"].as_str().unwrap();
        assert!(subject.contains(address) && subject.contains("memory") && subject.contains("limit 1%"), "{subject}");
        assert_eq!(read["to"], "ops@example.org");
        assert_eq!(read["auto_submitted"], "auto-generated");
        for part in ["plain", "html"] {
            assert!(read[part].as_str().unwrap().contains("memory"), "{part}: {read}");
        }
    }
}

#[test]
fn a_server_with_a_certificate_that_nobody_vouches_for_gets_neither_password_nor_mail() {
    for (address, security) in [("127.0.5.9", "starttls"), ("127.0.5.10", "tls")] {
        let world = World::new(&[address]);
        let exim = Exim::start(&world.dir.path().join("exim"));
        over_tls(&world, &exim, address, security);
        let path = world.server.dir.join("config.xml");
        let xml = std::fs::read_to_string(&path).unwrap();
        world.server.configure(&xml.replace(&format!("ca-file=\"{}\"", exim.ca_file().display()), ""));
        world.server.collector(&[]).expect(0);
        let said = world.server.alerter(&[]).expect(3).stderr;
        assert!(said.contains("certificate"), "{security}: {said}");
        assert_eq!(exim.taken(), 0, "{security}");
        assert!(!exim.log().contains("A=plain"), "{security}: {}", exim.log());
        world.server.configure(&xml);
        world.server.make_deliveries_due();
        world.server.alerter(&[]).expect(0);
        assert_eq!(exim.taken(), 1, "{security}: it waited for a server that can be trusted");
    }
}

/// What Python's own parser makes of a mail.
fn read_by_python(mail: &str) -> serde_json::Value {
    let program = "
import email, email.policy, json, sys
mail = email.message_from_bytes(open(sys.argv[1], 'rb').read(), policy=email.policy.default)
parts = list(mail.walk())
part = lambda kind: mail.get_body((kind,)).get_content()
print(json.dumps({
    'types': [part.get_content_type() for part in parts],
    'defects': [str(defect) for part in parts for defect in part.defects]
        + [str(defect) for header in mail.values() for defect in getattr(header, 'defects', [])],
    'subject': mail['Subject'], 'to': mail['To'], 'auto_submitted': mail['Auto-Submitted'],
    'headers': mail.keys(), 'plain': part('plain'), 'html': part('html'),
}))";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail");
    std::fs::write(&path, mail).unwrap();
    serde_json::from_str(&run(std::process::Command::new("python3").args(["-c", program]).arg(path))).unwrap()
}

#[test]
fn what_a_host_calls_its_mounts_reaches_no_header_and_no_html() {
    let paper = Paper::new(&["web1"], "ops@example.org", r#"<alert type="disk" limit="90%"/>"#);
    let dir = tempfile::tempdir().unwrap();
    let exim = Exim::start(&dir.path().join("exim"));
    run(std::process::Command::new("touch").arg(dir.path().join("exim/open")));
    let port = format!("port=\"{}\"", exim.port);
    let alerts = r#"<alert type="disk" limit="90%"/>"#;
    let hosts = format!(
        "<defaults {LOGIN} mail=\"ops@example.org\">{alerts}</defaults><client name=\"web1\" ip=\"192.0.2.1\"/>"
    );
    paper.configure(&port, &hosts);
    let at = now_ms();
    let sample = paper.visit("web1", at, &Measured::default());
    for mount in
        ["/a\r\nBcc: thief@example.org\r\n\r\nx", "/<script>alert(1)</script>", "/\u{1b}[2J\u{202e}", "/=?utf-8?q?x?="]
    {
        paper.rows.filesystem(sample, mount, 97.0, 1.0);
    }
    paper.server.alerter(&[]).expect(0);
    let mails = exim.mails(1);
    assert_eq!((mails.len(), mails[0].recipient.as_str()), (1, "ops@example.org"));
    let read = read_by_python(&mails[0].text);
    assert_eq!(read["defects"], serde_json::json!([]), "{}", mails[0].text);
    assert!(read["headers"].as_array().unwrap().iter().all(|name| name != "Bcc"), "{}", mails[0].text);
    let (plain, html) = (read["plain"].as_str().unwrap(), read["html"].as_str().unwrap());
    assert!(!html.contains("<script"), "{html}");
    for text in [plain, html] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']) && !text.contains("\nBcc:"), "{text}");
    }
}
