//! What stands for a directory in a program that cannot speak with one: nothing that exists.
#![expect(clippy::unused_async, reason = "the same shape as where there is one")]

use super::{Away, NoDirectory};
use crate::base::secret::Typed;
use crate::protocol::ldap::{self, Person};

pub enum Directory {}

pub enum Candidate {}

impl Directory {
    pub fn open(_: ldap::Directory, _: &[u8]) -> Result<Self, NoDirectory> {
        Err(NoDirectory::Unable)
    }

    pub fn rules(&self) -> &ldap::Directory {
        match *self {}
    }

    pub async fn look_for(&self, _: Option<&str>, _: &str) -> Result<Candidate, Away> {
        match *self {}
    }

    pub async fn missing(&self, _: Vec<String>) -> Result<Vec<String>, Away> {
        match *self {}
    }

    pub async fn check(&self) -> Result<(), Away> {
        match *self {}
    }
}

impl Candidate {
    pub fn id(&self) -> Option<String> {
        match *self {}
    }

    pub async fn prove(self, _: Typed) -> Result<Option<Person>, Away> {
        match self {}
    }
}
