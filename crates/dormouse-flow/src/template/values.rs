//! Functions that make or choose a value: `createUuid`, `randomLong`, `firstnonnull`.

use super::functions::Input;
use crate::system::uuid;
use dormouse_token::random;

/// `createUuid()`
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn create_uuid(input: &Input<'_>) -> Result<String, String> {
    Ok(uuid(&*input.host.entropy))
}

/// `randomLong([min[,max]])`, both included; without bounds any number that is not negative.
pub(super) fn random_long(input: &Input<'_>) -> Result<String, String> {
    let (min, max) = (input.number(0)?.unwrap_or(0), input.number(1)?.unwrap_or(i64::MAX));
    if max < min {
        return Err("the upper bound is below the lower one".to_owned());
    }
    // Sixteen random bytes make the bias of the remainder immeasurable.
    let count = i128::from(max) - i128::from(min) + 1;
    let offset = i128::from_be_bytes(random(&*input.host.entropy)).rem_euclid(count);
    Ok((i128::from(min) + offset).to_string())
}

/// `firstnonnull(a,b,…)`
#[expect(clippy::unnecessary_wraps, reason = "template functions share a signature")]
pub(super) fn first_non_null(input: &Input<'_>) -> Result<String, String> {
    let first = input.arguments.iter().flatten().next();
    Ok(first.map_or_else(String::new, ToString::to_string))
}
