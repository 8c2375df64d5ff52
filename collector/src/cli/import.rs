//! `fleet-collector import`: hosts that ssh knows, as elements for config.xml.

use std::io::{self, Write};

use super::args::ImportArgs;
use super::error::{CommandError, Ending};
use crate::import::{Import, import as import_from};

const NEXT: &str = "\
<!-- Next: put these into config.xml, in <config>; check them: fleet-collector check; pin their host keys:
     fleet-collector trust '*' -->";

pub(super) fn import(args: &ImportArgs) -> Result<Ending, CommandError> {
    let found = import_from(args.file.as_deref())?;
    for warning in &found.warnings {
        tracing::warn!("{warning}");
    }
    if found.clients.is_empty() {
        let hint = "a client is made of every name of a Host line that has no wildcards".to_owned();
        return Err(CommandError::usage("no hosts found", Some(hint)));
    }
    // What is printed becomes a file: half of it must not pass for the whole.
    write(&found).map(|()| Ending::Done).map_err(|error| CommandError::no_output(&error))
}

fn write(found: &Import) -> io::Result<()> {
    let mut out = io::stdout().lock();
    found.clients.iter().try_for_each(|client| writeln!(out, "{client}"))?;
    writeln!(out, "{NEXT}")?;
    out.flush()
}
