//! No alert is lost on its way, none is told twice without need.

use harness::{Exim, Proxy, run};

use crate::World;

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
