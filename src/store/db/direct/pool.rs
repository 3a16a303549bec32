//! Connections to read on, opened when they are first needed and kept.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::super::fault::Fault;
use super::super::place::SqliteFile;
use super::connection::{Connection, Error};

pub(in crate::store::db) struct Pool {
    file: SqliteFile,
    patience: Duration,
    seats: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// A connection that is somebody's until it is dropped.
pub(in crate::store::db) struct Seat {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub fn new(file: SqliteFile, most: usize, patience: Duration) -> Self {
        Self { file, patience, seats: Arc::new(Semaphore::new(most)), idle: Arc::default() }
    }

    pub async fn acquire(&self) -> Result<Seat, Fault> {
        let seat = timeout(self.patience, self.seats.clone().acquire_owned()).await;
        let permit = seat.map_err(|_| Fault::new("no connection to read on was free in time"))?;
        let permit = permit.map_err(|_| Fault::new("the database is closed"))?;
        let kept = lock(&self.idle).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self
                .file
                .connect()
                .and_then(Connection::only_read)
                .map_err(|cause| Fault::because("no connection to read on", cause))?,
        };
        Ok(Seat { connection: Some(connection), idle: self.idle.clone(), _permit: permit })
    }

    /// Nobody reads any more.
    pub fn close(&self) {
        self.seats.close();
        drop(mem::take(&mut *lock(&self.idle)));
    }
}

impl Seat {
    /// Works with the connection here and now.
    pub fn here<T>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.connection.as_mut().map_or(Err(Error::Lost), work)
    }

    /// Works with the connection on a thread that may wait, so that nobody waits here.
    pub async fn apart<T, F>(&mut self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    {
        let mut connection = self.connection.take().ok_or(Error::Lost)?;
        let worked = spawn_blocking(move || {
            let done = work(&mut connection);
            (connection, done)
        });
        let (connection, done) = worked.await.map_err(|_| Error::Lost)?;
        self.connection = Some(connection);
        done
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            lock(&self.idle).push(connection);
        }
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
