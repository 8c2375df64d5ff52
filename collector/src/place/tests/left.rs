//! What is left of a search: nothing where a place was not taken.

use std::ffi::OsString;
use std::fs;

use super::*;

fn entries(folder: &Path) -> Vec<OsString> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

/// For a probe as large as this there is room nowhere.
const NO_ROOM: u64 = 1 << 60;

#[test]
fn what_was_made_for_a_refused_place_is_taken_back() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        for wanted in [String::new(), format!("{}/a/b/c", home.path().display())] {
            let head =
                format!("nonce={NONCE}\nwanted={wanted}\nremembered=\nmachine='Linux {ARCH}'\nsha256={SHA256}\n");
            let script = format!("{head}size={NO_ROOM}\navoid=' '\nkey=k1\npem='{PEM}'\n{FIND_A_PLACE}");
            let report = sh(&shell, home.path(), &script);
            assert!(report.all("refused").all(|line| line.contains("no room")), "{shell:?}");
            assert!(report.all("refused").count() > 0 && report.last("place").is_none(), "{shell:?}");
            assert_eq!(entries(home.path()), [""; 0], "{shell:?} {wanted}");
        }
        // Not what was there before.
        fs::create_dir(home.path().join(".cache")).unwrap();
        let head = format!("nonce={NONCE}\nwanted=\nremembered=\nmachine='Linux {ARCH}'\nsha256={SHA256}\n");
        sh(&shell, home.path(), &format!("{head}size={NO_ROOM}\navoid=' '\nkey=k1\npem='{PEM}'\n{FIND_A_PLACE}"));
        assert_eq!(entries(home.path()), [".cache"], "{shell:?}");
    }
}

#[test]
fn what_was_made_for_an_upload_that_fails_is_taken_back() {
    for (shell, arrived) in shells().iter().flat_map(|shell| [(shell, "goo"), (shell, "evil")]) {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join(".cache/fleet-health");
        for known in [false, true] {
            if known {
                fs::create_dir_all(place.join("keys")).unwrap();
                fs::write(place.join("keys/k1.pub"), "known").unwrap();
            }
            let report = find(shell, home.path(), "", &digest(b"good"));
            fs::write(report.last("part").unwrap(), arrived).unwrap();
            let made = made(&report);
            let report = install_or_take_back(shell, home.path(), (&place, &made), &digest(b"good"), 4);
            assert_ne!(report.last("installed"), Some("yes"));
            // The key of earlier visits stays.
            let left: &[&str] = if known { &["keys"] } else { &[] };
            assert_eq!(entries(if known { &place } else { home.path() }), left, "{shell:?} {arrived}: {made}");
        }
        assert_eq!(entries(&place.join("keys")), ["k1.pub"]);
    }
}

#[test]
fn a_place_that_takes_no_key_is_passed_over() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let first = home.path().join(".cache/fleet-health");
        fs::create_dir_all(&first).unwrap();
        fs::write(first.join("keys"), "").unwrap();
        let report = find(&shell, home.path(), "", SHA256);
        assert!(report.last("refused").unwrap().contains("the key cannot be written"), "{shell:?}");
        assert_eq!(report.last("place"), home.path().join(".fleet-health").to_str(), "{shell:?}");
        assert_eq!(entries(&first), ["keys"], "{shell:?}");
    }
}

#[test]
fn a_wanted_directory_of_another_purpose_stays_as_it_is() {
    for shell in shells() {
        let home = tempfile::tempdir().unwrap();
        let site = home.path().join("www");
        fs::create_dir(&site).unwrap();
        fs::set_permissions(&site, fs::Permissions::from_mode(0o755)).unwrap();
        let mode = || fs::metadata(&site).unwrap().mode() & 0o777;
        fs::write(site.join(".htaccess"), "").unwrap();
        let report = find(&shell, home.path(), site.to_str().unwrap(), SHA256);
        assert!(report.last("refused").unwrap().contains("other files are in it"), "{shell:?}");
        assert_eq!((report.last("place"), mode()), (None, 0o755), "{shell:?}");
        assert_eq!(entries(&site), [".htaccess"], "{shell:?}");

        // It is ours if it was in use before, or if nothing is in it.
        fs::write(site.join(format!("probe-{SHA256}")), "").unwrap();
        assert_eq!(find(&shell, home.path(), site.to_str().unwrap(), SHA256).last("place"), site.to_str());
        fs::remove_dir_all(&site).unwrap();
        fs::create_dir(&site).unwrap();
        assert_eq!(find(&shell, home.path(), site.to_str().unwrap(), SHA256).last("place"), site.to_str());
        assert_eq!(mode(), 0o700, "{shell:?}");
    }
}
