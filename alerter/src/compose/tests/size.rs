use super::*;
use NoticeKind::Problem;
use Severity::Warning;

#[test]
fn a_long_list_is_cut_and_the_rest_counted() {
    let stories: Vec<Story> = (0..250).map(|number| memory(&format!("web{number}"), Warning, Problem)).collect();
    let letter = write(&stories);
    assert_eq!(letter.text.matches("memory").count(), 200);
    assert!(letter.text.contains("and 50 more: fleet alerts\n"), "{}", letter.text);
    assert!(letter.text.contains("WARNING (250)"));
    assert_travels_anywhere(&letter.content);
}

#[test]
fn a_mail_stays_small_whatever_its_stories_are() {
    let chosen = "\u{1b}<&\u{e0001}\"".repeat(2000);
    let hostile = |number: i64| {
        let mut story = story(incident("web1", Metric::Disk, &chosen, Warning, -number), Problem);
        story.incident.telling.url = Some(format!("https://x/{chosen}"));
        story.incident.telling.text = Some(chosen.clone());
        story.remarks = vec![chosen.clone(); 100];
        story.trend.parts = (0..10_000).map(|step| Some(f64::from(step))).collect();
        (story.trend.low, story.trend.high) = (Some(0.0), Some(9999.0));
        story.processes = vec![sample::TopProcess { name: chosen.clone(), ..sample::TopProcess::default() }; 100];
        story
    };
    let stories: Vec<Story> = (0..300).map(hostile).collect();
    let letter = write(&stories);
    assert!(letter.content.len() <= 200_000, "{}", letter.content.len());
    assert!(letter.text.contains(" more: fleet alerts\n") && letter.text.contains("disk"), "{}", letter.text);
    assert_travels_anywhere(&letter.content);
    read(&letter.content);
}

#[test]
fn no_story_at_all_is_a_mail_too() {
    let letter = write(&[]);
    assert_travels_anywhere(&letter.content);
    assert_eq!(read(&letter.content).header("References"), None);
}
