//! Connections to read on, opened when they are first needed and kept.
//!
//! sqlx has a pool too; it asks PostgreSQL for a sign of life after each use, in a task of its own, so that whatever reads
//! costs a second round trip.

use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::fault::Fault;
use super::place::PATIENCE;

/// A connection that can be kept.
pub(super) trait Pooled: Sized + Send {
    /// What it connects to.
    type Place;

    fn open(place: &Self::Place) -> impl Future<Output = Result<Self, Fault>> + Send;

    /// Whether it was kept for so long that it is not used again.
    fn is_old(&self) -> bool;

    /// Whether it still serves; asked before the next one gets it.
    fn serves(&mut self) -> impl Future<Output = bool> + Send;
}

pub(super) struct Pool<C: Pooled> {
    place: C::Place,
    seats: Arc<Semaphore>,
    idle: Idle<C>,
}

/// A connection that is somebody's until it is dropped.
pub(super) struct Seat<C> {
    /// Whoever may go away in the middle of a statement takes it out meanwhile: then it is nobody's any more.
    pub held: Option<C>,
    idle: Idle<C>,
    _permit: OwnedSemaphorePermit,
}

/// The one that was used last comes last; `None` once the pool is closed.
type Idle<C> = Arc<Mutex<Option<Vec<C>>>>;

impl<C: Pooled> Pool<C> {
    pub fn new(place: C::Place, most: usize) -> Self {
        Self { place, seats: Arc::new(Semaphore::new(most)), idle: Arc::new(Mutex::new(Some(Vec::new()))) }
    }

    pub async fn acquire(&self) -> Result<Seat<C>, Fault> {
        let acquired = timeout(PATIENCE, self.wait()).await;
        acquired.unwrap_or_else(|_| Err(Fault::new("no connection to read on in time")))
    }

    async fn wait(&self) -> Result<Seat<C>, Fault> {
        let permit = self.seats.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Fault::new("the database is closed"))?;
        let connection = match self.kept().await {
            Some(connection) => connection,
            None => C::open(&self.place).await?,
        };
        Ok(Seat { held: Some(connection), idle: self.idle.clone(), _permit: permit })
    }

    /// The one of those that are not old that was used last, if it serves; if it does not, those that rest for longer are
    /// not tried either.
    async fn kept(&self) -> Option<C> {
        let mut connection = self.young()?;
        if connection.serves().await {
            return Some(connection);
        }
        lock(&self.idle).as_mut()?.clear();
        None
    }

    fn young(&self) -> Option<C> {
        let mut idle = lock(&self.idle);
        let idle = idle.as_mut()?;
        iter::from_fn(|| idle.pop()).find(|connection| !connection.is_old())
    }

    /// Nobody gets a connection any more, and none is kept. Gives those that are idle.
    pub fn close(&self) -> Vec<C> {
        self.seats.close();
        lock(&self.idle).take().unwrap_or_default()
    }
}

impl<C> Drop for Seat<C> {
    fn drop(&mut self) {
        if let (Some(connection), Some(idle)) = (self.held.take(), lock(&self.idle).as_mut()) {
            idle.push(connection);
        }
    }
}

fn lock<C>(idle: &Mutex<Option<Vec<C>>>) -> MutexGuard<'_, Option<Vec<C>>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    struct Numbered {
        number: u32,
        old: bool,
        serves: bool,
    }

    impl Pooled for Numbered {
        type Place = AtomicU32;

        async fn open(opened: &AtomicU32) -> Result<Self, Fault> {
            Ok(Self { number: opened.fetch_add(1, Ordering::Relaxed), old: false, serves: true })
        }

        fn is_old(&self) -> bool {
            self.old
        }

        async fn serves(&mut self) -> bool {
            self.serves
        }
    }

    fn number(seat: &Seat<Numbered>) -> Option<u32> {
        seat.held.as_ref().map(|connection| connection.number)
    }

    #[tokio::test]
    async fn a_connection_serves_one_after_the_other_until_it_does_not() {
        let pool = Pool::<Numbered>::new(AtomicU32::new(0), 3);
        let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        assert_eq!((number(&first), number(&second)), (Some(0), Some(1)));
        drop(first);
        drop(second);
        let mut again = pool.acquire().await.unwrap();
        assert_eq!(number(&again), Some(1), "the one that was used last");
        again.held.as_mut().unwrap().serves = false;
        drop(again);
        assert_eq!(number(&pool.acquire().await.unwrap()), Some(2), "a new one: the other rests for longer still");
        assert_eq!(number(&pool.acquire().await.unwrap()), Some(2));
    }

    #[tokio::test]
    async fn an_old_connection_goes_alone() {
        let pool = Pool::<Numbered>::new(AtomicU32::new(0), 2);
        let (first, mut second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        second.held.as_mut().unwrap().old = true;
        drop(first);
        drop(second);
        assert_eq!(number(&pool.acquire().await.unwrap()), Some(0));
    }

    #[tokio::test]
    async fn there_are_no_more_than_so_many_and_what_is_lost_makes_room() {
        let pool = Pool::<Numbered>::new(AtomicU32::new(0), 1);
        let mut only = pool.acquire().await.unwrap();
        assert!(timeout(Duration::from_millis(20), pool.acquire()).await.is_err(), "a second one");
        only.held = None;
        drop(only);
        assert_eq!(number(&pool.acquire().await.unwrap()), Some(1), "a new one in place of the lost one");
    }

    #[tokio::test]
    async fn nobody_gets_a_connection_once_it_is_closed() {
        let pool = Pool::<Numbered>::new(AtomicU32::new(0), 2);
        let (used, kept) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        drop(kept);
        let idle: Vec<_> = pool.close().iter().map(|connection| connection.number).collect();
        assert_eq!((idle, number(&used)), (vec![1], Some(0)));
        drop(used);
        assert!(pool.close().is_empty(), "what comes back later is not kept");
        assert!(pool.acquire().await.is_err());
    }
}
