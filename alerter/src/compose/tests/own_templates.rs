use super::*;
use NoticeKind::Problem;
use Severity::Critical;

fn with(text: Option<&str>, html: Option<&str>) -> Stationery {
    let templates = Templates { text: text.map(str::to_owned), html: html.map(str::to_owned) };
    Stationery { templates, ..stationery() }
}

fn write_with(text: Option<&str>, html: Option<&str>) -> Read {
    let mut story = memory("web1", Critical, Problem);
    story.incident.telling.text = Some("<b>".to_owned());
    read(&write_on(&with(text, html), &[story], Occasion::default()).content)
}

fn mistake(text: Option<&str>, html: Option<&str>) -> Option<String> {
    let error = with(text, html).templates.try_out().err()?;
    Some(std::error::Error::source(&error).unwrap().to_string())
}

#[test]
fn an_installation_may_have_templates_of_its_own() {
    let own = "{% for s in sections %}{% for e in s.entries %}{{ e.host }} {{ e.text }}\n{% endfor %}{% endfor %}";
    let read = write_with(Some(own), Some(own));
    assert_eq!((read.text.as_str(), read.html.trim_end()), ("web1 <b>\n", "web1 &lt;b&gt;"));
}

#[test]
fn a_broken_template_gives_way_to_the_built_in_one() {
    let built_in = write_with(None, None);
    let endless = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}";
    let huge = "{% for a in range(9000) %}{{ 'x' * 1000 }}{% endfor %}";
    for broken in ["{% for %}", "{{ nothing.at.all }}", "{{ subject | shout }}", endless, huge] {
        let read = write_with(Some(broken), Some(broken));
        assert_eq!((&read.text, &read.html), (&built_in.text, &built_in.html), "{broken}");
    }
}

#[test]
fn a_mistake_is_told_with_its_line() {
    assert_eq!(mistake(None, None), None);
    let built_in = [include_str!("../../../templates/mail.txt"), include_str!("../../../templates/mail.html")];
    assert_eq!(mistake(Some(built_in[0]), Some(built_in[1])), None);
    let told = mistake(Some("{{ subject }}\n{{ sbject }}\n"), None).unwrap();
    assert!(told.contains("text-template:2"), "{told}");
    let told = mistake(None, Some("a\nb\n{% if %}\n")).unwrap();
    assert!(told.contains("html-template:3"), "{told}");
    // In a branch that few mails reach.
    let rare = "{% for s in sections %}{% for e in s.entries %}{% if e.kind == 'flapping' %}\n{{ e.oops }}{% endif %}{% endfor %}{% endfor %}";
    assert!(mistake(Some(rare), None).is_some());
}

#[test]
fn what_a_template_writes_has_no_control_characters() {
    let read = write_with(Some("a\u{1b}[2Jb\tc\r\nd\n"), None);
    assert_eq!(read.text, "a\\u{1b}[2Jb\tc\nd\n");
}

#[test]
fn templates_are_read_from_files_that_are_text_and_not_huge() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let text = path("mail.txt", b"{{ subject }}");
    let read = Templates::load(Some(&text), None).unwrap();
    assert_eq!((read.text.as_deref(), read.html), (Some("{{ subject }}"), None));
    let missing = folder.path().join("missing");
    let bad = [path("long", &[b'x'; 256 * 1024 + 1]), path("binary", b"\xff\xfe"), missing];
    for file in bad {
        let error = Templates::load(None, Some(&file)).unwrap_err();
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    }
}

#[test]
fn no_text_ends_the_part_it_stands_in() {
    let mail = String::from_utf8(write(&[memory("web1", Critical, Problem)]).content).unwrap();
    let (boundary, _) = mail.split_once("boundary=\"").unwrap().1.split_once('"').unwrap();
    let own = format!("--{boundary}\n--{boundary}--\nmore\n");
    let letter = write_on(&with(Some(&own), None), &[memory("web1", Critical, Problem)], Occasion::default());
    assert!(String::from_utf8_lossy(&letter.content).contains(&format!("boundary=\"{boundary}\"")));
    assert_eq!(read(&letter.content).text, own);
}
