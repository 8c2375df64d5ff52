//! From a visit that is over to the row that tells of it.

use std::time::Duration;

use sample::{Outcome, OutcomeKind, Untrusted};
use storage::{HostId, Settled, WorkDir as StoredWorkDir};

use crate::unseal::Unsealed;
use crate::visit::Brought;
use crate::work_dir::WorkDir;
use crate::{Failure, clock};

/// The row of a visit. `known_dir` is where the probe lay before it.
pub(super) fn row(
    host: HostId,
    known_dir: Option<&WorkDir>,
    result: Result<(Brought, Unsealed), Failure>,
    duration: Duration,
) -> storage::Visit {
    let (kind, detail) = match &result {
        Ok((brought, unsealed)) => judge(brought, unsealed),
        Err(failure) => (failure.kind(), Some(failure.to_string())),
    };
    let outcome = Outcome { kind, detail, at: clock::now(), duration };
    let (work_dir, settled, facts) = (StoredWorkDir::Unchanged, Settled::Unchanged, None);
    let (samples, spools, rejected) = (Vec::new(), Vec::new(), Vec::new());
    let mut row = storage::Visit { host, outcome, work_dir, settled, facts, samples, spools, rejected };
    if let Ok((brought, unsealed)) = result {
        if brought.work_dir.as_ref() != known_dir {
            row.work_dir = brought.work_dir.map_or(StoredWorkDir::Default, |dir| StoredWorkDir::At(dir.to_string()));
        }
        let header = &brought.answer.header;
        row.settled = if header.former == 0 && header.held == 0 { Settled::Under(brought.key) } else { Settled::No };
        let version = Untrusted(&header.probe).to_string();
        row.facts = unsealed.samples.last().map(|newest| (newest.sample.facts.clone(), version));
        row.samples = unsealed.samples;
        row.spools = unsealed.spools;
        row.rejected = unsealed.rejected.into_iter().collect();
    }
    row
}

/// `ok` needs a sample that was taken for this visit.
fn judge(brought: &Brought, unsealed: &Unsealed) -> (OutcomeKind, Option<String>) {
    let mut found: Vec<String> = unsealed.rejected.iter().map(|(class, count)| format!("{count} {class}")).collect();
    if !found.is_empty() {
        found = vec![format!("envelopes rejected: {}", found.join(", "))];
    }
    if let Some(reason) = &brought.answer.header.unspooled {
        found.push(format!("the probe cannot keep measurements: {}", Untrusted(reason)));
    }
    if let Some(refused) = &brought.places_refused {
        found.push(format!("places not taken: {refused}"));
    }
    if unsealed.fresh {
        return (OutcomeKind::Ok, (!found.is_empty()).then(|| found.join("; ")));
    }
    found.push("no sample of this visit among the envelopes".to_owned());
    (OutcomeKind::EnvelopeRejected, Some(found.join("; ")))
}
