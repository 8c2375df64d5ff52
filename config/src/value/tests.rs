use super::*;

#[test]
fn durations_have_a_unit() {
    let seconds = |text| interval(text).unwrap().as_secs();
    assert_eq!(["1s", "5m", " 2h ", "31d"].map(seconds), [1, 300, 7200, 2_678_400]);
    assert_eq!(timeout("500ms"), Ok(Duration::from_millis(500)));
    for text in ["", "5", "5 s", "m", "-1s", "1.5s", "5min", "99999999999999999999s", "18446744073709551615d"] {
        assert_eq!(timeout(text), Err(Complaint::NotADuration), "{text:?}");
    }
    assert_eq!(timeout("0s"), Err(Complaint::DurationOutOfRange { min: "100ms", max: "1h" }));
    assert_eq!(interval("32d"), Err(Complaint::DurationOutOfRange { min: "1s", max: "31d" }));
}

#[test]
fn addresses_are_ips_or_dns_names() {
    for text in
        ["192.0.2.1", "::1", "2001:db8::7", "fe80::1%eth0", "db1", "web_1.example.org", "example.org.", "3com.com"]
    {
        assert_eq!(address(text), Ok(text.to_owned()));
        assert!(host_name(text).is_ok(), "{text:?} can be the client's name");
    }
    for text in
        ["_x", "192.0.2.300", "10.0.0", "a b", "-x", "a..b", "host;id", "ü.example", "1.2.3.4%eth0", "[::1]", "$(id)"]
    {
        assert_eq!(address(text), Err(Complaint::NotAnAddress), "{text:?}");
    }
    for text in ["192.0.2.1:2222", "db1:2222", "[::1]:2222"] {
        assert_eq!(address(text), Err(Complaint::PortInAddress { port: 2222 }));
    }
}

#[test]
fn mail_addresses_are_separated_by_commas_and_told_once() {
    let two = recipients("ops@example.org, root@localhost,ops@example.org").unwrap();
    assert_eq!(two.iter().map(Recipient::as_str).collect::<Vec<_>>(), ["ops@example.org", "root@localhost"]);
    for text in ["a@x;b@x", "a@x b@x", "ops", "a@x\r\nBcc: b@x", "Ops <ops@example.org>"] {
        assert_eq!(recipients(text), Err(Complaint::NotMailAddresses), "{text:?}");
    }
    for (text, found) in [("a@x,", ""), ("a@x, ops", "ops")] {
        assert_eq!(recipients(text), Err(Complaint::NotAMailAddress { found: found.to_owned() }), "{text:?}");
    }
}

#[test]
fn relative_paths_start_from_the_given_folder() {
    assert_eq!(path("keys/id", Path::new("/etc/fleet")), Ok(PathBuf::from("/etc/fleet/keys/id")));
    assert_eq!(path("/run/id", Path::new("/etc/fleet")), Ok(PathBuf::from("/run/id")));
    assert_eq!(path("~/id", Path::new("/etc/fleet")), Err(Complaint::Tilde));
}

#[test]
fn a_work_dir_means_nothing_to_a_shell() {
    assert_eq!(work_dir("/opt/fleet-health/"), Ok("/opt/fleet-health".to_owned()));
    for text in ["", "/", "x", "~/x", "/a b", "/a;b", "/$HOME", "/a/../b", "/a/-b", "/a\nb", "/a'b"] {
        assert_eq!(work_dir(text), Err(Complaint::NotAWorkDir), "{text:?}");
    }
}
