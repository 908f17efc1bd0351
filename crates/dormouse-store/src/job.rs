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
    (Box::new(Pending { operation: Some(operation), outcome: None, reply: Some(reply) }), answer)
}

struct Pending<T, F> {
    /// Until it is evaluated.
    operation: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    /// Until the caller is answered.
    reply: Option<oneshot::Sender<Result<T, StoreError>>>,
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

    fn answer(mut self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = self.outcome.take().unwrap_or_else(|| Err(not_evaluated()));
        if let Some(reply) = self.reply.take() {
            // A caller who has gone away is told nothing.
            let _ = reply.send(committed.and(outcome));
        }
    }
}

/// A job that ends without an answer, as when the writer dies: if it was never evaluated, nothing was changed, and the
/// caller is told so. Otherwise the reply is dropped with it, which the caller takes for an unknown outcome.
impl<T, F> Drop for Pending<T, F> {
    fn drop(&mut self) {
        if self.operation.is_some()
            && let Some(reply) = self.reply.take()
        {
            let _ = reply.send(Err(not_evaluated()));
        }
    }
}

fn not_evaluated() -> StoreError {
    StoreError::Unavailable("it has stopped".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;
    use crate::tables::{Entry, ReadTables, Table, WriteTables};
    use dormouse_token::{StoreEpoch, Timestamp};

    struct NoTables;

    impl ReadTables for NoTables {
        fn get(&mut self, table: Table, _: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
            Err(Failure::corrupt(table))
        }

        fn scan(&mut self, table: Table, _: &[u8], _: usize) -> Result<Vec<Entry>, Failure> {
            Err(Failure::corrupt(table))
        }
    }

    impl WriteTables for NoTables {
        fn put(&mut self, _: Table, _: &[u8], _: &[u8]) -> Result<Option<usize>, Failure> {
            Err(Failure::broken("put"))
        }

        fn remove(&mut self, _: Table, _: &[u8]) -> Result<Option<usize>, Failure> {
            Err(Failure::broken("remove"))
        }
    }

    #[track_caller]
    fn check(
        operation: fn(&mut Batch<'_>) -> Result<u8, Failure>,
        evaluated: &Result<(), Failure>,
        committed: Result<(), StoreError>,
        answered: Result<u8, StoreError>,
    ) {
        let (mut job, mut answer) = job(operation);
        let state = State::new(StoreEpoch([0; 16]), Timestamp::EPOCH);
        assert_eq!(job.evaluate(&mut Batch::new(&mut NoTables, state, Timestamp::EPOCH)), *evaluated);
        job.answer(committed);
        assert_eq!(answer.try_recv(), Ok(answered));
    }

    #[test]
    fn the_answer_is_the_outcome_unless_the_commit_failed() {
        let unknown = StoreError::OutcomeUnknown("x".into());
        let corrupt = Failure::corrupt(Table::Families);
        check(|_| Ok(7), &Ok(()), Ok(()), Ok(7));
        check(|_| Ok(7), &Ok(()), Err(unknown.clone()), Err(unknown.clone()));
        check(
            |batch| batch.get(Table::Families, b"").map(|_| 7),
            &Ok(()),
            Ok(()),
            Err(StoreError::Corrupt(corrupt.to_string().into())),
        );
        let broken = &Err(Failure::broken("put"));
        check(
            |batch| batch.put(Table::Families, b"", b"").map(|()| 7),
            broken,
            Err(unknown.clone()),
            Err(unknown),
        );
    }

    #[test]
    fn what_was_never_evaluated_has_changed_nothing() {
        let (unevaluated, mut answer) = job(|_| Ok(7));
        drop(unevaluated);
        assert!(matches!(answer.try_recv(), Ok(Err(StoreError::Unavailable(_)))));
        let (mut evaluated, mut answer) = job(|_| Ok(7));
        let state = State::new(StoreEpoch([0; 16]), Timestamp::EPOCH);
        evaluated.evaluate(&mut Batch::new(&mut NoTables, state, Timestamp::EPOCH)).unwrap();
        drop(evaluated);
        assert!(answer.try_recv().is_err(), "nobody knows");
    }
}
