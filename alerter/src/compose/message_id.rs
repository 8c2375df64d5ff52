//! The Message-ID of a mail: the same for the same notices, whenever and however often it is made.
