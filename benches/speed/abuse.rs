//! Refresh and introspection at a steady pace, first alone and then while others ask for far more than there is.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::thread;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture, join};
use tokio::io::AsyncWriteExt;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::doorward::{strange_authorization, strange_push};
use crate::lineup::{Folder, Lineup};
use crate::load::{Line, Pace, Tally, drive};
use crate::operation::{Login, Operation, Work, ours};
use crate::options::RunOptions;
use crate::outcome::{Outcome, fail};
use crate::process::resident;
use crate::provider::Provider;
use crate::report::{Siege, Stand, Times};
use crate::wire::{Wire, connect};

/// Connections of each of the two kinds of honest traffic, and how often each asks: together a few hundred a second.
const HONEST: usize = 8;
const INTERVAL: Duration = Duration::from_millis(40);

/// How long one kind of crowd stays: long enough to be felt, and no longer than an access token lives.
const STAY: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_mins(4);

/// How many times more people want to sign in than passwords can be checked.
const OVERLOAD: u64 = 10;
/// More than there are places to wait for it. Attempts on one account wait for each other.
const PEOPLE: usize = 240;
const STRANGERS: usize = 64;
const SLOW: usize = 300;

/// How far the crowd stands back, as `nice` counts: elsewhere it brings processors of its own along.
const NICE: i32 = 19;

/// Those who ask for too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crowd {
    Nobody,
    /// Passwords to check, ten times as many as there is time for.
    Logins,
    /// Authorization requests of browsers without a session.
    Strangers,
    /// Authorization requests that are pushed by a client without a secret.
    Pushers,
    /// Requests that arrive a byte at a time.
    Slow,
}

pub async fn run(options: &RunOptions) -> Outcome<()> {
    let folder = Folder::new(options.folder.as_deref())?;
    let options = RunOptions { connections: HONEST, people: PEOPLE, ..options.clone() };
    let lineup = Lineup::start(&options, &folder).await?;
    let mut stands = Vec::new();
    for round in 0..options.rounds {
        eprintln!("round {} of {}", round + 1, options.rounds);
        for provider in lineup.providers.iter().filter(|provider| provider.doorward.is_some()) {
            for crowd in [Crowd::Nobody, Crowd::Logins, Crowd::Strangers, Crowd::Pushers, Crowd::Slow] {
                stands.push(measure(provider, crowd, &options).await?);
            }
        }
    }
    let siege = Siege::new(length(&options).as_secs_f64(), stands);
    siege.write(&options.output)?;
    println!("{}", siege.table());
    Ok(())
}

fn length(options: &RunOptions) -> Duration {
    options.time().clamp(*STAY.start(), *STAY.end())
}

async fn measure(provider: &Provider, crowd: Crowd, options: &RunOptions) -> Outcome<Stand> {
    let (Some(app), Some(service)) = (provider.apps.first(), provider.services.first()) else {
        return fail("no clients");
    };
    let before = ours(provider)?.size().await?;
    let mut refreshing = lines(provider, Operation::Refresh(app.clone()).prepare(provider, HONEST).await?);
    let asking = Operation::Introspection(service.clone()).prepare(provider, HONEST).await?;
    let mut asking = lines(provider, asking);
    let time = length(options);
    let honest = async {
        // What was there before is not measured.
        sleep(Duration::from_secs(1)).await;
        join(drive(&mut refreshing, Pace::Every(INTERVAL), time), drive(&mut asking, Pace::Every(INTERVAL), time)).await
    };
    let crowded = gather(provider, crowd, time + Duration::from_secs(1)).await?;
    let ((refresh, introspection), crowded) = join(honest, crowded).await;
    let crowded = crowded?;
    let resident = resident(&provider.processes.server);
    let growth = i64::try_from(ours(provider)?.size().await?)? - i64::try_from(before)?;
    let stand = Stand {
        server: provider.name.clone(),
        crowd: format!("{crowd:?}"),
        refresh: Times::of(&refresh),
        introspection: Times::of(&introspection),
        errors: refresh.errors + introspection.errors,
        crowd_rate: crowded.rate(),
        crowd_refused: crowded.errors,
        resident,
        growth,
    };
    eprintln!("  {}", serde_json::to_string(&stand)?);
    Ok(stand)
}

fn lines(provider: &Provider, works: Vec<Box<dyn Work>>) -> Vec<Line> {
    works.into_iter().map(|work| Line { wire: provider.wire(), work }).collect()
}

/// Lets a crowd ask for this long; it begins when this returns, and what came of it is known at its end.
async fn gather(
    provider: &Provider,
    crowd: Crowd,
    time: Duration,
) -> Outcome<impl Future<Output = Outcome<Tally>> + use<>> {
    let mut pace = Pace::Flat;
    let members: Vec<Member> = match crowd {
        Crowd::Nobody => Vec::new(),
        Crowd::Logins => {
            let rate = (sign_ins_per_second(provider).await? * OVERLOAD).max(1);
            pace = Pace::AtMost(Duration::from_secs(PEOPLE as u64) / u32::try_from(rate)?);
            boxed(Login::forms(provider, PEOPLE).await?)
        }
        Crowd::Strangers | Crowd::Pushers => {
            let Some(app) = provider.apps.first() else { return fail("no clients") };
            let request = if crowd == Crowd::Pushers { strange_push } else { strange_authorization };
            boxed(vec![Stranger(request(provider, app)); STRANGERS])
        }
        Crowd::Slow => boxed(vec![Slow(provider.address); SLOW]),
    };
    let (address, (reply, tally)) = (provider.address, oneshot::channel());
    thread::Builder::new()
        .name("crowd".into())
        .spawn(move || drop(reply.send(ask_for(time, pace, members, address))))?;
    Ok(async { tally.await?.map_err(Into::into) })
}

/// One of a crowd.
type Member = Box<dyn Work + Send>;

fn boxed<W: Work + Send + 'static>(works: Vec<W>) -> Vec<Member> {
    works.into_iter().map(|work| Box::new(work) as Member).collect()
}

/// What a crowd does, on a thread of its own: whoever measures is not to wait for it.
fn ask_for(time: Duration, pace: Pace, members: Vec<Member>, address: SocketAddr) -> Result<Tally, std::io::Error> {
    rustix::process::nice(NICE)?;
    let mut lines: Vec<Line> =
        members.into_iter().map(|work| Line { wire: Wire::new(address), work: work as Box<dyn Work> }).collect();
    Ok(runtime::Builder::new_current_thread().enable_all().build()?.block_on(drive(&mut lines, pace, time)))
}

/// How many passwords the server checks in a second.
async fn sign_ins_per_second(provider: &Provider) -> Outcome<u64> {
    let mut few = lines(provider, Operation::Login.prepare(provider, HONEST).await?);
    let tally = drive(&mut few, Pace::Flat, Duration::from_secs(1)).await;
    Ok(tally.done * 1000 / u64::try_from(tally.took.as_millis())?.max(1))
}

/// Somebody who proves nothing: a browser that nobody is signed in with, or a client without a secret.
#[derive(Clone)]
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
#[derive(Clone)]
struct Slow(SocketAddr);

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
