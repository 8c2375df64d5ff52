//! The simulated hosts: how each is called, where it is, and whether it answers.

use std::net::Ipv4Addr;

use sample::HostName;

/// More would not fit the 4 MiB that config.xml may have.
pub(super) const MAX_HOSTS: u32 = 50_000;

/// Leaves out the last octets 0 and 251 to 255, so that none looks like a network's own or broadcast address.
const PER_NETWORK: u32 = 250;

/// A simulated host, by its number from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Host(pub(super) u32);

impl Host {
    /// The first so many hosts.
    pub(super) fn first(hosts: u32) -> impl Iterator<Item = Host> {
        (0..hosts).map(Host)
    }

    pub(super) fn name(self) -> HostName {
        format!("h{:05}", self.0 + 1).parse().expect("a letter and digits are a host name")
    }

    /// Its own address on loopback.
    pub(super) fn address(self) -> Ipv4Addr {
        let octet = |number| u8::try_from(number).expect("50,000 hosts are 200 networks of 250");
        Ipv4Addr::new(127, 1, octet(self.0 / PER_NETWORK), octet(1 + self.0 % PER_NETWORK))
    }

    /// The host at this address.
    pub(super) fn at(address: Ipv4Addr) -> Option<Host> {
        let [_, _, network, last] = address.octets().map(u32::from);
        let host = Host(network * PER_NETWORK + last.checked_sub(1)?);
        (host.0 < MAX_HOSTS && host.address() == address).then_some(host)
    }

    /// Whether it is one of the silent ones, which are spread evenly.
    pub(super) fn is_silent(self, percent: u32) -> bool {
        silent_among(self.0, percent) != silent_among(self.0 + 1, percent)
    }
}

/// How many of the first so many hosts are silent.
pub(super) fn silent_among(hosts: u32, percent: u32) -> u32 {
    hosts * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_an_address_of_its_own_that_leads_back_to_it() {
        for host in Host::first(MAX_HOSTS) {
            assert_eq!(Host::at(host.address()), Some(host));
        }
        assert_eq!(Host(0).address(), Ipv4Addr::new(127, 1, 0, 1));
        assert_eq!(Host(250).address(), Ipv4Addr::new(127, 1, 1, 1));
        for nobody in [[127, 0, 0, 1], [127, 1, 0, 0], [127, 1, 0, 251], [127, 1, 255, 1]] {
            assert_eq!(Host::at(nobody.into()), None, "{nobody:?}");
        }
    }

    #[test]
    fn as_many_hosts_are_silent_as_the_percentage_says() {
        for (hosts, percent) in [(1000, 0), (1000, 5), (1000, 100), (7, 50), (MAX_HOSTS, 33)] {
            let silent = Host::first(hosts).filter(|host| host.is_silent(percent)).count();
            assert_eq!(silent, usize::try_from(silent_among(hosts, percent)).unwrap(), "{percent} % of {hosts}");
        }
    }
}
