//! A server's processes: started, watched through `/proc`, and stopped.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::outcome::{Outcome, fail};
use crate::request::Request;
use crate::wire::Wire;

/// How long a server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server that we started. It is stopped when this is dropped.
pub struct Server {
    child: Child,
    /// From the start of the process to the first answer with status 200.
    pub ready_after: Duration,
}

impl Server {
    /// Starts a command and waits until this path answers 200.
    pub async fn start(command: &mut Command, log: &Path, address: (&str, u16), path: &str) -> Outcome<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let started = Instant::now();
        let child = command.spawn().map_err(|cause| format!("{command:?}: {cause}"))?;
        let mut server = Self { child, ready_after: Duration::ZERO };
        let host = format!("{}:{}", address.0, address.1);
        let request = Request { method: "GET", target: path, host: &host, headers: &[], body: None }.bytes();
        while started.elapsed() < PATIENCE {
            let mut wire = Wire::new(([127, 0, 0, 1], address.1).into());
            if wire.ask(&request).await.is_ok_and(|answer| answer.status == 200) {
                server.ready_after = started.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                return fail(format!("{command:?} ended: {status}; see {}", log.display()));
            }
            sleep(Duration::from_millis(2)).await;
        }
        fail(format!("{command:?} does not answer; see {}", log.display()))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> Outcome<()> {
        Command::new("kill").arg(self.id().to_string()).status()?;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        fail("a server does not stop")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port of this machine that nobody listens on.
pub fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The microseconds of processor time that these processes and all below them have used, in user mode and in the kernel.
/// The resolution is one tick, 10 ms.
pub fn cpu_time(roots: &[u32]) -> u64 {
    let all = table();
    let ticks: u64 = below(roots, &all).iter().map(|process| process.ticks).sum();
    ticks * 10_000
}

/// The resident memory of these processes and all below them, in bytes.
pub fn resident(roots: &[u32]) -> u64 {
    let all = table();
    below(roots, &all).iter().map(|process| process.pages * 4096).sum()
}

struct Process {
    id: u32,
    parent: u32,
    ticks: u64,
    pages: u64,
}

fn table() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| read(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// `proc_pid_stat(5)`: user and system time of the process and of its children that are gone.
fn read(id: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program may hold anything, but it ends with the last bracket.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at - 3).and_then(|field| field.parse::<u64>().ok());
    let ticks = (14..=17).filter_map(number).sum();
    Some(Process { id, parent: u32::try_from(number(4)?).ok()?, ticks, pages: number(24)? })
}

fn below<'p>(roots: &[u32], all: &'p [Process]) -> Vec<&'p Process> {
    let mut found: Vec<&Process> = all.iter().filter(|process| roots.contains(&process.id)).collect();
    let mut at = 0;
    while let Some(parent) = found.get(at).map(|process| process.id) {
        found.extend(all.iter().filter(|process| process.parent == parent));
        at += 1;
    }
    found
}
