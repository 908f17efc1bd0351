//! Work on many things at once, on plain threads. The results stand in the order of the inputs.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The results of a function for each input.
pub(crate) fn map<'a, T: Sync, R: Send>(inputs: &'a [T], function: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(inputs.len() / INPUTS_PER_THREAD_MIN);
    if threads < 2 {
        return inputs.iter().map(function).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(input) = inputs.get(number) else { return done };
            done.push((number, function(input)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, result)| result).collect()
}

/// Fewer are not worth a thread.
const INPUTS_PER_THREAD_MIN: usize = 4;

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_keep_the_order_of_inputs() {
        for length in [0, 1, 7, 1000] {
            let inputs: Vec<usize> = (0..length).collect();
            let expected: Vec<usize> = inputs.iter().map(|input| input * 2).collect();
            assert_eq!(map(&inputs, |input| input * 2), expected);
        }
    }
}
