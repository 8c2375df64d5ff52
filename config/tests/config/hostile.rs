//! Files made to hurt.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{mistakes, parse, schema, xml_files};

/// Far above what is needed (0.1 s), far below what anything quadratic takes on 4 MiB.
const QUICKLY: Duration = Duration::from_secs(10);

fn assert_refused_quickly(text: &str, first_message: &str) {
    let begun = Instant::now();
    let found = mistakes(text.as_bytes(), 0o600);
    assert_eq!(found.lines().next(), Some(first_message));
    assert!(begun.elapsed() < QUICKLY, "took {:?}", begun.elapsed());
    assert!(found.lines().count() <= 101);
}

#[test]
fn an_entity_bomb_is_refused_unread() {
    let mut bomb = String::from("<!DOCTYPE config [<!ENTITY a0 \"ha\">");
    for n in 1..100 {
        write!(bomb, "<!ENTITY a{n} \"&a{0};&a{0};&a{0};\">", n - 1).unwrap();
    }
    bomb.push_str("]><config><client ip=\"&a99;\"/></config>");
    assert_refused_quickly(&bomb, "config.xml:1:1: a DOCTYPE is not allowed");
    let external = "<!DOCTYPE config SYSTEM \"file:///etc/passwd\"><config/>";
    assert_refused_quickly(external, "config.xml:1:1: a DOCTYPE is not allowed");
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("<config>{}", "<client>".repeat(500_000));
    assert_refused_quickly(&deep, "config.xml:1:129: elements nested more than 16 deep");
}

#[test]
fn a_hundred_thousand_attributes_are_refused() {
    let mut text = String::from("<config ");
    (0..100_000).for_each(|n| write!(text, "a{n}='' ").unwrap());
    text.push_str("/>");
    assert_refused_quickly(&text, "config.xml:1:1: more than 64 attributes on one element");
}

#[test]
fn a_million_elements_are_refused() {
    let text = format!("<config>{}</config>", "<a/>".repeat(1_000_000));
    assert_refused_quickly(&text, "config.xml:1:800005: more than 200000 elements");
}

#[test]
fn a_hundred_thousand_mistakes_are_counted() {
    let text = format!("<config>{}</config>", "<clinet/>".repeat(100_000));
    let first = "config.xml:1:9: unknown element <clinet> in <config>, did you mean <client>?";
    assert_refused_quickly(&text, first);
    assert_eq!(mistakes(text.as_bytes(), 0o600).lines().last(), Some("and 99900 more"));
}

#[test]
fn a_file_over_4_mib_is_refused() {
    let text = format!("<config>{}</config>", " ".repeat(4 * 1024 * 1024));
    assert_refused_quickly(&text, "config.xml:1:1: the file is larger than 4 MiB");
    let begun = Instant::now();
    assert!(parse(&text.as_bytes()[..8]).is_err() && parse(text.replace("  ", " ").as_bytes()).is_ok());
    assert!(begun.elapsed() < QUICKLY);
}

#[test]
fn fifty_thousand_hosts_are_read_quickly() {
    let mut text = String::from("<config><defaults username='m' identity-file='id'/>\n");
    (0..50_000).for_each(|n| writeln!(text, "<client ip='10.{}.{}.1' name='h{n}'/>", n / 250, n % 250).unwrap());
    text.push_str("</config>");
    let begun = Instant::now();
    assert_eq!(parse(text.as_bytes()).unwrap().hosts.len(), 50_000);
    assert!(begun.elapsed() < QUICKLY, "took {:?}", begun.elapsed());
}

/// Clients that say all they can, each in a chain of jump hosts as long as the fleet.
fn fleet_of(count: usize) -> String {
    let mut text = String::from("<config><defaults username='m' identity-file='id' mail='a@b.c'>");
    text.push_str("<alert type='cpu' limit='90'/><alert type='disk' limit='90'/></defaults>\n");
    (0..count)
        .for_each(|n| writeln!(text, "<group name='g{n}' port='22'><alert type='cpu' limit='95'/></group>").unwrap());
    for n in 0..count {
        let (name, jump) = (format!("name='h{n}' formerly='old{n}'"), n.saturating_sub(1));
        let jump = if n == 0 { "none".to_owned() } else { format!("h{jump}") };
        writeln!(
            text,
            "<client ip='h{n}.example.org' {name} group='g{n}' jump='{jump}'><alert type='load' limit='4'/></client>"
        )
        .unwrap();
    }
    text + "</config>"
}

