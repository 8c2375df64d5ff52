use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::Schedule;

mod interrupt;
mod running;
mod times;

const BERLIN: Option<&str> = Some("Europe/Berlin");
const EVERY_SECOND: &str = "* * * * * *";

fn utc(text: &str) -> DateTime<Utc> {
    format!("{}Z", text.replace(' ', "T")).parse().unwrap()
}

fn every_second() -> Schedule {
    Schedule::parse(EVERY_SECOND, Some("UTC")).unwrap()
}

/// Counts the warnings of this crate.
#[derive(Clone)]
struct Warnings(Arc<Semaphore>);

impl Default for Warnings {
    fn default() -> Warnings {
        Warnings(Arc::new(Semaphore::new(0)))
    }
}

impl Warnings {
    fn count(&self) -> usize {
        self.0.available_permits()
    }

    async fn seen(&self, count: u32) {
        self.0.acquire_many(count).await.unwrap().forget();
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN && metadata.target().starts_with("schedule")
    }

    fn event(&self, _: &Event<'_>) {
        self.0.add_permits(1);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
