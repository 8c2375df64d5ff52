//! `fleet-collector import`: hosts that ssh knows, as elements for config.xml.

use super::args::ImportArgs;
use super::error::{CommandError, Ending};
use super::report::print;
use crate::import::import as import_from;

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
    found.clients.iter().for_each(|client| print(&client.to_string()));
    print(NEXT);
    Ok(Ending::Done)
}
