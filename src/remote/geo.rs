//! Country, coordinates and network of an address, out of `MaxMind` DB files on this machine; nobody is asked.
//!
//! A country file may be of the Country or the City kind; only the latter knows coordinates. The files are read whole, and
//! again when they change: whoever replaces one should move a complete file to its place.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use maxminddb::{MaxMindDbError, Reader, geoip2};

/// Why a file of addresses cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("geo.{what}: {}: {cause}", file.display())]
pub struct NoGeo {
    /// What the setting calls it.
    what: &'static str,
    file: PathBuf,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("is no MaxMind DB file: {0}")]
    Format(#[from] MaxMindDbError),
}

/// What is known about addresses; without files nothing is.
#[derive(Default)]
pub struct Geo {
    country: Option<Source>,
    asn: Option<Source>,
}

/// What is known about one address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Who runs the network.
    pub network: Option<String>,
    /// ISO 3166-1 alpha-2, and the name in English.
    pub country: Option<String>,
    pub country_name: Option<String>,
    pub city: Option<String>,
    /// Latitude and longitude in degrees, and the radius in kilometres within which the address is.
    pub point: Option<(f64, f64, f64)>,
}

/// A file as it was when it was last read.
struct Source {
    what: &'static str,
    path: PathBuf,
    read: ArcSwap<Edition>,
}

struct Edition {
    stamp: (SystemTime, u64),
    reader: Reader<Vec<u8>>,
}

impl Edition {
    fn read(path: &Path) -> Result<Self, Cause> {
        let stamp = stamp(path)?;
        Ok(Self { stamp, reader: Reader::from_source(fs::read(path)?)? })
    }
}

/// What changes with the content.
fn stamp(path: &Path) -> io::Result<(SystemTime, u64)> {
    let about = fs::metadata(path)?;
    Ok((about.modified()?, about.len()))
}

impl Source {
    fn open(what: &'static str, path: &Path) -> Result<Self, NoGeo> {
        let edition = Edition::read(path).map_err(|cause| NoGeo { what, file: path.to_owned(), cause })?;
        Ok(Self { what, path: path.to_owned(), read: ArcSwap::from_pointee(edition) })
    }

    /// Reads the file again if it changed; a broken one leaves the old one in use.
    fn refresh(&self) -> Result<(), NoGeo> {
        let refreshed = || {
            if stamp(&self.path)? != self.read.load().stamp {
                self.read.store(Edition::read(&self.path)?.into());
                tracing::info!(file = %self.path.display(), "the addresses were read anew");
            }
            Ok(())
        };
        refreshed().map_err(|cause| NoGeo { what: self.what, file: self.path.clone(), cause })
    }
}

impl Geo {
    pub fn open(country: Option<&Path>, asn: Option<&Path>) -> Result<Self, NoGeo> {
        let open = |what, path: Option<&Path>| path.map(|path| Source::open(what, path)).transpose();
        Ok(Self { country: open("country_file", country)?, asn: open("asn_file", asn)? })
    }

    /// Reads again what changed.
    pub fn refresh(&self) -> Result<(), NoGeo> {
        self.country.iter().chain(&self.asn).try_for_each(Source::refresh)
    }

    /// A file that knows nothing of an address, or that breaks off there, says nothing.
    pub fn look_up(&self, address: IpAddr) -> Known {
        let mut known = Known::default();
        if let Some(source) = &self.country {
            let edition = source.read.load();
            let found = edition.reader.lookup(address).ok();
            if let Some(city) = found.and_then(|found| found.decode::<geoip2::City>().ok().flatten()) {
                let (country, place) = (&city.country, &city.location);
                known.country = country.iso_code.map(str::to_owned);
                known.country_name = country.names.english.map(str::to_owned);
                known.city = city.city.names.english.map(str::to_owned);
                let radius = f64::from(place.accuracy_radius.unwrap_or(0));
                known.point = place.latitude.zip(place.longitude).map(|(north, east)| (north, east, radius));
            }
        }
        if let Some(source) = &self.asn {
            let edition = source.read.load();
            let found = edition.reader.lookup(address).ok();
            if let Some(asn) = found.and_then(|found| found.decode::<geoip2::Asn>().ok().flatten()) {
                known.network = asn.autonomous_system_organization.map(str::to_owned);
            }
        }
        known
    }
}
