//! Which sessions somebody looks for, or wants to end.

use std::net::IpAddr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::revocation::EndReason;
use super::session::State;
use crate::base::clock::Time;
use crate::base::id::{DeviceId, SessionId, UserId};

/// Everything that is named must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub user: Option<UserId>,
    /// A client that takes part, or whose own session it is.
    pub client_id: Option<String>,
    pub state: Option<State>,
    pub network: Option<Network>,
    /// ISO 3166-1 alpha-2, in upper case.
    pub country: Option<String>,
    pub device: Option<DeviceId>,
    pub created: Span,
    pub active: Span,
    pub reason: Option<EndReason>,
}

/// From a time on, up to but without another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub after: Option<Time>,
    pub before: Option<Time>,
}

impl Span {
    /// The ids of everything that began in this time: an id begins with its millisecond.
    pub fn ids(self) -> (SessionId, SessionId) {
        let first = |at: Time| u128::try_from(at.timestamp_millis()).unwrap_or_default() << 80;
        let lowest = self.after.map_or(0, first);
        let highest = self.before.map_or(u128::MAX, |at| first(at + TimeDelta::milliseconds(1)));
        (SessionId(Uuid::from_u128(lowest)), SessionId(Uuid::from_u128(highest)))
    }
}

/// Where sessions come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    Addresses(AddressRange),
    /// Who runs it, word for word.
    Name(String),
}

impl Network {
    /// An address, addresses by prefix (`192.0.2.0/24`), or a name.
    pub fn parse(text: &str) -> Self {
        AddressRange::parse(text).map_or_else(|| Self::Name(text.to_owned()), Self::Addresses)
    }
}

/// Addresses from one to another, by their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRange {
    pub first: [u8; 16],
    pub last: [u8; 16],
}

impl AddressRange {
    /// Reads an address or a prefix; bits behind the prefix do not matter.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(text) if text.bytes().all(|digit| digit.is_ascii_digit()) => text.parse::<u32>().ok()?,
            Some(_) => return None,
        };
        let free = width.checked_sub(prefix)?;
        let within = 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
        let first = u128::from_be_bytes(key(address)) & !within;
        Some(Self { first: first.to_be_bytes(), last: (first | within).to_be_bytes() })
    }
}

/// What addresses are sorted and searched by: IPv6, in which IPv4 has its place (RFC 4291 section 2.5.5.2).
pub fn address_key(text: &str) -> Option<[u8; 16]> {
    text.parse().ok().map(key)
}

fn key(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::session::tests::at;

    #[test]
    fn a_prefix_holds_exactly_its_addresses() {
        for (network, inside, outside) in [
            ("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"][..], &["192.0.2.6", "192.0.2.8"][..]),
            ("192.0.2.99/24", &["192.0.2.0", "192.0.2.255"], &["192.0.1.255", "192.0.3.0", "::192.0.2.1"]),
            ("10.4.0.0/14", &["10.4.0.0", "10.7.255.255"], &["10.3.255.255", "10.8.0.0"]),
            ("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::1", "2001:db8::1"]),
            ("2001:db8::/32", &["2001:db8::", "2001:db8:ffff::1"], &["2001:db9::", "192.0.2.1"]),
            ("::/0", &["::", "ffff::", "192.0.2.1"], &[]),
        ] {
            let Network::Addresses(range) = Network::parse(network) else { panic!("{network}") };
            let holds = |text: &&str| (range.first..=range.last).contains(&address_key(text).unwrap());
            assert!(inside.iter().all(holds) && !outside.iter().any(holds), "{network}");
        }
    }

    #[test]
    fn what_is_no_address_is_a_name() {
        for name in ["Example Telecom", "10.4", "192.0.2.0/33", "192.0.2.0/+8", "192.0.2.0/", "::/129", "AS64500"] {
            assert_eq!(Network::parse(name), Network::Name(name.into()));
        }
        assert_eq!(address_key("unknown"), None);
    }

    #[test]
    fn ids_lie_where_their_time_does() {
        let dice = SeededEntropy::new(1);
        let (lowest, highest) = Span { after: Some(at(10)), before: Some(at(20)) }.ids();
        for (second, within) in [(9, false), (10, true), (19, true), (21, false)] {
            let id = SessionId::new(at(second), &dice);
            assert_eq!(lowest <= id && id <= highest, within, "{second}");
        }
        let (lowest, highest) = Span::default().ids();
        assert!(lowest.0.is_nil() && highest.0.is_max());
    }
}
