//! The single use of a code (TOKENS §3 "Codes").

use crate::sample::{FAR, code_mark, family};
use crate::subject::{Case, Outcome, Subject, together};
use dormouse_token::{CodeMark, Marked, Timestamp};

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(one_of_many_uses_is_the_first(subject)) },
    Case { run: |subject| Box::pin(the_same_attempt_is_the_first_again(subject)) },
];

async fn one_of_many_uses_is_the_first(Subject { store, .. }: Subject) -> Outcome {
    for _ in 0..10 {
        let id = family();
        assert_eq!(store.code_mark(id).await?, None);
        let outcomes = together(16, |_| {
            let store = store.clone();
            async move {
                let mark = code_mark(FAR);
                Ok((mark.clone(), store.mark_code(id, mark).await?))
            }
        })
        .await?;
        let firsts: Vec<&CodeMark> =
            outcomes.iter().filter(|(_, outcome)| *outcome == Marked::First).map(|(mark, _)| mark).collect();
        assert_eq!(firsts.len(), 1, "first uses");
        for (_, outcome) in &outcomes {
            if let Marked::Before(mark) = outcome {
                assert_eq!(Some(&mark), firsts.first(), "a later use sees the first");
            }
        }
        assert_eq!(store.code_mark(id).await?.as_ref(), firsts.first().copied());
    }
    Ok(())
}

async fn the_same_attempt_is_the_first_again(Subject { store, .. }: Subject) -> Outcome {
    let (id, mark) = (family(), code_mark(FAR));
    assert_eq!(store.mark_code(id, mark.clone()).await?, Marked::First);
    assert_eq!(store.mark_code(id, mark.clone()).await?, Marked::First, "a retry");
    // Another attempt, with another retention: the code is still the same.
    let other = code_mark(Timestamp::from_ms(FAR.as_ms() - 1));
    assert_eq!(store.mark_code(id, other).await?, Marked::Before(mark));
    assert_eq!(store.mark_code(family(), code_mark(FAR)).await?, Marked::First, "another code");
    Ok(())
}
