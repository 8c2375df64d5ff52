//! One file per case; what is said about it stands beside it.

use super::{file_name, folder, mistakes, parse, xml_files};

#[test]
fn every_mistake_is_told_at_its_place_and_all_in_one_go() {
    for path in xml_files("testdata/invalid") {
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let found = mistakes(&std::fs::read(&path).unwrap(), 0o600);
        assert_eq!(format!("{found}\n"), expected, "{}", file_name(&path));
    }
}

#[test]
fn valid_files_are_accepted() {
    for path in xml_files("testdata/valid") {
        let found = mistakes(&std::fs::read(&path).unwrap(), 0o600);
        assert_eq!(found, "accepted", "{}", file_name(&path));
    }
}

#[test]
fn the_example_loads_although_the_files_it_names_do_not_exist() {
    let bytes = std::fs::read(folder("example/config.xml")).unwrap();
    let config = parse(&bytes).unwrap();
    assert_eq!(config.warnings, []);
    assert_eq!(config.hosts.len(), 1);
    assert_eq!(config.hosts[0].rules.iter().filter(|it| it.origin.is_some()).count(), 6);
}

#[test]
fn the_commented_out_parts_of_the_example_are_right_too() {
    let text = std::fs::read_to_string(folder("example/config.xml")).unwrap();
    let uncommented: String = text.lines().filter(|line| !is_prose(line)).map(|line| format!("{line}\n")).collect();
    let config = parse(uncommented.as_bytes()).unwrap();
    let names: Vec<_> = config.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names[..4], ["web1", "gate", "db1", "app01"]);
    assert_eq!((names[42], names[43], names.len()), ("app40", "old-switch", 44));
    let wanted: Vec<_> = config.hosts[2].scope.processes.iter().map(|process| process.name.as_str()).collect();
    assert_eq!(
        (wanted, &config.hosts[2].scope.units[..]),
        (vec!["sshd", "postgres"], &["postgresql.service".to_owned()][..])
    );
    assert_eq!(config.smtp.host, "mail.example.org");
    let warnings: Vec<_> = config.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(warnings, ["no file matches this pattern"]);
}

/// Lines of the example that are neither an element nor one of its attributes.
fn is_prose(line: &str) -> bool {
    let line = line.trim_start();
    let is_markup = (line.starts_with('<') && !line.starts_with("<!--")) || line.contains("=\"");
    !(is_markup && line.ends_with(['"', '>']))
}

#[test]
fn a_file_that_was_cut_anywhere_is_refused() {
    let mut files = xml_files("testdata/valid");
    files.push(folder("example/config.xml"));
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let whole = bytes.trim_ascii_end();
        assert!(parse(whole).is_ok());
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "{} cut to {length} bytes", file_name(&path));
        }
    }
}
