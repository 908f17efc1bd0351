//! Taking turns: baseline and candidate are measured alternately, so that a noisy moment hits both.

use crate::ambient::instant;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// An operation, called over and over.
pub(crate) type Operation<'a> = &'a mut dyn FnMut();

/// Nanoseconds that each of some operations takes: medians over turns that they take one after the other. `time` is what
/// one operation gets in one round.
pub(crate) fn nanoseconds(time: Duration, rounds: usize, operations: &mut [Operation<'_>]) -> Vec<f64> {
    let mut taken = vec![Vec::new(); operations.len()];
    for _ in 0..rounds * TURNS as usize {
        for (operation, taken) in operations.iter_mut().zip(&mut taken) {
            taken.push(turn(time / TURNS, operation));
        }
    }
    taken.into_iter().map(median).collect()
}

fn turn(time: Duration, operation: &mut Operation<'_>) -> f64 {
    let started = instant();
    let mut count = 0_u32;
    loop {
        for _ in 0..BETWEEN_LOOKS {
            operation();
        }
        count += BETWEEN_LOOKS;
        let elapsed = started.elapsed();
        if elapsed >= time {
            return elapsed.as_secs_f64() * 1e9 / f64::from(count);
        }
    }
}

/// The value of a future that does not wait. A runtime around it would cost more than what is measured.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// The middle of some values; 0 for none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A quantile of sorted values.
pub(crate) fn quantile(sorted: &[Duration], part: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a slice in memory"
    )]
    #[expect(clippy::cast_precision_loss, reason = "no sample has 2^52 values")]
    let index = (sorted.len() as f64 * part) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Short turns, many of them.
const TURNS: u32 = 8;
/// Looking at the clock costs as much as a small operation.
const BETWEEN_LOOKS: u32 = 16;
