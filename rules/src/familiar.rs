//! What a host was seen with: so that what is gone, and a new boot, are noticed.

use std::collections::BTreeMap;

use sample::Timestamp;

use crate::stored::ParseMemoryError;

/// What a host had in the samples before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Familiar {
    /// The boot of the newest sample.
    pub boot_id: Option<String>,
    /// When that one was taken.
    pub taken: Option<Timestamp>,
    /// Its mounts, interfaces and sensors (`mount /var`, `interface eth0`, `sensor coretemp Core 0`), each with how many
    /// samples in a row it was missing.
    pub things: BTreeMap<String, u32>,
}

impl Familiar {
    /// The things, one a line; those that are missing with their number of samples and a tab before it.
    pub fn things_to_stored(&self) -> String {
        todo!()
    }

    /// The things that [`Familiar::things_to_stored`] wrote.
    ///
    /// # Errors
    /// It wrote no such text.
    pub fn things_from_stored(_text: &str) -> Result<BTreeMap<String, u32>, ParseMemoryError> {
        todo!()
    }
}
