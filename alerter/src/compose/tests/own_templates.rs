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

/// What is wrong with templates in these files, without the folder.
fn mistakes(text: Option<&[u8]>, html: Option<&[u8]>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, content: Option<&[u8]>| {
        let path = folder.path().join(name);
        std::fs::write(&path, content?).unwrap();
        Some(path)
    };
    let (text, html) = (path("mail.txt", text), path("mail.html", html));
    let (templates, mistakes) = Templates::load(text.as_deref(), html.as_deref());
    let is_bad = |attribute: &str| mistakes.iter().any(|mistake| mistake.attribute == attribute);
    assert_eq!(templates.text.is_some(), text.is_some() && !is_bad("text-template"));
    assert_eq!(templates.html.is_some(), html.is_some() && !is_bad("html-template"));
    let folder = format!("{}/", folder.path().display());
    mistakes.iter().map(|mistake| mistake.to_string().replace(&folder, "")).collect()
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
fn a_mistake_is_told_with_its_file_its_line_and_what_stands_there() {
    let built_in = [&include_bytes!("../../../templates/mail.txt")[..], include_bytes!("../../../templates/mail.html")];
    assert_eq!(mistakes(None, None), [""; 0]);
    assert_eq!(mistakes(Some(built_in[0]), Some(built_in[1])), [""; 0]);
    let told = mistakes(Some(b"{{ subject }}\n{{ sbject }}\n"), Some(b"a\nb\n{% if %}\n"));
    assert_eq!(told.len(), 2, "each is told, not only the first: {told:?}");
    assert_eq!(told[0], "text-template mail.txt: line 2: undefined value: {{ sbject }}");
    assert!(told[1].starts_with("html-template mail.html: line 3: syntax error: "), "{told:?}");
    // In a branch that few mails reach.
    let rare = b"{% for s in sections %}{% for e in s.entries %}{% if e.kind == 'flapping' %}\n{{ e.oops }}{% endif %}{% endfor %}{% endfor %}";
    assert_eq!(mistakes(Some(rare), None).len(), 1);
}

#[test]
fn what_a_template_writes_has_no_control_characters() {
    let read = write_with(Some("a\u{1b}[2Jb\tc\r\nd\n"), None);
    assert_eq!(read.text, "a\\u{1b}[2Jb\tc\nd\n");
}

#[test]
fn a_file_that_is_no_template_leaves_the_other_one_in_place() {
    for bad in [&[b'x'; 256 * 1024 + 1][..], b"\xff\xfe"] {
        let told = mistakes(Some(b"{{ subject }}"), Some(bad));
        assert!(told.len() == 1 && told[0].starts_with("html-template mail.html: can't be read: "), "{told:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let (templates, mistakes) = Templates::load(None, Some(&missing));
    assert!(templates.html.is_none() && mistakes[0].path == missing, "{mistakes:?}");
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
