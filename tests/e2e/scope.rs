//! What is looked at because config.xml asks for it, and what two visits tell together.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use harness::{eventually, run};

use crate::World;
use crate::crontab::{place, sample};

const HOST: &str = "127.0.5.40";

/// Lets the collector visit the host, with these elements in its configuration.
fn visit(world: &World, elements: &str) {
    world.server.watch(&world.sshd, &[HOST], elements);
    world.server.collector(&[]).expect(0);
}

#[test]
fn a_wanted_process_that_runs_is_told_from_one_that_does_not() {
    let world = World::new(&[HOST]);
    let wanted = "<process name=\"sshd\"/><process name=\"no-such-program\"/><process name=\"cron\" wanted=\"no\"/>";
    visit(&world, &format!("<defaults log-lines=\"3\">{wanted}</defaults>"));
    let told = "SELECT name, min_count, min(count, 1), is_present FROM wanted_process ORDER BY name";
    assert_eq!(world.server.sql(told), ["no-such-program|1|0|0", "sshd|1|1|1"]);
    // The host's own crontab looks at what the latest visit has asked for.
    visit(&world, "<defaults><process name=\"sshd\" min=\"99999\"/></defaults>");
    sample(&place(&world, HOST));
    visit(&world, "");
    let told = "SELECT sample.id, wanted_processes_read, name, min_count, is_present
                FROM sample LEFT JOIN wanted_process ON sample_id = sample.id WHERE sample.id > 1 ORDER BY sample.id";
    assert_eq!(world.server.sql(told), ["2|1|sshd|99999|0", "3|1|sshd|99999|0", "4|0|||"]);
}

#[test]
fn a_custom_check_runs_where_it_is_wanted_and_for_as_long_as_config_xml_lets_it() {
    let world = World::new(&[HOST]);
    let checks = world.sshd.home(HOST).join(".config/fleet-health/checks.d");
    fs::create_dir_all(&checks).unwrap();
    for (name, script) in [("quick", "echo 'fine | used=3'"), ("slow", "sleep 60")] {
        fs::write(checks.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(checks.join(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let owner = format!("--reference={}", world.sshd.home(HOST).display());
    run(Command::new("chown").args(["-R", &owner]).arg(world.sshd.home(HOST).join(".config")));
    // Not so short that a quick one may take longer: it runs at the lowest priority, on a machine that is busy at times.
    visit(&world, "<defaults check-timeout=\"6s\"/>");
    let told = "SELECT sample_id, name, state, output FROM check_result ORDER BY sample_id, name";
    assert_eq!(world.server.sql(told), ["1|quick|ok|fine", "1|slow|unknown|no end after 6 s"]);
    visit(&world, "<defaults checks=\"no\"/>");
    assert_eq!(world.server.value("SELECT count(*) FROM check_result WHERE sample_id = 2"), "0");
}

#[test]
fn a_second_visit_tells_the_mean_since_the_first_one() {
    let world = World::new(&[HOST]);
    visit(&world, "");
    let visit_again = || {
        let waited = std::time::Instant::now();
        // Ticks are 10 ms: nothing is made of less than half a second.
        eventually("half a second", || waited.elapsed().as_millis() > 600);
        visit(&world, "");
    };
    visit_again();
    let told = "SELECT cpu_is_spot, rates_window_ms IS NULL, cpu_window_ms > 400 FROM sample ORDER BY id";
    assert_eq!(world.server.sql(told), ["1|1|1", "0|0|1"]);
    let told = "SELECT abs(b.cpu_window_ms - (b.host_taken_ms - a.host_taken_ms)) < 100 FROM sample a
                JOIN sample b ON b.id = a.id + 1 ORDER BY b.id DESC LIMIT 1";
    // The probe may have been kept waiting between its looks at the two clocks: not in five visits in a row.
    for _ in 0..5 {
        if world.server.value(told) == "1" {
            break;
        }
        visit_again();
    }
    assert_eq!(world.server.value(told), "1");
    let told = "SELECT DISTINCT rates_window_ms = cpu_window_ms FROM sample WHERE id > 1";
    assert_eq!(world.server.sql(told), ["1"]);
}

#[test]
fn a_clock_that_is_right_is_told_as_right_and_only_by_samples_of_visits() {
    let world = World::new(&[HOST]);
    visit(&world, "");
    sample(&place(&world, HOST));
    visit(&world, "");
    assert_eq!(world.server.sql("SELECT clock_skew_ms FROM sample ORDER BY id"), ["0", "", "0"]);
}
