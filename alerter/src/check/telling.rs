//! How people are told, as `<alerter>` has it.

use config::Alerter;
use rules::words;

use crate::setting::Setting;

pub(super) fn describe(setting: &Setting) -> String {
    let Alerter { mails_per_hour, repeats, late_after, heartbeat, .. } = &setting.config.alerter;
    let to = words::recipients(&setting.config.told_of_the_fleet());
    let every =
        |every: Option<_>| every.map_or("never".to_owned(), |every| format!("every {}", words::duration(every)));
    let late = late_after.map_or("two intervals of the collector".to_owned(), words::duration);
    let alive = heartbeat.map_or("never".to_owned(), |after| format!("after {}", words::duration(after)));
    [
        format!(
            "alerter   tells {to} of the fleet as a whole, times in {}, at most {mails_per_hour} mails an hour each\n",
            setting.zone
        ),
        format!("repeats   critical {}, warning {}\n", every(repeats.critical), every(repeats.warning)),
        format!("late      what is older than {late}\n"),
        format!("heartbeat {alive}\n"),
        templates(&setting.config.alerter),
    ]
    .concat()
}

fn templates(alerter: &Alerter) -> String {
    let own = [("text-template", &alerter.text_template), ("html-template", &alerter.html_template)];
    let own = own.into_iter().filter_map(|(name, path)| Some(format!("{name} {}", path.as_ref()?.display())));
    let own: Vec<String> = own.collect();
    format!("templates {}\n", if own.is_empty() { "built in".to_owned() } else { own.join(", ") })
}
