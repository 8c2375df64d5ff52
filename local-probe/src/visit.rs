//! One visit of a collector: a request comes in, an answer goes out.

use std::io::{self, BufRead, BufReader, Read, Write};

use sample::SpoolId;
use sample::wire::{self, AnswerHeader, Limits, Request};

use crate::VERSION;
use crate::error::{ProbeError, one_line};
use crate::home::Home;
use crate::measure::{self, Measurement};
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
    let measurement = Measurement::take(!request.cpu_baseline);
    let sample = measurement.sample_for(request.host.clone(), Some(request.nonce)).map_err(ProbeError::Random)?;
    let target = Target::new(request.host.clone(), &key);
    let opened = Spool::open(&home.spools(), &target, measurement.boot_id());
    let answer = prepare(opened, &request, &Letter::new(&key, sample))?;
    answer.write(&request, output).map_err(ProbeError::WriteAnswer)?;
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
    Ok(request)
}

struct Answer {
    spool: SpoolId,
    /// What was waiting in the spool, oldest first.
    waiting: Vec<Vec<u8>>,
    fresh: Vec<u8>,
    dropped: u64,
    unspooled: Option<String>,
}

fn prepare(opened: Result<Spool, SpoolError>, request: &Request, letter: &Letter<'_>) -> Result<Answer, ProbeError> {
    let acknowledged = opened.and_then(|mut spool| {
        spool.acknowledge(&request.acknowledgements)?;
        Ok(spool)
    });
    let mut spool = match acknowledged {
        Ok(spool) => spool,
        Err(error) => return Answer::unspooled(letter, &error),
    };
    let mut answer = match spool.reserve(letter.size_at_most()) {
        Ok((life, sequence)) => Answer::spooled(letter, &spool, life, sequence)?,
        Err(error) => Answer::unspooled(letter, &error)?,
    };
    answer.dropped = spool.dropped();
    answer.waiting = spool.into_waiting();
    Ok(answer)
}

impl Answer {
    fn spooled(letter: &Letter<'_>, spool: &Spool, life: SpoolId, sequence: u64) -> Result<Answer, ProbeError> {
        let fresh = letter.seal(life, sequence)?;
        let unspooled = spool.keep(sequence, &fresh).err().map(|error| one_line(&error));
        Ok(Answer { spool: life, waiting: Vec::new(), fresh, dropped: 0, unspooled })
    }

    /// The fresh envelope alone, in a life of its own: a number that can't be noted down as used must not come
    /// from the spool's counter.
    fn unspooled(letter: &Letter<'_>, why: &SpoolError) -> Result<Answer, ProbeError> {
        let life = spool::random_life().map_err(ProbeError::Random)?;
        let fresh = letter.seal(life, 1)?;
        Ok(Answer { spool: life, waiting: Vec::new(), fresh, dropped: 0, unspooled: Some(one_line(why)) })
    }

    fn write(&self, request: &Request, mut output: impl Write) -> io::Result<()> {
        let taken = &self.waiting[..self.within(&request.limits)];
        let bytes: usize = taken.iter().map(Vec::len).sum();
        let header = AnswerHeader {
            probe: VERSION.to_owned(),
            spool: self.spool,
            count: count(taken.len() + 1),
            bytes: (bytes + self.fresh.len()) as u64,
            dropped: self.dropped,
            held: count(self.waiting.len() - taken.len()),
            former: 0,
            unspooled: self.unspooled.clone(),
        };
        output.write_all(header.encode(request.nonce).as_bytes())?;
        for envelope in taken {
            output.write_all(envelope)?;
        }
        output.write_all(&self.fresh)?;
        output.write_all(wire::end_line(request.nonce).as_bytes())?;
        output.flush()
    }

    /// How many of those waiting go with the fresh one. The oldest first, without a gap.
    fn within(&self, limits: &Limits) -> usize {
        let others = usize::try_from(limits.envelopes).unwrap_or(usize::MAX).saturating_sub(1);
        let mut room = limits.bytes.saturating_sub(self.fresh.len() as u64);
        let fits = |envelope: &&Vec<u8>| {
            let left = room.checked_sub(envelope.len() as u64);
            room = left.unwrap_or(0);
            left.is_some()
        };
        self.waiting.iter().take(others).take_while(fits).count()
    }
}

fn count(envelopes: usize) -> u32 {
    u32::try_from(envelopes).expect("a spool holds at most a thousand envelopes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_the_fresh_one_always() {
        let waiting = vec![vec![0; 10], vec![0; 20], vec![0; 5]];
        let answer = Answer { spool: SpoolId([1; 16]), waiting, fresh: vec![0; 10], dropped: 0, unspooled: None };
        let within = |envelopes, bytes| answer.within(&Limits { envelopes, bytes });
        assert_eq!(within(4, 45), 3);
        assert_eq!(within(4, 44), 2);
        assert_eq!(within(4, 39), 1, "the third would fit, but not in order");
        assert_eq!(within(2, 45), 1);
        assert_eq!((within(1, 45), within(0, 45), within(4, 0)), (0, 0, 0));
    }

    #[test]
    fn a_request_that_is_cut_off_too_long_or_of_another_version_is_refused() {
        let refusal = |line: &str| read_request(line.as_bytes()).unwrap_err().one_line();
        let long = format!("{}\n", " ".repeat(wire::MAX_LINE));
        for line in ["", "{\"version\":1", &long] {
            assert_eq!(refusal(line), "the request is cut off or longer than 16384 bytes");
        }
        assert!(refusal("{}\n").starts_with("the request is not one this probe understands: missing field"));
        let ids = ("\"nonce\":\"00000000000000000000000000000000\",\"key\":", "00".repeat(32));
        let newer = format!(
            "{{\"version\":2,\"host\":\"a\",{}\"{}\",\"acknowledgements\":[],\"cpu_baseline\":true,\"limits\":{{\"envelopes\":1,\"bytes\":1}}}}\n",
            ids.0, ids.1
        );
        assert_eq!(refusal(&newer), "the request has version 2, this probe knows version 1");
    }
}
