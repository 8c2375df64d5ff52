use super::*;
use NoticeKind::{Happened, Missed, Over, Problem, Reminder};
use Severity::Warning;

fn html_with_url(url: &str) -> String {
    let mut story = memory("web1", Warning, Problem);
    story.incident.telling.url = Some(url.to_owned());
    read(&write(&[story]).content).html
}

#[test]
fn only_addresses_of_the_web_become_links() {
    let html = html_with_url("https://wiki/?a=1&b=\"2");
    assert!(html.contains("<a href=\"https:&#x2f;&#x2f;wiki&#x2f;?a=1&amp;b=&quot;2\">"), "{html}");
    for url in ["javascript:alert(1)", "file:///etc/passwd", "https://x y"] {
        assert!(!html_with_url(url).contains("<a "), "{url}");
    }
}

#[test]
fn an_open_problem_can_be_acknowledged_and_nothing_else() {
    let can = |kind, ack: Option<rules::Ack>| {
        let mut story = memory("web1", Warning, kind);
        story.incident.ack = ack;
        write(&[story]).text.contains("fleet ack 12")
    };
    let ack = rules::Ack { at: at(1), until: None, by: "ann".to_owned(), comment: String::new() };
    assert!(can(Problem, None) && can(Reminder, None));
    assert!(!can(Reminder, Some(ack)) && !can(Over, None) && !can(Missed, None) && !can(Happened, None));
}

#[test]
fn html_holds_nothing_that_is_fetched_or_run() {
    let html = html_with_url("https://wiki/");
    for word in ["<img", "<script", "src=", "<link", "url(", "@import", "<iframe", "<form"] {
        assert!(!html.contains(word), "{word}");
    }
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("name=\"color-scheme\""));
}

#[test]
fn remarks_stand_in_both_parts() {
    let mut story = memory("web1", Warning, Problem);
    story.remarks = vec!["silenced until <noon>".to_owned()];
    let read = read(&write(&[story]).content);
    assert!(read.text.contains("    silenced until <noon>\n"), "{}", read.text);
    assert!(read.html.contains("silenced until &lt;noon&gt;"), "{}", read.html);
}

#[test]
fn what_happened_without_a_value_to_tell_when_was_noticed_then() {
    let of = |value| {
        let mut reboot = story(incident("web1", Metric::Reboot, "", Severity::Info, 8), Happened);
        reboot.incident.value = value;
        let read = read(&write(&[reboot]).content);
        (read.text, read.html)
    };
    for (value, when) in [(Some(77.0), "at 2026"), (None, "noticed at 2026")] {
        let (text, html) = of(value);
        assert!(text.contains(&format!("    {when}")) && html.contains(&format!("<p>{when}")), "{text}{html}");
    }
}
