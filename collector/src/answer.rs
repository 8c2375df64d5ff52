//! Finding the probe's answer in what a login shell prints around it.

use sample::Nonce;
use sample::wire::{self, AnswerHeader, Limits};

/// Reads an answer piece by piece, however the connection cuts it. Holds no more than it was promised.
pub struct AnswerReader {
    nonce: Nonce,
    limits: Limits,
    end: Vec<u8>,
    state: State,
    received: Vec<u8>,
}

enum State {
    /// Looking for the header line. The bytes of complete lines are dropped and counted; of the last, unfinished
    /// line so many bytes were looked at.
    Searching {
        noise: usize,
        looked_at: usize,
    },
    /// Taking envelopes and the end line.
    Taking(AnswerHeader),
    Done(Result<Answer, NoAnswer>),
}

/// A complete answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its first line.
    pub header: AnswerHeader,
    /// The envelopes, one after the other.
    pub envelopes: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The output ended before a header came.
    #[error("it printed no answer")]
    NoHeader,
    /// So much came before a header that none is expected any more.
    #[error("the login shell printed more than 64 KiB before the probe could answer")]
    Noise,
    /// The output ended in the middle of the answer.
    #[error("its answer was cut short")]
    CutShort,
    /// The header promises more than was asked for, or the end line is missing.
    #[error("its answer is malformed: {0}")]
    Malformed(&'static str),
}

impl AnswerReader {
    /// A reader of the answer to the request with this nonce and these limits.
    pub fn new(nonce: Nonce, limits: Limits) -> AnswerReader {
        let end = wire::end_line(nonce).into_bytes();
        AnswerReader { nonce, limits, end, state: State::Searching { noise: 0, looked_at: 0 }, received: Vec::new() }
    }

    /// Takes the next piece of output. Returns whether it wants more.
    pub fn take(&mut self, piece: &[u8]) -> bool {
        if matches!(self.state, State::Done(_)) {
            return false;
        }
        self.received.extend_from_slice(piece);
        if matches!(self.state, State::Searching { .. }) {
            self.search();
            self.make_room();
        }
        if matches!(self.state, State::Taking(_)) {
            self.complete();
        }
        !matches!(self.state, State::Done(_))
    }

    /// Whether the answer's first line has come.
    pub fn has_begun(&self) -> bool {
        !matches!(self.state, State::Searching { .. })
    }

    /// Room for all that comes, once that is known: a buffer that doubles would take up to twice as much.
    fn make_room(&mut self) {
        if let State::Taking(header) = &self.state {
            let bytes = usize::try_from(header.bytes).expect("checked against the request's limit");
            self.received.reserve_exact((bytes + self.end.len()).saturating_sub(self.received.len()));
        }
    }

    /// The answer, after the output has ended or the reader wanted nothing more.
    ///
    /// # Errors
    /// There is none.
    pub fn finish(self) -> Result<Answer, NoAnswer> {
        match self.state {
            State::Done(result) => result,
            State::Searching { .. } => Err(NoAnswer::NoHeader),
            State::Taking(_) => Err(NoAnswer::CutShort),
        }
    }

    fn search(&mut self) {
        let State::Searching { noise, looked_at } = &mut self.state else { return };
        let mut start = 0;
        while let Some(more) = self.received[start + *looked_at..].iter().position(|byte| *byte == b'\n') {
            let line = &self.received[start..start + *looked_at + more];
            start += line.len() + 1;
            *looked_at = 0;
            if let Some(header) = AnswerHeader::decode(line, self.nonce) {
                self.state = check(header, self.limits).map_or_else(|bad| State::Done(Err(bad)), State::Taking);
                self.received.drain(..start);
                return;
            }
        }
        *noise += start;
        self.received.drain(..start);
        *looked_at = self.received.len();
        if *noise + self.received.len() > wire::MAX_NOISE {
            self.state = State::Done(Err(NoAnswer::Noise));
        }
    }

    fn complete(&mut self) {
        let State::Taking(header) = &self.state else { return };
        let bytes = usize::try_from(header.bytes).expect("checked against the request's limit");
        let Some(end) = self.received.get(bytes..bytes + self.end.len()) else { return };
        let result = if end == self.end {
            let header = header.clone();
            self.received.truncate(bytes);
            Ok(Answer { header, envelopes: std::mem::take(&mut self.received) })
        } else {
            Err(NoAnswer::Malformed("no end line after the envelopes"))
        };
        self.state = State::Done(result);
    }
}

