//! What stands beside a problem in a mail: how its value went, what was running, when a filesystem will be full.

use std::time::Duration;

use rules::{Forecast, FreeSpace, Incident, MOST_POINTS, NoticeKind, Side, WINDOW, Why, Zone, forecast};
use sample::{Metric, Timestamp};
use storage::{HostId, Store, StoreError, Trend};

use crate::compose::Story;
use crate::details::details;

/// How many stories of a mail have something beside them. They are the most severe ones; the database is asked for each.
const MOST: usize = 20;

/// A bar for each half hour of a day.
const PARTS: usize = 48;

/// Asks the database for what stands beside a story.
pub(crate) struct Beside<'s> {
    store: &'s Store,
    zone: Zone,
    now: Timestamp,
}

impl<'s> Beside<'s> {
    pub(crate) fn new(store: &'s Store, zone: Zone, now: Timestamp) -> Beside<'s> {
        Beside { store, zone, now }
    }

    /// The story of an incident, which is told in that `position` of a mail.
    ///
    /// # Errors
    /// The database can't be read.
    pub(crate) fn story(
        &mut self,
        position: usize,
        incident: &Incident,
        kind: NoticeKind,
        why: Option<&Why>,
    ) -> Result<Story, StoreError> {
        let remarks = why.into_iter().map(|why| remark(*why)).collect();
        let mut story =
            Story { incident: incident.clone(), kind, remarks, trend: Trend::default(), processes: Vec::new() };
        // What decides is known; how often they were told, which tells one mail from the next, is not.
        if !incident.told.is_empty() {
            story.incident.told = self.store.told_of(incident.id)?;
        }
        if let Some(host) = incident.host.as_ref().filter(|_| position < MOST && kind != NoticeKind::Missed) {
            let metric = incident.key.rule.metric;
            let day = (self.now - WINDOW, self.now);
            story.trend = self.store.trend(host, metric, &incident.key.instance, side(incident), day, PARTS)?;
            if incident.is_open() && wants_processes(metric) {
                story.processes = self.store.top_processes(host, self.now)?;
            }
            if let Some(row) = self.store.host_id(host)?.filter(|_| incident.is_open()) {
                story.remarks.extend(details(self.store, row, incident)?);
            }
            if metric == Metric::DiskFull && incident.is_open() {
                story.remarks.extend(self.forecast(incident)?);
            }
        }
        Ok(story)
    }

    /// When a filesystem will be full, in words.
    fn forecast(&self, incident: &Incident) -> Result<Option<String>, StoreError> {
        let host = incident.host.as_ref().map(|host| self.store.host_id(host)).transpose()?.flatten();
        let Some(host) = host else { return Ok(None) };
        let points = free_space(self.store, host, incident.key.instance.as_str(), self.now)?;
        let Some((forecast, newest)) = forecast(&points).zip(points.last()) else { return Ok(None) };
        Ok(Some(full_on(&forecast, newest.at, self.zone, self.now)))
    }
}

/// When it will be full: its range only where that says something else, and by which clock.
fn full_on(forecast: &Forecast, newest: Timestamp, zone: Zone, now: Timestamp) -> String {
    let at = |after: Duration| zone.weekday_and_hour(newest + after, now);
    let likely = at(forecast.likely);
    let latest = forecast.latest.map_or_else(|| "never".to_owned(), at);
    let mut range = String::new();
    for (name, end) in [("soonest", at(forecast.soonest)), ("latest", latest)] {
        if end != likely {
            range.push_str(&format!("{name} {end}, "));
        }
    }
    format!("at the pace of the last day it is full on {likely} ({range}time of {zone})")
}

/// On which side of its limit it is a problem. The rule may be gone; that the worst value is beyond the limit stays.
fn side(incident: &Incident) -> Side {
    if incident.worst < incident.limit { Side::Below } else { Side::Above }
}

/// Why a mail comes just now, in words.
fn remark(why: Why) -> String {
    match why {
        Why::Repeat => "still there".to_owned(),
        Why::SilenceEnded(id) => format!("silence {id} ended, and it is still there"),
        Why::MaintenanceEnded => "the maintenance ended, and it is still there".to_owned(),
        Why::AckEnded => "the acknowledgement ended, and it is still there".to_owned(),
        Why::HoursBegan => "it began outside of the hours in which it may be told, and is still there".to_owned(),
        Why::Escalated => "nobody has acknowledged it".to_owned(),
        Why::Steadied => "it came and went, and stays now".to_owned(),
    }
}

/// The history that a forecast is made from.
///
/// # Errors
/// The database can't be read.
pub(crate) fn free_space(
    store: &Store,
    host: HostId,
    mount: &str,
    until: Timestamp,
) -> Result<Vec<FreeSpace>, StoreError> {
    store.free_space(host, mount, (until - WINDOW, until), MOST_POINTS)
}

/// Whether what was running helps to understand it.
fn wants_processes(metric: Metric) -> bool {
    use Metric::{Cpu, CpuCore, CpuIowait, Load, Load5, Load15, Memory, OomKills, Pressure, Swap, SwapIn};
    [Cpu, CpuCore, CpuIowait, Load, Load5, Load15, Memory, OomKills, Pressure, Swap, SwapIn].contains(&metric)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a filesystem that will be full after so many hours: likely, soonest, latest.
    fn told(likely: u64, soonest: u64, latest: Option<u64>) -> String {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let forecast = Forecast { likely: hours(likely), soonest: hours(soonest), latest: latest.map(hours) };
        // A Saturday, 06:17 UTC.
        let now = Timestamp::from_millis(1_795_241_820_000);
        full_on(&forecast, now, "Europe/Berlin".parse().unwrap(), now)
    }

    #[test]
    fn a_forecast_says_its_range_only_where_it_differs_and_by_which_clock() {
        let pace = "at the pace of the last day it is full on";
        assert_eq!(told(3, 3, Some(3)), format!("{pace} Saturday about 10:00 (time of Europe/Berlin)"));
        let ranged =
            "Saturday about 10:00 (soonest Saturday about 09:00, latest Sunday about 10:00, time of Europe/Berlin)";
        assert_eq!(told(3, 2, Some(27)), format!("{pace} {ranged}"));
        assert_eq!(told(3, 3, None), format!("{pace} Saturday about 10:00 (latest never, time of Europe/Berlin)"));
    }

    #[test]
    fn a_forecast_for_another_week_has_a_date() {
        let far = "Saturday 2026-12-05 about 07:00 (soonest Sunday about 07:00, latest Monday 2026-12-21 about 07:00, ";
        assert_eq!(
            told(14 * 24, 24, Some(30 * 24)),
            format!("at the pace of the last day it is full on {far}time of Europe/Berlin)")
        );
    }
}