#[test]
fn a_fleet_in_which_everybody_says_all_is_read_quickly() {
    let text = fleet_of(10_000);
    let begun = Instant::now();
    let config = parse(text.as_bytes()).unwrap();
    assert!(begun.elapsed() < QUICKLY, "took {:?}", begun.elapsed());
    assert_eq!((config.hosts.len(), config.hosts[9_999].rules.len()), (10_000, 3 + rules::builtin().len()));
}

#[test]
fn a_fleet_in_which_everybody_is_mistaken_is_refused_quickly() {
    let unknown = fleet_of(10_000).replace("group='g", "group='q").replace("jump='h", "jump='q");
    assert_refused_quickly(&unknown, "config.xml:10002:62: group \"q0\" is unknown, there is no <group name=\"q0\">");
    let doubled = fleet_of(10_000).replace("formerly='old", "formerly='h");
    assert_refused_quickly(
        &doubled,
        "config.xml:10002:49: formerly \"h0\" is still the name of a client, in line 10002",
    );
    let circle = fleet_of(10_000).replace("jump='none'", "jump='h9999'");
    let names = "h0 > h9999 > h9998 > h9997 > h9996 > h9995 > h9994 > h9993 > …";
    assert_refused_quickly(&circle, &format!("config.xml:20001:84: jump leads in a circle: {names}"));
}

#[test]
fn what_a_file_says_reaches_no_terminal_as_it_is() {
    let text = "<config><client ip='\u{202e}x&#10;y' username='m' identity-file='id'/></config>";
    let found = mistakes(text.as_bytes(), 0o600);
    assert!(found.contains("\\u{202e}x\\u{a}y"), "{found}");
    assert_eq!(found.lines().count(), 1);
}

/// xorshift64*, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// A file with one to three places cut, doubled or overwritten, mostly by what means something in XML.
fn damaged(original: &[u8], random: &mut Random) -> Vec<u8> {
    const PIECES: [&[u8]; 16] = [
        b"<", b">", b"/", b"\"", b"'", b"&", b";", b"=", b" ", b"--", b"]]>", b"<?a?>", b"&#0;", b"&amp;", b"\xff",
        b"\0",
    ];
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let end = (at + random.below(4)).min(bytes.len());
        match random.below(3) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(
                bytes.splice(at..end, original[at.min(original.len())..].iter().take(8).copied().collect::<Vec<_>>()),
            ),
            _ => drop(bytes.splice(at..end, PIECES[random.below(PIECES.len())].iter().copied())),
        }
    }
    bytes
}

#[test]
fn no_damage_panics_and_what_is_still_accepted_is_xml() {
    let originals: Vec<_> = xml_files("testdata/valid").iter().map(|path| std::fs::read(path).unwrap()).collect();
    let folder = TempDir::new().unwrap();
    let mut random = Random(0x5EED);
    let mut accepted = Vec::new();
    for round in 0..10_000 {
        let bytes = damaged(&originals[round % originals.len()], &mut random);
        match parse(&bytes) {
            Ok(_) => {
                accepted.push(folder.path().join(format!("{round}.xml")));
                std::fs::write(accepted.last().unwrap(), &bytes).unwrap();
            }
            Err(error) => assert!(error.to_string().starts_with("/etc/fleet/config.xml has "), "{error}"),
        }
    }
    assert!(accepted.len() > 100, "only {} were accepted, so this shows nothing", accepted.len());
    schema::assert_well_formed(folder.path(), &accepted);
}

#[test]
fn random_bytes_are_refused() {
    let mut random = Random(0xFEED);
    for _ in 0..5_000 {
        let length = random.below(200);
        let bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        assert!(parse(&bytes).is_err());
    }
}
