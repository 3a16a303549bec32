//! Refresh and introspection at a steady pace, first alone and then while others ask for far more than there is.

use std::ops::RangeInclusive;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture, join};
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

use crate::doorward::{PEOPLE, strange_authorization};
use crate::lineup::{Folder, Lineup};
use crate::load::{Line, Pace, Tally, drive};
use crate::operation::{Operation, Work};
use crate::options::RunOptions;
use crate::outcome::{Outcome, fail};
use crate::process::resident;
use crate::provider::Provider;
use crate::wire::{Wire, connect};

/// Connections of each of the two kinds of honest traffic, and how often each asks: together a few hundred a second.
const HONEST: usize = 8;
const INTERVAL: Duration = Duration::from_millis(40);

/// How long one kind of crowd stays: long enough to be felt, and no longer than an access token lives.
const STAY: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_mins(4);

const STRANGERS: usize = 64;
const SLOW: usize = 300;

/// Those who ask for too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crowd {
    Nobody,
    /// Passwords to check, of more people at once than may wait for it.
    Logins,
    /// Authorization requests of browsers without a session.
    Strangers,
    /// Requests that arrive a byte at a time.
    Slow,
}

pub async fn run(options: &RunOptions) -> Outcome<()> {
    let folder = Folder::new(options.folder.as_deref())?;
    let options = RunOptions { connections: HONEST, ..options.clone() };
    let lineup = Lineup::start(&options, &folder).await?;
    println!(
        "| server | beside | refresh p50 / p99 ms | introspection p50 / p99 ms | honest errors | crowd | RSS MiB |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|");
    for _ in 0..options.rounds {
        for provider in lineup.providers.iter().filter(|provider| provider.doorward.is_some()) {
            for crowd in [Crowd::Nobody, Crowd::Logins, Crowd::Strangers, Crowd::Slow] {
                measure(provider, crowd, &options).await?;
            }
        }
    }
    Ok(())
}

async fn measure(provider: &Provider, crowd: Crowd, options: &RunOptions) -> Outcome<()> {
    let (Some(app), Some(service)) = (provider.apps.first(), provider.services.first()) else {
        return fail("no clients");
    };
    let mut refreshing = lines(provider, Operation::Refresh(app.clone()).prepare(provider, HONEST).await?);
    let asking = Operation::Introspection(service.clone()).prepare(provider, HONEST).await?;
    let mut asking = lines(provider, asking);
    let time = options.time().clamp(*STAY.start(), *STAY.end());
    let honest = async {
        // What was there before is not measured.
        sleep(Duration::from_secs(1)).await;
        join(drive(&mut refreshing, Pace::Every(INTERVAL), time), drive(&mut asking, Pace::Every(INTERVAL), time)).await
    };
    let crowded = gather(provider, crowd, time + Duration::from_secs(1));
    let ((refresh, introspection), crowded) = join(honest, crowded).await;
    let crowded = crowded?;
    let times = |tally: &Tally| {
        let ms = |permille| tally.latencies.permille(permille) / 1000.0;
        format!("{:.2} / {:.2}", ms(500), ms(990))
    };
    println!(
        "| {} | {crowd:?} | {} | {} | {} | {} done, {} refused or broken | {} |",
        provider.name,
        times(&refresh),
        times(&introspection),
        refresh.errors + introspection.errors,
        crowded.done,
        crowded.errors,
        resident(&provider.processes.server) / 1_048_576
    );
    Ok(())
}

fn lines(provider: &Provider, works: Vec<Box<dyn Work>>) -> Vec<Line> {
    works.into_iter().map(|work| Line { wire: provider.wire(), work }).collect()
}

/// Lets a crowd ask for this long.
async fn gather(provider: &Provider, crowd: Crowd, time: Duration) -> Outcome<Tally> {
    let works: Vec<Box<dyn Work>> = match crowd {
        Crowd::Nobody => return Ok(Tally::default()),
        Crowd::Logins => Operation::Login.prepare(provider, PEOPLE).await?,
        Crowd::Strangers => {
            let Some(app) = provider.apps.first() else { return fail("no clients") };
            let request = strange_authorization(provider, app);
            (0..STRANGERS).map(|_| Box::new(Stranger(request.clone())) as Box<dyn Work>).collect()
        }
        Crowd::Slow => (0..SLOW).map(|_| Box::new(Slow(provider.address)) as Box<dyn Work>).collect(),
    };
    Ok(drive(&mut lines(provider, works), Pace::Flat, time).await)
}

/// A browser that nobody is signed in with: it is sent to the login page.
struct Stranger(Vec<u8>);

impl Work for Stranger {
    fn once<'a>(&'a mut self, wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>> {
        async {
            let answer = wire.ask(&self.0).await?;
            if answer.status < 400 { Ok(()) } else { fail(answer.status.to_string()) }
        }
        .boxed_local()
    }
}

/// A client that opens a connection and sends its request a byte at a time, until it is shown the door.
struct Slow(std::net::SocketAddr);

impl Work for Slow {
    fn once<'a>(&'a mut self, _wire: &'a mut Wire) -> LocalBoxFuture<'a, Outcome<()>> {
        async {
            let mut stream = connect(self.0).await?;
            let sending = async {
                for byte in b"POST /oauth2/token HTTP/1.1\r\nhost: localhost\r\n" {
                    stream.write_all(&[*byte]).await?;
                    sleep(Duration::from_millis(200)).await;
                }
                std::io::Result::Ok(())
            };
            match timeout(Duration::from_secs(5), sending).await {
                Ok(sent) => Ok(sent?),
                Err(_) => Ok(()),
            }
        }
        .boxed_local()
    }
}
