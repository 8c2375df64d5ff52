//! Who asks: silences and acknowledgements bear a name.

use crate::error::FleetError;
use crate::surroundings::Surroundings;

/// The name that was given, else the user's.
pub(crate) fn who(given: Option<&str>, surroundings: &Surroundings) -> Result<String, FleetError> {
    given.map(str::to_owned).or_else(|| surroundings.user.clone()).ok_or_else(|| FleetError::Usage {
        message: "none of $SUDO_USER, $USER and $LOGNAME says who you are".to_owned(),
        hint: Some("give your name with --author (silence) or --by (ack)".to_owned()),
    })
}
