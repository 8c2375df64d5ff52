use super::*;

const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

#[test]
fn keys_noted_while_another_is_replaced_are_not_lost() {
    const NOTED: usize = 200;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("known_hosts");
    std::fs::write(&path, format!("changing {A}\n")).unwrap();
    let noting = path.clone();
    let noted = std::thread::spawn(move || {
        for number in 0..NOTED {
            note(&noting, &format!("host{number}"), &key(A)).unwrap();
        }
    });
    let host = "changing".parse::<HostName>().unwrap();
    let mut offered = [B, A].iter().cycle();
    while !noted.is_finished() {
        let known = KnownHosts::read(&path).unwrap();
        let offer = Offer::new(host.clone(), Target::at("changing", 22), key(offered.next().unwrap()), &known);
        pin(&path, &offer).unwrap();
    }
    noted.join().unwrap();
    let known = KnownHosts::read(&path).unwrap();
    let lost = (0..NOTED).filter(|number| known.check(&format!("host{number}"), &key(A)) != Verdict::Match);
    assert_eq!(lost.count(), 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches("changing").count(), 1);
}

#[test]
fn fingerprints_in_config_xml_decide_and_the_file_only_revokes() {
    let known = KnownHosts::parse(&format!("web1 {B}\n@revoked web2 {A}\n")).unwrap();
    let pinned = |address: &str, offered| {
        let host = address.parse::<HostName>().unwrap();
        let fingerprints = vec![super::super::fingerprint(&key(A))];
        let target = Target { fingerprints, ..Target::at(address, 22) };
        Offer::new(host, target, key(offered), &known).verdict
    };
    assert_eq!(pinned("web1", A), Verdict::Match);
    assert!(matches!(pinned("web1", B), Verdict::Changed(_)));
    assert_eq!(pinned("web2", A), Verdict::Revoked);
}
