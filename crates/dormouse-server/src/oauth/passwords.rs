//! Checks passwords (argon2id) on threads of their own, a bounded number at once, and takes as long for a person who does not
//! exist as for one who does. The threads start with the first password.

use dormouse_entity::{PasswordHash, generate_secret, hash_password};
use dormouse_token::{Entropy, Secret};
use parking_lot::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;

/// Checks passwords.
pub(crate) struct PasswordChecker {
    entropy: Arc<dyn Entropy>,
    queue: OnceLock<SyncSender<Job>>,
}

/// As many passwords are being checked as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

struct Job {
    /// None when there is no such person.
    hash: Option<PasswordHash>,
    password: Secret,
    reply: oneshot::Sender<bool>,
}

impl PasswordChecker {
    pub(crate) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, queue: OnceLock::new() }
    }

    /// Whether this is the password of the person, if there is one.
    ///
    /// # Errors
    /// [`Busy`].
    pub(crate) async fn check(&self, hash: Option<PasswordHash>, password: Secret) -> Result<bool, Busy> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.get_or_init(|| start(&self.entropy));
        queue.try_send(Job { hash, password, reply }).map_err(|_| Busy)?;
        answer.await.map_err(|_| Busy)
    }
}

/// Starts the threads. They end when the queue is dropped.
fn start(entropy: &Arc<dyn Entropy>) -> SyncSender<Job> {
    let (queue, jobs) = sync_channel(WAITING_MAX);
    let jobs = Arc::new(Mutex::new(jobs));
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    for _ in 0..threads {
        let (jobs, entropy) = (Arc::clone(&jobs), Arc::clone(entropy));
        std::thread::spawn(move || work(&jobs, &*entropy));
    }
    queue
}

fn work(jobs: &Mutex<Receiver<Job>>, entropy: &dyn Entropy) {
    // A password that nobody has: checking against it takes as long as against somebody's.
    let nobody = hash_password(&generate_secret(entropy), entropy).ok();
    loop {
        let Ok(job) = jobs.lock().recv() else { return };
        // Who asked is gone: neither does the time matter.
        if job.reply.is_closed() {
            continue;
        }
        let hash = job.hash.as_ref().or(nobody.as_ref());
        let matches = hash.is_some_and(|hash| hash.verify(&job.password));
        let _ = job.reply.send(matches && job.hash.is_some());
    }
}

/// Each takes as much memory as a hash says: 19 MiB for those that are made here.
const THREADS_MAX: usize = 4;

/// About a second of work.
const WAITING_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::SeededEntropy;

    fn check(checker: &PasswordChecker, hash: Option<&PasswordHash>, password: &str) -> Result<bool, Busy> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(checker.check(hash.cloned(), Secret::new(password)))
    }

    #[test]
    fn only_the_persons_password_matches() {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let hash = hash_password(&Secret::new("right"), &*entropy).unwrap();
        let checker = PasswordChecker::new(entropy);
        assert_eq!(check(&checker, Some(&hash), "right"), Ok(true));
        assert_eq!(check(&checker, Some(&hash), "wrong"), Ok(false));
        assert_eq!(check(&checker, None, "right"), Ok(false));
    }

    #[test]
    fn a_full_queue_is_busy_rather_than_wrong() {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let checker = PasswordChecker::new(entropy);
        let (queue, jobs) = sync_channel(1);
        checker.queue.set(queue.clone()).unwrap();
        let (reply, _answer) = oneshot::channel();
        queue.try_send(Job { hash: None, password: Secret::new("x"), reply }).unwrap();
        assert_eq!(check(&checker, None, "x"), Err(Busy));
        drop(jobs);
        assert_eq!(check(&checker, None, "x"), Err(Busy));
    }
}
