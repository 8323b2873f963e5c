//! The answer of a compiling process: a magic word, the identity of its engine, the length of a
//! JSON document, the document, and the code.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::super::engine::EngineIdentity;
use super::super::{ComponentError, Inspection};

/// A component that was accepted.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Compiled {
    /// What the component says of itself.
    pub inspection: Inspection,
    /// The code that wasmtime compiled.
    pub code: Vec<u8>,
}

/// Why an answer cannot be read. This is never the component's fault: the process is of another
/// release of this program, or it failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the compiling process is of another release; was the program replaced while it runs?")]
    AnotherEngine,
    #[error("the compiling process gave no readable answer")]
    Malformed,
}

pub(super) fn write(
    out: &mut impl Write,
    identity: EngineIdentity,
    outcome: Result<Compiled, ComponentError>,
) -> io::Result<()> {
    let (outcome, code) = match outcome {
        Ok(Compiled { inspection, code }) => (Outcome::Compiled(inspection), code),
        Err(error) => (Outcome::Refused(error), Vec::new()),
    };
    let head = serde_json::to_vec(&outcome)?;
    out.write_all(MAGIC)?;
    out.write_all(&identity.0)?;
    out.write_all(&(head.len() as u64).to_le_bytes())?;
    out.write_all(&head)?;
    out.write_all(&code)?;
    out.flush()
}

/// Reads an answer from an engine of the identity `identity`.
pub(super) fn read(
    answer: Vec<u8>,
    identity: EngineIdentity,
) -> Result<Result<Compiled, ComponentError>, FrameError> {
    let rest = answer.strip_prefix(MAGIC).ok_or(FrameError::Malformed)?;
    let rest = rest.strip_prefix(&identity.0).ok_or(FrameError::AnotherEngine)?;
    let (length, rest) = rest.split_first_chunk().ok_or(FrameError::Malformed)?;
    let length = usize::try_from(u64::from_le_bytes(*length))
        .ok()
        .filter(|length| *length <= MAX_HEAD_BYTES);
    let (head, code) =
        length.and_then(|length| rest.split_at_checked(length)).ok_or(FrameError::Malformed)?;
    match serde_json::from_slice(head).map_err(|_| FrameError::Malformed)? {
        Outcome::Compiled(inspection) => {
            let before = answer.len() - code.len();
            let mut code = answer;
            code.drain(..before);
            Ok(Ok(Compiled { inspection, code }))
        }
        Outcome::Refused(error) => Ok(Err(error)),
    }
}

#[derive(Serialize, Deserialize)]
enum Outcome {
    Compiled(Inspection),
    Refused(ComponentError),
}

const MAGIC: &[u8] = b"flowhost";

/// Above the most that an inspection can have: 400 names of 200 bytes and a section of 64 KiB.
const MAX_HEAD_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: EngineIdentity = EngineIdentity([7; 32]);

    fn written(outcome: Result<Compiled, ComponentError>) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, OURS, outcome).unwrap();
        bytes
    }

    fn compiled() -> Compiled {
        Compiled {
            inspection: Inspection { sdk: Some("0.1.0".to_owned()), ..Inspection::default() },
            code: b"code".to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(read(written(Ok(compiled())), OURS).unwrap(), Ok(compiled()));
        let refused = ComponentError::UnknownSdk("9.0.0".to_owned());
        assert_eq!(read(written(Err(refused.clone())), OURS).unwrap(), Err(refused));
    }

    #[test]
    fn another_engines_answer_and_half_of_one_are_refused() {
        let answer = written(Ok(compiled()));

        assert!(matches!(
            read(answer.clone(), EngineIdentity([8; 32])),
            Err(FrameError::AnotherEngine)
        ));
        for at in 0..answer.len() - "code".len() {
            assert!(read(answer[..at].to_vec(), OURS).is_err(), "cut at {at}");
        }
        let mut long = answer;
        long[40..48].fill(0xff);
        assert!(matches!(read(long, OURS), Err(FrameError::Malformed)));
    }
}
