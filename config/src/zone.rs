//! The time zone of this machine.

use rules::Zone;

/// The zone that the environment (`TZ`) or the system (`/etc/localtime`) names; UTC if neither names one of the IANA
/// database.
pub fn zone_of_the_system() -> Zone {
    let named = std::env::var("TZ").ok().and_then(|name| name.trim_start_matches(':').parse().ok());
    let system = || iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok());
    named.or_else(system).unwrap_or(Zone::UTC)
}
