//! One visit of a collector: a request comes in, an answer goes out.

use std::io::{self, BufRead, BufReader, Read, Write};

use sample::SpoolId;
use sample::wire::{self, AnswerHeader, Request};

use crate::VERSION;
use crate::error::{ProbeError, one_line};
use crate::former::{self, Luggage};
use crate::home::Home;
use crate::measure::{self, Asked, Measurement};
use crate::sealing::Letter;
use crate::spool::{self, Spool, SpoolError};
use crate::target::Target;

/// Reads one request line, measures, and writes the answer.
///
/// A spool that can't be used does not stop it, the fresh sample is answered all the same: a full disk must be
/// able to raise the alarm.
///
/// # Errors
/// The request is none, its public key is not here, or the answer can't be written.
pub fn run(home: &Home, input: impl Read, output: impl Write) -> Result<(), ProbeError> {
    let request = read_request(input)?;
    let key = home.public_key(request.key)?;
    let target = Target::new(request.host.clone(), &key, request.scope.clone());
    let notes = home.notes();
    let measurement = Measurement::take(&Asked {
        scope: &request.scope,
        spot: !measure::is_boot(request.known_boot.as_deref()),
        notes: &notes,
        target: &target.folder(),
    });
    let sample = measurement.sample_for(request.host.clone(), Some(request.nonce)).map_err(ProbeError::Random)?;
    let opened = Spool::open(&home.spools(), &target, measurement.boot_id());
    let answer = prepare(opened, home, &request, &Letter::new(&key, sample))?;
    let answered = answer.write(&request, output).map_err(ProbeError::WriteAnswer);
    if answer.unspooled.is_none() || answered.is_ok() {
        notes.settle();
    }
    answered?;
    for owner in request.former.iter().filter(|owner| owner.key != request.key) {
        home.remove_former_key(owner.key);
    }
    home.tidy(measure::now());
    Ok(())
}

/// Reads up to the line break and not beyond: the collector may leave its end open.
fn read_request(input: impl Read) -> Result<Request, ProbeError> {
    let mut line = String::new();
    let mut input = BufReader::new(input).take(wire::MAX_LINE as u64);
    input.read_line(&mut line).map_err(ProbeError::ReadRequest)?;
    if !line.ends_with('\n') {
        return Err(ProbeError::RequestLine);
    }
    let request = Request::decode(&line).map_err(ProbeError::RequestJson)?;
    if request.version != wire::VERSION {
        return Err(ProbeError::RequestVersion(request.version));
    }
    if request.former.len() > wire::MAX_FORMER {
        return Err(ProbeError::TooManyFormer(request.former.len()));
    }
    Ok(request)
}

struct Answer {
    spool: SpoolId,
    /// What was waiting, oldest first, as far as the request's limits admit it.
    taken: Vec<Vec<u8>>,
    fresh: Vec<u8>,
    dropped: u64,
    held: usize,
    former: u32,
    unspooled: Option<String>,
}

fn prepare(
    opened: Result<Spool, SpoolError>,
    home: &Home,
    request: &Request,
    letter: &Letter<'_>,
) -> Result<Answer, ProbeError> {
    let acknowledged = opened.and_then(|mut spool| {
        spool.acknowledge(&request.acknowledgements)?;
        Ok(spool)
    });
    let mut spool = match acknowledged {
        Ok(spool) => spool,
        Err(error) => {
            let mut answer = Answer::unspooled(letter, &error)?;
            answer.take(home, request, None);
            return Ok(answer);
        }
    };
    let mut answer = match spool.reserve(letter.size_at_most()) {
        Ok((life, sequence)) => Answer::spooled(letter, &spool, life, sequence)?,
        Err(error) => Answer::unspooled(letter, &error)?,
    };
    answer.take(home, request, Some(spool));
    Ok(answer)
}

impl Answer {
    fn spooled(letter: &Letter<'_>, spool: &Spool, life: SpoolId, sequence: u64) -> Result<Answer, ProbeError> {
        let fresh = letter.seal(life, sequence)?;
        let unspooled = spool.keep(sequence, &fresh).err().map(|error| one_line(&error));
        Ok(Answer::of(life, fresh, unspooled))
    }

    fn of(spool: SpoolId, fresh: Vec<u8>, unspooled: Option<String>) -> Answer {
        Answer { spool, taken: Vec::new(), fresh, dropped: 0, held: 0, former: 0, unspooled }
    }

    /// Adds what waits in former spools, then what waits in this one. Losses are told of under its own life alone:
    /// under one that was made up for this answer they would be told of again.
    fn take(&mut self, home: &Home, request: &Request, spool: Option<Spool>) {
        let mut luggage = Luggage::beside(self.fresh.len(), &request.limits);
        let former = former::empty(home, request, spool.as_ref().map(Spool::position), &mut luggage);
        if let Some(mut spool) = spool {
            if former.lost > 0 {
                spool.add_losses(former.lost);
            }
            if spool.position().0 == self.spool {
                self.dropped = spool.dropped();
            }
            luggage.add(spool.into_waiting());
        }
        (self.taken, self.held, self.former) = (luggage.envelopes, luggage.held, former.holding);
    }

    /// The fresh envelope alone, in a life of its own: a number that can't be noted down as used must not come
    /// from the spool's counter.
    fn unspooled(letter: &Letter<'_>, why: &SpoolError) -> Result<Answer, ProbeError> {
        let life = spool::random_life().map_err(ProbeError::Random)?;
        let fresh = letter.seal(life, 1)?;
        Ok(Answer::of(life, fresh, Some(one_line(why))))
    }

    fn write(&self, request: &Request, mut output: impl Write) -> io::Result<()> {
        let bytes: usize = self.taken.iter().map(Vec::len).sum();
        let header = AnswerHeader {
            probe: VERSION.to_owned(),
            spool: self.spool,
            count: count(self.taken.len() + 1),
            bytes: (bytes + self.fresh.len()) as u64,
            dropped: self.dropped,
            held: count(self.held),
            former: self.former,
            unspooled: self.unspooled.clone(),
        };
        output.write_all(header.encode(request.nonce).as_bytes())?;
        for envelope in &self.taken {
            output.write_all(envelope)?;
        }
        output.write_all(&self.fresh)?;
        output.write_all(wire::end_line(request.nonce).as_bytes())?;
        output.flush()
    }
}

fn count(envelopes: usize) -> u32 {
    u32::try_from(envelopes).expect("a folder listed in memory has fewer files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_cut_off_too_long_or_of_another_version_is_refused() {
        let refusal = |line: &str| read_request(line.as_bytes()).unwrap_err().one_line();
        let long = format!("{}\n", " ".repeat(wire::MAX_LINE));
        for line in ["", "{\"version\":1", &long] {
            assert_eq!(refusal(line), "the request is cut off or longer than 131072 bytes");
        }
        assert!(refusal("{}\n").starts_with("the request is not one this probe understands: missing field"));
        let ids = ("\"nonce\":\"00000000000000000000000000000000\",\"key\":", "00".repeat(32));
        let newer = format!(
            "{{\"version\":2,\"host\":\"a\",{}\"{}\",\"acknowledgements\":[],\"limits\":{{\"envelopes\":1,\"bytes\":1}}}}\n",
            ids.0, ids.1
        );
        assert_eq!(refusal(&newer), "the request has version 2, this probe knows version 1");
    }
}
