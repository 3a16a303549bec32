//! Where closures wait for a worker. Of the workers that rest, the one that was busy last gets the next closure: so few
//! connections are in use, and those are warm.

use std::collections::VecDeque;
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The end at which jobs are put in. When it is dropped the queue is closed.
pub(super) struct Queue<J>(Arc<Inside<J>>);

/// The end at which one worker takes jobs out. When the last one is dropped, nothing can be put in any more, and what
/// waits is dropped.
pub(super) struct Taker<J>(Arc<Inside<J>>);

struct Inside<J> {
    waiting: Mutex<Waiting<J>>,
    /// Those who find no room wait for it in their order.
    room: Arc<Semaphore>,
    wake: Notify,
}

struct Waiting<J> {
    jobs: VecDeque<Entry<J>>,
    closed: bool,
    takers: usize,
}

struct Entry<J> {
    job: J,
    since: Instant,
    _room: OwnedSemaphorePermit,
}

impl<J> Queue<J> {
    /// For no more than this many jobs.
    pub fn new(most: usize) -> Self {
        let waiting = Mutex::new(Waiting { jobs: VecDeque::new(), closed: false, takers: 0 });
        Self(Arc::new(Inside { waiting, room: Arc::new(Semaphore::new(most)), wake: Notify::new() }))
    }

    pub fn taker(&self) -> Taker<J> {
        self.0.lock().takers += 1;
        Taker(self.0.clone())
    }

    /// Waits for room; whether somebody will take it.
    pub async fn put(&self, job: J) -> bool {
        let Ok(room) = self.0.room.clone().acquire_owned().await else { return false };
        {
            let mut waiting = self.0.lock();
            if waiting.closed {
                return false;
            }
            waiting.jobs.push_back(Entry { job, since: Instant::now(), _room: room });
        }
        self.0.wake.notify_last();
        true
    }

    pub fn is_open(&self) -> bool {
        !self.0.lock().closed
    }

    /// Lets nothing more in; what waits is still taken out.
    pub fn close(&self) {
        self.0.close();
    }
}

impl<J> Drop for Queue<J> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<J> Taker<J> {
    /// Waits for the next job; `None` once the queue is closed and empty.
    pub async fn take(&self) -> Option<J> {
        loop {
            let mut woken = pin!(self.0.wake.notified());
            // From here on it is woken, and not only from when it waits: what is put in after the look is not missed.
            woken.as_mut().enable();
            {
                let mut waiting = self.0.lock();
                if let Some(next) = waiting.jobs.pop_front() {
                    return Some(next.job);
                }
                if waiting.closed {
                    return None;
                }
            }
            woken.await;
        }
    }

    /// The next job, if one waits.
    pub fn take_waiting(&self) -> Option<J> {
        Some(self.0.lock().jobs.pop_front()?.job)
    }

    /// All that have waited for this long.
    pub fn take_older(&self, than: Duration) -> Vec<J> {
        let mut waiting = self.0.lock();
        let old = waiting.jobs.iter().take_while(|entry| entry.since.elapsed() >= than).count();
        waiting.jobs.drain(..old).map(|entry| entry.job).collect()
    }
}

impl<J> Drop for Taker<J> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.takers -= 1;
        if waiting.takers > 0 {
            return;
        }
        waiting.closed = true;
        let left = mem::take(&mut waiting.jobs);
        drop(waiting);
        drop(left);
        self.0.close();
    }
}

impl<J> Inside<J> {
    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.wake.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::FutureExt;

    use super::*;

    #[tokio::test]
    async fn jobs_are_taken_in_their_order_by_whoever_was_busy_last() {
        let queue = Queue::new(10);
        let (first, second) = (queue.taker(), queue.taker());
        let (mut early, mut late) = (Box::pin(first.take()), Box::pin(second.take()));
        assert!(early.as_mut().now_or_never().is_none() && late.as_mut().now_or_never().is_none());
        assert!(queue.put(1).await);
        assert_eq!((early.as_mut().now_or_never(), late.now_or_never()), (None, Some(Some(1))));
        assert!(queue.put(2).await && queue.put(3).await);
        assert_eq!(early.await, Some(2));
        assert_eq!((second.take_waiting(), second.take_waiting()), (Some(3), None));
    }

    #[tokio::test]
    async fn no_more_than_so_many_wait() {
        let queue = Queue::new(1);
        let taker = queue.taker();
        assert!(queue.put(1).await);
        let mut second = Box::pin(queue.put(2));
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(taker.take().await, Some(1));
        assert!(second.await);
        assert!(taker.take_older(Duration::from_mins(1)).is_empty());
        assert_eq!(taker.take_older(Duration::ZERO), [2]);
    }

    #[tokio::test]
    async fn what_waits_is_taken_after_the_end_and_dropped_when_nobody_is_left_to() {
        let queue = Queue::new(10);
        let (taker, other) = (queue.taker(), queue.taker());
        assert!(queue.put(1).await);
        queue.close();
        assert!(!queue.put(2).await && !queue.is_open());
        assert_eq!((taker.take().await, taker.take().await, other.take().await), (Some(1), None, None));

        let queue = Queue::new(10);
        let taker = queue.taker();
        let job = Arc::new(());
        assert!(queue.put(job.clone()).await);
        drop(taker);
        assert_eq!(Arc::strong_count(&job), 1);
        assert!(!queue.put(job).await && !queue.is_open());
    }
}
