//! Runs programs of the host, with an end in sight.