fn check(header: AnswerHeader, limits: Limits) -> Result<AnswerHeader, NoAnswer> {
    if header.bytes > limits.bytes || header.count > limits.envelopes {
        return Err(NoAnswer::Malformed("more envelopes than asked for"));
    }
    if header.count == 0 {
        return Err(NoAnswer::Malformed("no envelopes"));
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::SpoolId;

    const NONCE: Nonce = Nonce([7; 16]);
    const LIMITS: Limits = Limits { envelopes: 10, bytes: 1000 };

    fn header(bytes: u64) -> AnswerHeader {
        let (probe, spool) = ("0.1.0".to_owned(), SpoolId([1; 16]));
        AnswerHeader { probe, spool, count: 1, bytes, dropped: 0, held: 0, former: 0, unspooled: None }
    }

    fn answer(envelopes: &[u8]) -> Vec<u8> {
        let header = header(envelopes.len() as u64).encode(NONCE);
        [header.as_bytes(), envelopes, wire::end_line(NONCE).as_bytes()].concat()
    }

    fn read(bytes: &[u8], piece: usize) -> Result<Answer, NoAnswer> {
        let mut reader = AnswerReader::new(NONCE, LIMITS);
        for piece in bytes.chunks(piece) {
            if !reader.take(piece) {
                break;
            }
        }
        reader.finish()
    }

    #[test]
    fn an_answer_is_found_in_noise_however_it_is_cut() {
        let noise = b"Welcome!\nlast login: today\n\xff\xfe@@FHE1 not this one\nno line break".as_slice();
        let bytes = [noise, &answer(b"\n@@END in an envelope\n"), b"sent after the end"].concat();
        for piece in 1..=bytes.len() {
            let answer = read(&bytes, piece).unwrap();
            assert_eq!(answer.envelopes, b"\n@@END in an envelope\n", "in pieces of {piece}");
        }
    }

    #[test]
    fn an_answer_begins_with_its_first_line_and_not_with_the_noise_before() {
        let (mut reader, header) = (AnswerReader::new(NONCE, LIMITS), header(8).encode(NONCE));
        let (before, line_break) = header.split_at(header.len() - 1);
        let begun = ["Welcome!\n", before, line_break].map(|piece| {
            reader.take(piece.as_bytes());
            reader.has_begun()
        });
        assert_eq!(begun, [false, false, true]);
    }

    #[test]
    fn an_answer_cut_anywhere_is_no_answer() {
        let bytes = answer(b"envelope");
        for length in 0..bytes.len() {
            let expected = if length < header(8).encode(NONCE).len() { NoAnswer::NoHeader } else { NoAnswer::CutShort };
            assert_eq!(read(&bytes[..length], 5), Err(expected), "after {length} bytes");
        }
    }

    #[test]
    fn an_answer_to_another_visit_is_noise() {
        let mut reader = AnswerReader::new(Nonce([8; 16]), LIMITS);
        assert!(reader.take(&answer(b"envelope")));
        assert_eq!(reader.finish(), Err(NoAnswer::NoHeader));
    }

    #[test]
    fn endless_noise_is_not_read_for_ever_and_not_kept() {
        let mut reader = AnswerReader::new(NONCE, LIMITS);
        let pieces = (0..1000).take_while(|_| reader.take(&[b'x'; 1024])).count();
        assert!(pieces <= wire::MAX_NOISE / 1024, "{pieces}");
        assert_eq!(reader.finish(), Err(NoAnswer::Noise));
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_at_once() {
        let mut reader = AnswerReader::new(NONCE, LIMITS);
        assert!(!reader.take(header(1001).encode(NONCE).as_bytes()));
        assert!(matches!(reader.finish(), Err(NoAnswer::Malformed(_))));
    }

    #[test]
    fn envelopes_without_the_end_line_are_refused() {
        let mut bytes = answer(b"envelope");
        let length = bytes.len();
        bytes[length - 3] ^= 1;
        assert!(matches!(read(&bytes, 64), Err(NoAnswer::Malformed(_))));
    }
}
