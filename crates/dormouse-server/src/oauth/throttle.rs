//! Slows down guessing of client secrets and passwords (RFC 6749 §2.3.1, §10.10), per name and source address, so that
//! nobody locks out a client or a person from elsewhere.

use dormouse_token::Clock;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// The secret of a client.
    Client,
    /// The password of a person.
    User,
}

/// Who guesses at whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    subject: Subject,
    name: Box<str>,
    source: IpAddr,
}

/// Failures in a row.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Duration,
}

/// Remembers failures, as many as fit.
pub(crate) struct Throttle(quick_cache::sync::Cache<Attempt, Failures>);

impl Attempt {
    /// An attempt from a peer.
    pub(crate) fn new(subject: Subject, name: &str, peer: SocketAddr) -> Self {
        // Longer names exist nowhere, so that there is nothing to guess.
        let name = if name.len() > NAME_LEN_MAX { "" } else { name };
        Self { subject, name: name.into(), source: network(peer.ip()) }
    }
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self(quick_cache::sync::Cache::new(ATTEMPTS_MAX))
    }

    /// Whether nobody has failed of late: then there is nothing to check.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an attempt may be made now.
    ///
    /// # Errors
    /// Seconds to wait.
    pub(crate) fn check(&self, attempt: &Attempt, clock: &dyn Clock) -> Result<(), u32> {
        let Some(failures) = self.0.get(attempt) else { return Ok(()) };
        let until = failures.last.saturating_add(failures.pause(attempt.subject));
        let left = until.saturating_sub(clock.monotonic());
        if left.is_zero() {
            Ok(())
        } else {
            Err(u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
        }
    }

    /// Counts a failure. For passwords it is counted before the outcome is known, so that many at once do not slip through.
    pub(crate) fn failed(&self, attempt: Attempt, clock: &dyn Clock) {
        let now = clock.monotonic();
        let before =
            self.0.get(&attempt).filter(|failures| now.saturating_sub(failures.last) < FORGOTTEN_AFTER);
        let count = before.map_or(0, |failures| failures.count).saturating_add(1);
        self.0.insert(attempt, Failures { count, last: now });
    }

    /// Forgets the failures of who has succeeded.
    pub(crate) fn succeeded(&self, attempt: &Attempt) {
        self.0.remove(attempt);
    }
}

impl Failures {
    /// None at first, then a second that doubles with every failure, up to a minute.
    fn pause(self, subject: Subject) -> Duration {
        let free = match subject {
            Subject::Client => FREE_CLIENT_FAILURES,
            Subject::User => FREE_USER_FAILURES,
        };
        let Some(beyond) = self.count.checked_sub(free) else { return Duration::ZERO };
        PAUSE_MAX.min(Duration::from_secs(1 << beyond.min(6)))
    }
}

/// One subscriber has many IPv6 addresses, but one network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            v6.to_ipv4_mapped().map_or_else(|| IpAddr::V6((u128::from(v6) >> 64 << 64).into()), IpAddr::V4)
        }
    }
}

/// Generated secrets cannot be guessed; what is slowed down here are secrets that people chose.
const FREE_CLIENT_FAILURES: u32 = 100;
const FREE_USER_FAILURES: u32 = 10;
const PAUSE_MAX: Duration = Duration::from_mins(1);
const FORGOTTEN_AFTER: Duration = Duration::from_mins(15);
const NAME_LEN_MAX: usize = 256;
/// At most a few megabytes.
const ATTEMPTS_MAX: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::{ManualClock, Timestamp};

    fn attempt(name: &str, peer: &str) -> Attempt {
        Attempt::new(Subject::User, name, peer.parse().unwrap())
    }

    #[test]
    fn pauses_begin_after_ten_failures_and_double_up_to_a_minute() {
        let (throttle, clock) = (Throttle::new(), ManualClock::at(Timestamp::EPOCH));
        let ann = attempt("ann", "192.0.2.1:1");
        let mut pauses = Vec::new();
        for _ in 0..20 {
            throttle.failed(ann.clone(), &clock);
            let pause = throttle.check(&ann, &clock).err().unwrap_or(0);
            pauses.push(pause.saturating_sub(1));
            clock.advance(Duration::from_secs(pause.into()));
            assert_eq!(throttle.check(&ann, &clock), Ok(()));
        }
        assert_eq!(pauses, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
    }

    #[test]
    fn others_are_not_slowed_down() {
        let (throttle, clock) = (Throttle::new(), ManualClock::at(Timestamp::EPOCH));
        for port in 1..50 {
            throttle.failed(attempt("ann", &format!("[2001:db8::{port}]:{port}")), &clock);
        }
        assert!(throttle.check(&attempt("ann", "[2001:db8::ffff]:9"), &clock).is_err());
        for (name, peer) in
            [("bob", "[2001:db8::1]:1"), ("ann", "[2001:db8:0:1::1]:1"), ("ann", "192.0.2.1:1")]
        {
            assert_eq!(throttle.check(&attempt(name, peer), &clock), Ok(()), "{name} {peer}");
        }
        let client = Attempt::new(Subject::Client, "ann", "[2001:db8::1]:1".parse().unwrap());
        assert_eq!(throttle.check(&client, &clock), Ok(()));
    }

    #[test]
    fn success_and_time_forgive() {
        let (throttle, clock) = (Throttle::new(), ManualClock::at(Timestamp::EPOCH));
        let ann = attempt("ann", "192.0.2.1:1");
        let fail = |times: u32| (0..times).for_each(|_| throttle.failed(ann.clone(), &clock));
        fail(12);
        throttle.succeeded(&ann);
        assert!(throttle.is_idle());
        fail(9);
        clock.advance(FORGOTTEN_AFTER);
        fail(9);
        assert_eq!(throttle.check(&ann, &clock), Ok(()));
    }
}
