//! The whole way: config.xml → SSH → probe → envelope → row → rule → mail.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use harness::{Exim, PASSWORD, USER};

use crate::World;

/// A limit every host is over, and one none is.
const ALERTS: &str = r#"<alert type="memory" limit="1%"/><alert type="uptime" limit="999999999999"/>"#;

#[test]
fn a_violated_threshold_becomes_a_mail_and_every_row_is_treated() {
    let world = World::new(&["127.0.1.1"]);
    let exim = Exim::start(&world.dir.path().join("exim"));
    let defaults = format!(r#"<defaults mail="ops@example.org">{ALERTS}</defaults>"#);
    world.server.watch(&world.sshd, &["127.0.1.1"], &(smtp_with_login(&world, &exim) + &defaults));

    let run = world.server.collector(&[]).expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "cron mails whatever is printed");
    assert_eq!(world.outcomes(), ["127.0.1.1 ok"]);
    let sample = world.server.value(
        "SELECT cpu_percent BETWEEN 0 AND 100, cpu_window_ms >= 500, memory_used_percent BETWEEN 1 AND 99,
                load1 >= 0, uptime_seconds > 0, length(boot_id), taken_ms <= received_ms, treated_ms FROM sample",
    );
    assert_eq!(sample, "1|1|1|1|1|36|1|");
    assert_ne!(world.server.value("SELECT count(*) FROM filesystem WHERE mount = '/'"), "0");

    let said = world.server.alerter(&["-vv"]).expect(0);
    let said = said.stdout + &said.stderr;
    assert!(said.contains("ops@example.org") && !said.contains("letmein"), "{said}");
    // AUTH PLAIN sends it as base64 of "\0fleet\0letmein".
    assert!(!said.contains("AGZsZWV0AGxldG1laW4"), "{said}");
    let mails = exim.mails(1);
    assert_eq!(exim.taken(), 1);
    assert_eq!(mails[0].recipient, "ops@example.org");
    assert!(mails[0].text.contains("memory"), "{}", mails[0].text);
    assert!(mails[0].text.contains("127.0.1.1"));
    assert!(exim.log().contains("A=plain:fleet"), "logged in: {}", exim.log());
    assert!(exim.log().contains("X=TLS1.3"), "encrypted: {}", exim.log());
    let untreated = "SELECT (SELECT count(*) FROM sample WHERE treated_ms IS NULL) + (SELECT count(*) FROM outcome WHERE treated_ms IS NULL)";
    assert_eq!(world.server.value(untreated), "0");
    assert_eq!(world.server.value("SELECT state FROM delivery"), "sent");

    world.server.alerter(&[]).expect(0);
    assert_eq!(exim.taken(), 1, "what was told is not told again");

    let status = world.server.fleet(&["status"]).expect(0).stdout;
    assert!(status.contains("127.0.1.1") && status.contains("memory"), "{status}");
}

/// Mail leaves by STARTTLS and with a login.
fn smtp_with_login(world: &World, exim: &Exim) -> String {
    let password = world.dir.path().join("smtp-password");
    fs::write(&password, "letmein\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let (port, ca) = (exim.port, exim.ca_file());
    format!(
        r#"<smtp host="localhost" port="{port}" security="starttls" username="fleet" password-file="{}" ca-file="{}" from="fleet@example.org"/>"#,
        password.display(),
        ca.display(),
    )
}

#[test]
fn the_config_of_2017_works_unchanged_with_passwords() {
    let world = World::new(&["127.0.1.2", "127.0.1.3"]);
    let port = world.sshd.port;
    let client = |address: &str| {
        format!(
            r#"  <client ip="{address}" port="{port}" username="{USER}" password="{PASSWORD}" mail="ops@example.org">
    <alert type="memory" limit="85%" />
    <alert type="cpu" limit="90" />
    <alert type="uptime" limit="8640000" />
  </client>
"#
        )
    };
    world.server.configure(&format!("<config>\n{}{}</config>\n", client("127.0.1.2"), client("127.0.1.3")));
    world.server.collector(&["trust", "--yes", "*"]).expect(0);
    world.server.collector(&[]).expect(0);
    assert_eq!(world.outcomes(), ["127.0.1.2 ok", "127.0.1.3 ok"]);
    assert_eq!(world.sshd.log().matches("Accepted password for monitor").count(), 2);
    world.server.alerter(&["--dry-run"]).expect(0);
    // 3 if this machine is so busy that a mail is owed: nothing listens at localhost:25, the default.
    let status = world.server.alerter(&[]).status;
    assert!(matches!(status, Some(0 | 3)), "{status:?}");
    assert_eq!(world.server.value("SELECT count(*) FROM sample WHERE treated_ms IS NULL"), "0");
}

#[test]
fn no_secret_is_printed_stored_or_left_on_a_host() {
    let world = World::new(&["127.0.1.4"]);
    let (port, address) = (world.sshd.port, "127.0.1.4");
    world.server.configure(&format!(
        r#"<config><client ip="{address}" port="{port}" username="{USER}" password="{PASSWORD}"/></config>"#
    ));
    let mut said = world.server.collector(&["trust", "--yes", "*"]).expect(0).stdout;
    for arguments in [&["-vv"][..], &["check"], &["--format", "json"]] {
        let finished = world.server.collector(arguments).expect(0);
        said += &(finished.stdout + &finished.stderr);
    }
    let private = fs::read_to_string(world.server.state("keys/collector.pem")).unwrap();
    let private = private.lines().nth(3).unwrap();
    assert!(!said.contains(PASSWORD) && !said.contains(private), "{said}");
    assert!(said.contains(address), "the search would find something: {said}");
    let left = [world.sshd.home(address), world.server.state("fleet.db")];
    for path in &left {
        assert!(!contains(path, PASSWORD) && !contains(path, private), "{}", path.display());
    }
    assert!(contains(&left[0], "BEGIN PUBLIC KEY") && contains(&left[1], address), "the search would find something");
}

/// Whether the text is in the file, or in any file below the folder.
fn contains(path: &std::path::Path, text: &str) -> bool {
    let found = std::process::Command::new("grep").args(["-rqaF", "--", text]).arg(path).status().unwrap();
    assert_ne!(found.code(), Some(2), "{} cannot be searched", path.display());
    found.success()
}
