//! The host's clock and ours.

use sample::{Nonce, Sample, Timestamp};
use storage::ReceivedSample;

/// One call of a probe, by the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it had to put into its sample.
    pub nonce: Nonce,
    /// Just before it was called.
    pub called: Timestamp,
    /// When its answer began: it had taken its sample by then.
    pub answered: Timestamp,
    /// When its answer was complete.
    pub received: Timestamp,
}

impl Call {
    /// How far the host's clock is ahead of ours, by what it said when the sample of this call was taken.
    ///
    /// When that was is known as well as the call is short, without the time that the probe says it measured. What may
    /// be the way there and back counts as such: only what lies outside is the clock's. Nothing where our own clock was
    /// set back meanwhile.
    fn clock_skew_ms(&self, host_time: Timestamp, measuring_ms: Option<u64>) -> Option<i64> {
        if self.called > self.answered {
            return None;
        }
        let measuring_ms = measuring_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or(0);
        let earliest = self.called.plus_millis(measuring_ms).min(self.answered);
        let skew_ms = host_time.millis_since(host_time.clamp(earliest, self.answered));
        // A host may say anything; whoever asks how large it is must not fail over the one number without an opposite.
        Some(skew_ms.max(-i64::MAX))
    }
}

/// Puts the samples on the server's clock, by what the fresh one, taken just before `received`, says of the host's.
///
/// In the same boot the host's uptime counts, which no clock step changes. A sample of another boot is moved by the
/// error the host's clock has now, and then held between its neighbours: samples come in the order they were taken.
pub(super) fn on_our_clock(samples: Vec<Sample>, call: &Call) -> Vec<ReceivedSample> {
    let received = call.received;
    let fresh_at = samples.iter().rposition(|sample| sample.nonce == Some(call.nonce));
    let fresh = fresh_at.map(|at| &samples[at]);
    let error_ms = fresh.map_or(0, |fresh| received.millis_since(fresh.host_time_ms));
    let boot = fresh.and_then(|fresh| fresh.boot.clone());
    let by_uptime = |sample: &Sample| {
        let (now, then) = (boot.as_ref()?, sample.boot.as_ref()?);
        let age_ms = i64::try_from(now.elapsed_ms.saturating_sub(then.elapsed_ms)).unwrap_or(i64::MAX);
        (now.id == then.id).then(|| received.plus_millis(-age_ms))
    };
    // From the back: nothing is later than the next sample whose time is sure. A wrong clock of another boot is not.
    let mut times = Vec::with_capacity(samples.len());
    let mut latest = received;
    for sample in samples.iter().rev() {
        let sure = by_uptime(sample).map(|taken| taken.min(latest));
        times.push(sure.unwrap_or_else(|| sample.host_time_ms.plus_millis(error_ms).min(latest)));
        latest = sure.unwrap_or(latest);
    }
    // From the front: nothing is earlier than the one before it.
    let mut earliest = Timestamp::from_millis(i64::MIN);
    let in_order = samples.into_iter().zip(times.into_iter().rev()).enumerate().map(|(at, (sample, taken))| {
        earliest = earliest.max(taken);
        let is_fresh = fresh_at == Some(at);
        let measuring_ms = sample.readings.measuring_ms;
        let clock_skew_ms = is_fresh.then(|| call.clock_skew_ms(sample.host_time_ms, measuring_ms)).flatten();
        ReceivedSample { taken: earliest, received, clock_skew_ms, sample }
    });
    in_order.collect()
}
