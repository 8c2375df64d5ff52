//! Real files, real ssh.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::*;

struct Files(TempDir);

impl Files {
    fn new(config: &str) -> Files {
        let files = Files(tempfile::tempdir().unwrap());
        fs::create_dir_all(files.0.path().join("more")).unwrap();
        files.write("key", "");
        files.write("other key&", "");
        files.write("key-cert.pub", "");
        files.write("config", config);
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text.replace("DIR", &self.dir())).unwrap();
    }

    fn dir(&self) -> String {
        self.0.path().display().to_string()
    }

    fn import(&self) -> Import {
        import(Some(&self.0.path().join("config"))).unwrap()
    }

    /// What is printed, with the folder's name left out.
    fn printed(&self) -> Vec<String> {
        let shown = |client: &Client| client.to_string().replace(&self.dir(), "DIR");
        self.import().clients.iter().map(shown).collect()
    }
}

const ORDINARY: &str = r#"
Include DIR/more/*.conf
Host *.internal !gate.internal
  User wild
Host web1 web2 web-? *.test
  HostName %h.example.org
  Port 2200
  IdentityFile DIR/missing
  IdentityFile "DIR/other key&"
Host=db # a comment
  HostName 2001:db8::5
  ProxyJump ops@gate:2222,[2001:db8::1]
  CertificateFile DIR/key-cert.pub
Host inner.internal
  ProxyJump db
Host piped
  ProxyCommand nc -- %h %p
  ProxyJump none
Match originalhost web2
  User matched
Host *
  User me
  IdentityFile DIR/key
"#;

#[test]
fn hosts_come_as_ssh_resolves_them_and_hosts_on_the_way_are_not_visited() {
    let files = Files::new(ORDINARY);
    files.write("more/a.conf", "Host extra\n  HostName 192.0.2.7\n");
    let expected = [
        r#"<client name="extra" ip="192.0.2.7" username="me" identity-file="DIR/key"/>"#,
        r#"<client name="web1" ip="web1.example.org" port="2200" username="me" identity-file="DIR/other key&amp;"/>"#,
        r#"<client name="web2" ip="web2.example.org" port="2200" username="matched" identity-file="DIR/other key&amp;"/>"#,
        r#"<client name="db" ip="2001:db8::5" username="me" identity-file="DIR/key" certificate-file="DIR/key-cert.pub" jump="2001:db8::1"/>"#,
        r#"<client name="inner.internal" ip="inner.internal" username="wild" identity-file="DIR/key" jump="db"/>"#,
        "<!-- piped: not reached by ProxyCommand nc - - %h %p: replace it by jump, then remove enabled -->\n\
         <client name=\"piped\" ip=\"piped\" username=\"me\" identity-file=\"DIR/key\" enabled=\"false\"/>",
        r#"<client name="2001:db8::1" ip="2001:db8::1" username="me" identity-file="DIR/key" jump="gate" enabled="false"/>"#,
        r#"<client name="gate" ip="gate" port="2222" username="ops" identity-file="DIR/key" enabled="false"/>"#,
    ];
    assert_eq!(files.printed(), expected);
    let warnings = files.import().warnings;
    assert!(matches!(warnings.as_slice(), [one] if one.contains("config:19: hosts that only a Match")), "{warnings:?}");
}

#[test]
fn what_is_imported_is_what_ssh_says() {
    let files = Files::new(ORDINARY);
    let config = files.0.path().join("config");
    for client in files.import().clients.iter().filter(|client| client.enabled) {
        let output = Command::new("ssh").arg("-G").arg("-F").arg(&config).arg(client.name.as_str()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let one = |key: &str| said.lines().find_map(|line| line.strip_prefix(&format!("{key} "))).map(str::to_owned);
        let known = &client.known;
        assert_eq!(one("hostname").as_ref(), Some(&known.address));
        assert_eq!(one("port").as_ref(), Some(&known.port));
        assert_eq!(one("user").as_ref(), Some(&known.user));
        assert_eq!(one("proxyjump"), known.proxy_jump);
        let key = known.identity_file.as_ref().unwrap().display().to_string();
        assert!(said.lines().any(|line| line == format!("identityfile {key}")), "{key}\n{said}");
    }
}

#[test]
fn a_jump_host_that_differs_from_the_client_of_its_name_gets_a_name_of_its_own() {
    let files = Files::new(
        "Host gate\n User a\nHost x\n ProxyJump gate\nHost y\n ProxyJump b@gate\nHost *\n IdentityFile DIR/key\n",
    );
    let expected = [
        r#"<client name="gate" ip="gate" username="a" identity-file="DIR/key"/>"#.to_owned(),
        format!(r#"<client name="x" ip="x" username="{}" identity-file="DIR/key" jump="gate"/>"#, me()),
        format!(r#"<client name="y" ip="y" username="{}" identity-file="DIR/key" jump="gate-jump1"/>"#, me()),
        r#"<client name="gate-jump1" ip="gate" username="b" identity-file="DIR/key" enabled="false"/>"#.to_owned(),
    ];
    assert_eq!(files.printed(), expected);
}

#[test]
fn what_has_no_place_in_the_configuration_is_told_with_its_line() {
    let files = Files::new(
        "Host fine\n IdentityFile DIR/%C\n HostKeyAlias other\n IdentityFile ${HOME}/x\n\
         Host bad/name\nHost looped\n ProxyJump looped\n",
    );
    let found = files.import();
    let [client] = found.clients.as_slice() else { panic!("{:?}", found.clients) };
    let told = client.to_string();
    for words in ["%C has a token", "${HOME}/x has a token", "HostKeyAlias other", "no identity file of it exists"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let [name, looped] = found.warnings.as_slice() else { panic!("{:?}", found.warnings) };
    assert!(name.contains("config:5: \"bad/name\" can be no name"), "{name}");
    assert!(looped.contains("config:6: looped left out, ssh says: jumphost loop"), "{looped}");
}

#[test]
fn neither_names_nor_values_end_the_comment_they_stand_in() {
    let files = Files::new("Host web---1\n ProxyCommand x --> <client-\n IdentityFile DIR/key\n");
    let [client] = files.printed().try_into().unwrap();
    let (comment, element) = client.strip_prefix("<!--").unwrap().split_once("-->").unwrap();
    assert!(!comment.contains("--"), "{comment}");
    assert!(element.starts_with("\n<client name=\"web---1\""), "{element}");
    assert!(config::parse(format!("<config>{client}</config>").as_bytes(), Path::new("/x.xml"), 0o600).is_ok());
}

#[test]
fn a_missing_file_is_an_error_and_an_include_of_itself_ends() {
    let files = Files::new("Include DIR/config\nHost a\n");
    let warnings = match import(Some(&files.0.path().join("config"))) {
        Ok(import) => import.warnings,
        Err(error) => panic!("{error}"),
    };
    assert!(warnings.iter().any(|warning| warning.contains("too deep")), "{warnings:?}");
    let missing = import(Some(&files.0.path().join("missing"))).unwrap_err();
    assert!(missing.to_string().contains("missing") && missing.hint().is_some());
}

fn me() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
