//! Compiled policies. Most never wait; those run without an allocated future.

use crate::host::Host;
use crate::outcome::Outcome;
use crate::transaction::Transaction;
use std::pin::Pin;

/// A policy after compilation, shared by all threads.
pub enum Executable {
    /// Runs to its end at once.
    Immediate(Box<dyn ImmediatePolicy>),
    /// May wait for the store, for a target or for a script.
    Waiting(Box<dyn WaitingPolicy>),
}

/// A policy that never waits.
pub trait ImmediatePolicy: Send + Sync {
    /// Runs on one transaction.
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome;
}

/// A policy that may wait.
pub trait WaitingPolicy: Send + Sync {
    /// Runs on one transaction.
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a>;
}

/// The future of a waiting policy. It stays on its thread, as transactions do.
pub type OutcomeFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

impl Executable {
    /// Runs the policy.
    pub async fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        match self {
            Self::Immediate(policy) => policy.run(transaction, host),
            Self::Waiting(policy) => policy.run(transaction, host).await,
        }
    }
}
