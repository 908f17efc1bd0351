//! A change on its way: an operation to be evaluated against a batch, and the caller who waits for its outcome.

use crate::batch::Batch;
use crate::tables::Failure;
use dormouse_token::StoreError;
use tokio::sync::oneshot;

/// An operation whose type is forgotten, so that different ones share a batch.
pub trait Job: Send {
    /// Evaluates the operation and keeps the outcome. The error is the medium's.
    fn evaluate(&mut self, batch: &mut Batch<'_>) -> Result<(), Failure>;

    /// Answers the caller: with the outcome if the batch was committed, else with the error.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A job for an operation, and where its outcome arrives.
pub(crate) fn job<T, F>(operation: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Pending { operation: Some(operation), outcome: None, reply }), answer)
}

struct Pending<T, F> {
    operation: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send,
{
    fn evaluate(&mut self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let Some(operation) = self.operation.take() else {
            return Ok(());
        };
        match operation(batch) {
            Ok(outcome) => self.outcome = Some(Ok(outcome)),
            Err(Failure::Corrupt(what)) => self.outcome = Some(Err(StoreError::Corrupt(what))),
            Err(broken @ Failure::Broken(_)) => return Err(broken),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, reply, .. } = *self;
        let outcome = outcome.unwrap_or_else(|| Err(StoreError::Unavailable("the store has stopped".into())));
        // A caller who has gone away is told nothing.
        let _ = reply.send(committed.and(outcome));
    }
}
