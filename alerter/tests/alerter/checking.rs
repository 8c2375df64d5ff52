//! `fleet-alerter check`: everything that config.xml says, and what is wrong with what it names.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use crate::fleet::Fleet;
use crate::office::{Office, host, used};

const CLOSED_PORT: u16 = 1;

fn check(fleet: &Fleet) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet-alerter"));
    command.env_clear().arg("check").arg("--config").arg(fleet.config()).arg("--state-dir").arg(fleet.state_dir());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_leaves_out_nothing_that_config_xml_says() {
    let alerts = r#"
        <alert type="disk" warn="85%" crit="95%" and-free-below="20GB" forecast="36h" repeat="4h" url="https://wiki"
               text="call us" escalate-after="2h" escalate-to="boss@example.org" active="Mon-Fri 08-18"/>
        <alert type="interface-in" limit="1KiB"/>
        <alert type="check:backup" limit="2" severity="warning"/>
        <maintenance cron="0 3 * * 0" lasting="90m" comment="updates"/>"#;
    let alerter = r#"<alerter mail="ops@example.org" timezone="Europe/Berlin" late-after="2h" heartbeat="24h">
        <alert type="collector" limit="30m"/></alerter><notifier name="chat" command="/bin/true --room ops"/>"#;
    let web1 = host("web1", r#"parent="gate""#, "ops@example.org, exec:chat", alerts);
    let fleet = Fleet::new(CLOSED_PORT, &[alerter, &web1, &host("gate", "", "ops@example.org", "")].concat());
    let output = check(&fleet);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for line in [
        "alerter   tells ops@example.org of the fleet as a whole, times in Europe/Berlin, at most 20 mails an hour each\n",
        "repeats   critical every 4 h, warning every 1 d\n",
        "late      what is older than 2 h\n",
        "heartbeat after 1 d\n",
        "templates built in\n",
        "notifier  exec:chat is /bin/true --room ops, at most 30 s\n",
        "  collector            warning after 30 min without a finished run; tells ops@example.org (line",
        "  behind gate: not told while that one is down\n",
        "  maintenance at 0 3 * * 0 (Europe/Berlin) for 1 h 30 min: updates\n",
        "warning from 85% on, over at 80.75%; critical from 95% on, over at 90.25%; ",
        "only if less than 20 GB are available; ",
        "repeats every 4 h; escalates to boss@example.org, 2 h after the first word; hours Mon-Fri 08-18; see https://wiki; says call us (line",
        "below 36 h, over at 37 h 48 min; ",
        "only if at least 70% are in use; ",
        "from 1 KiB/s on",
        "  check check=backup   warning when it says critical; ",
        "unreachable after 2 in a row, login after 2 in a row, host-key, probe after 2 in a row",
    ] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    fleet.configure(r#"host="127.0.0.1" port="1""#, r#"<alerter mail="a@example.org"/>"#);
    let shown = text(&check(&fleet).stdout);
    let collector = "critical after three usual intervals without a finished run; tells a@example.org (built in)\n";
    assert!(shown.contains(collector), "{shown}");
}

#[test]
fn a_notifier_that_can_not_be_started_is_a_mistake() {
    let notifier = |path: &str| format!(r#"<notifier name="chat" command="{path} x"/>"#);
    let web1 = host("web1", "", "exec:chat", "");
    let fleet = Fleet::new(CLOSED_PORT, "");
    let folder = fleet.state_dir();
    let plain = folder.join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&plain, Permissions::from_mode(0o644)).unwrap();
    let missing = folder.join("missing");
    for (path, why) in
        [(&missing, "can't be started: No such file"), (&plain, "is not executable"), (&folder, "is no file")]
    {
        fleet
            .configure(r#"host="127.0.0.1" port="1""#, &[notifier(&path.display().to_string()), web1.clone()].concat());
        let output = check(&fleet);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("error: notifier \"chat\": {} {why}", path.display())), "{said}");
        assert!(text(&output.stdout).contains("notifier  exec:chat is "), "all the same it is described");
    }
}

#[test]
fn every_template_with_a_mistake_is_named_with_its_file() {
    let fleet = Fleet::new(CLOSED_PORT, "");
    let [mail, html] = ["mail.txt", "mail.html"].map(|name| fleet.state_dir().join(name));
    fs::write(&mail, "{{ sbject }}").unwrap();
    fs::write(&html, "{% if %}").unwrap();
    let alerter = format!(r#"<alerter text-template="{}" html-template="{}"/>"#, mail.display(), html.display());
    fleet.configure(r#"host="127.0.0.1" port="1""#, &alerter);
    let output = check(&fleet);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("error: text-template {}: line 1: undefined value: {{{{ sbject }}}}\n", mail.display())),
        "{said}"
    );
    assert!(said.contains(&format!("error: html-template {}: line 1: syntax error", html.display())), "{said}");
}

#[test]
fn a_template_that_is_missing_leaves_the_other_one_and_is_named_in_the_digest() {
    let office = Office::new("");
    let mail = office.fleet.state_dir().join("mail.txt");
    fs::write(&mail, "my own words\n").unwrap();
    let alerter = |html: &str| {
        let rest = host("web1", "", "ops@example.org", r#"<alert type="memory" limit="85%"/>"#);
        let own = format!(r#"mail="boss@example.org" text-template="{}" html-template="{html}""#, mail.display());
        crate::office::config(&own, &rest)
    };
    office.configure_all(&alerter("/no/such/file"));
    office.fleet.visit(0, &[("web1", used(90))]);
    assert_eq!(office.run(0)[0].text, "my own words\n");
    office.digest(5, 1);
    let digest = office.mails().remove(0);
    assert!(digest.text.contains("html-template /no/such/file: can't be read: No such file"), "{}", digest.text);
}

#[test]
fn a_run_warns_of_a_template_once_however_many_mails_it_makes() {
    let alert = r#"<alert type="memory" limit="85%"/>"#;
    let office = Office::new("");
    let mail = office.fleet.state_dir().join("mail.txt");
    fs::write(&mail, "{{ sbject }}").unwrap();
    let hosts = ["a", "b", "c"].map(|name| host(name, "", &format!("{name}@example.org"), alert)).concat();
    office.configure_all(&crate::office::config(&format!(r#"text-template="{}""#, mail.display()), &hosts));
    office.fleet.visit(0, &["a", "b", "c"].map(|name| (name, used(90))));
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet-alerter"));
    command.env_clear().args(["run", "-v", "--config"]).arg(office.fleet.config());
    let output = command.arg("--state-dir").arg(office.fleet.state_dir()).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), office.mails().len()), (Some(0), 3), "{said}");
    assert_eq!(said.matches("the built-in template").count(), 1, "{said}");
    assert!(said.contains(&format!("text-template {}: line 1: undefined value", mail.display())), "{said}");
}
