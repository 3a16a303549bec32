//! A writer of small `MaxMind` DB files (their file format 2.0), so that tests know where their addresses are.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use doorward::remote::geo::Geo;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::engines::Folder;

/// Nothing is known of an address.
const UNKNOWN: u32 = u32::MAX;
/// A leaf: the position of its data.
const LEAF: u32 = 1 << 31;

/// Writes what is known about networks; a later one within an earlier one is more precise.
pub fn write(file: &Path, kind: &str, networks: &[(&str, Value)]) {
    let (mut tree, mut data) = (vec![[UNKNOWN; 2]], Vec::new());
    for (network, value) in networks {
        let leaf = LEAF | u32::try_from(data.len()).unwrap();
        encode(value, &mut data);
        insert(&mut tree, network.parse().unwrap(), leaf);
    }
    let count = u32::try_from(tree.len()).unwrap();
    let record = |record: &u32| match *record {
        UNKNOWN => count,
        leaf if leaf & LEAF != 0 => count + 16 + (leaf & !LEAF),
        node => node,
    };
    let mut whole: Vec<u8> = tree.iter().flatten().flat_map(|found| record(found).to_be_bytes()).collect();
    whole.extend([0; 16]);
    whole.extend(data);
    whole.extend(b"\xab\xcd\xefMaxMind.com");
    let about = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_700_000_000,
        "database_type": kind, "description": {"en": "Addresses of tests"}, "ip_version": 6, "languages": ["en"],
        "node_count": count, "record_size": 32,
    });
    encode(&about, &mut whole);
    fs::write(file, whole).unwrap();
}

fn insert(tree: &mut Vec<[u32; 2]>, network: IpNet, leaf: u32) {
    // IPv4 lies in the lowest 32 bits of IPv6.
    let (bits, length) = match network.addr() {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 96 + u32::from(network.prefix_len())),
        IpAddr::V6(v6) => (u128::from(v6), u32::from(network.prefix_len())),
    };
    let mut at = 0;
    for depth in 0..length {
        let side = usize::from(bits >> (127 - depth) & 1 == 1);
        if depth + 1 == length {
            tree[at][side] = leaf;
            return;
        }
        if tree[at][side] == UNKNOWN || tree[at][side] & LEAF != 0 {
            let below = tree[at][side];
            tree.push([below; 2]);
            tree[at][side] = u32::try_from(tree.len() - 1).unwrap();
        }
        at = usize::try_from(tree[at][side]).unwrap();
    }
}

/// A field of the data section: a control byte with type and size, then the content.
fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            control(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Number(number) if number.is_f64() => {
            control(3, 8, out);
            out.extend(number.as_f64().unwrap().to_be_bytes());
        }
        Value::Object(members) => {
            control(7, members.len(), out);
            for (name, value) in members {
                encode(&Value::String(name.clone()), out);
                match value.as_u64() {
                    Some(number) => whole(name, number, out),
                    None => encode(value, out),
                }
            }
        }
        Value::Array(values) => {
            // An extended type: its number less seven follows.
            out.extend([u8::try_from(values.len()).unwrap(), 11 - 7]);
            for value in values {
                encode(value, out);
            }
        }
        other => panic!("{other} has no place in such a file"),
    }
}

/// A whole number in the width that the format demands for this member.
fn whole(name: &str, number: u64, out: &mut Vec<u8>) {
    match name {
        "build_epoch" => {
            out.extend([8, 9 - 7]);
            out.extend(number.to_be_bytes());
        }
        "node_count" | "autonomous_system_number" => {
            control(6, 4, out);
            out.extend(u32::try_from(number).unwrap().to_be_bytes());
        }
        _ => {
            control(5, 2, out);
            out.extend(u16::try_from(number).unwrap().to_be_bytes());
        }
    }
}

fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    match u8::try_from(size).unwrap() {
        size @ 0..29 => out.push(kind << 5 | size),
        size => out.extend([kind << 5 | 0x1d, size - 29]),
    }
}

fn city(name: &str, (code, country): (&str, &str), (north, east): (f64, f64)) -> Value {
    json!({
        "city": {"names": {"en": name}}, "country": {"iso_code": code, "names": {"en": country}},
        "location": {"latitude": north, "longitude": east, "accuracy_radius": 20},
    })
}

/// Berlin, Munich and Sydney, by the addresses of documentation (RFC 5737, RFC 3849).
pub fn world() -> Geo {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let (cities, networks) = (folder.0.join("city.mmdb"), folder.0.join("asn.mmdb"));
    let berlin = city("Berlin", ("DE", "Germany"), (52.52, 13.4));
    let places = [
        ("192.0.2.0/24", berlin.clone()),
        ("2001:db8:1::/48", berlin),
        ("198.51.100.0/24", city("Munich", ("DE", "Germany"), (48.14, 11.58))),
        ("203.0.113.0/24", city("Sydney", ("AU", "Australia"), (-33.87, 151.21))),
    ];
    write(&cities, "GeoLite2-City", &places);
    let run_by =
        |number: u32, name: &str| json!({"autonomous_system_number": number, "autonomous_system_organization": name});
    let runners = [
        ("192.0.2.0/24", run_by(64_496, "Mobile AG")),
        ("2001:db8:1::/48", run_by(64_496, "Mobile AG")),
        ("198.51.100.0/24", run_by(64_497, "Cable GmbH")),
    ];
    write(&networks, "GeoLite2-ASN", &runners);
    Geo::open(Some(&cities), Some(&networks)).unwrap()
}

#[test]
fn addresses_are_where_the_file_says() {
    let geo = world();
    let known = |address: &str| geo.look_up(address.parse().unwrap());
    for address in ["192.0.2.1", "2001:db8:1::1"] {
        let berlin = known(address);
        assert_eq!((berlin.city.as_deref(), berlin.country.as_deref()), (Some("Berlin"), Some("DE")), "{address}");
        assert_eq!((berlin.network.as_deref(), berlin.point), (Some("Mobile AG"), Some((52.52, 13.4, 20.0))));
    }
    assert_eq!(known("203.0.113.9").country_name.as_deref(), Some("Australia"));
    assert_eq!(known("203.0.113.9").network, None);
    assert_eq!(known("10.0.0.1"), doorward::remote::geo::Known::default());
}

#[test]
fn files_are_read_again_when_they_change_and_a_broken_one_changes_nothing() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("country.mmdb");
    let country = |code: &str| json!({"country": {"iso_code": code}});
    write(&file, "GeoLite2-Country", &[("192.0.2.0/24", country("DE"))]);
    let geo = Geo::open(Some(&file), None).unwrap();
    let code = || geo.look_up("192.0.2.1".parse().unwrap()).country;
    geo.refresh().unwrap();
    assert_eq!(code().as_deref(), Some("DE"));
    write(&file, "GeoLite2-Country", &[("192.0.2.0/25", country("FR")), ("192.0.2.128/25", country("DE"))]);
    geo.refresh().unwrap();
    assert_eq!(code().as_deref(), Some("FR"));
    fs::write(&file, "no such thing").unwrap();
    let told = geo.refresh().unwrap_err().to_string();
    assert!(
        told.starts_with("geo.country_file: ") && told.contains("country.mmdb") && told.contains("MaxMind DB"),
        "{told}"
    );
    assert_eq!(code().as_deref(), Some("FR"));
    assert!(Geo::open(None, Some(&folder.0.join("nowhere"))).is_err());
}
