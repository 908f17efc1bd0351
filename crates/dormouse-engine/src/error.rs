//! Why the engine says no: a fact about the request, or about the service. Front ends translate; nothing here is HTTP.

use dormouse_entity::{NotSealed, Unusable};
use dormouse_token::{Reason, SealError, StoreError};

/// An operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request is at fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The service is. Nothing was revoked and nothing is known about the request; it may be repeated.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a token or code of ours, or one that reads as unknown: forged, foreign, deleted, superseded, burned, or of
    /// another client.
    #[error("the token is unknown")]
    Unknown,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was revoked or cut off.
    #[error("the token was revoked")]
    NotApproved(Reason),
    /// A superseded refresh token, or a used code. Answered like [`Refusal::Unknown`].
    #[error("the token was redeemed before")]
    Superseded(Supersession),
    /// Unknown client id or wrong secret: which of them is not told.
    #[error("the client could not be authenticated")]
    InvalidClient,
    /// The client is known but may not be used.
    #[error("the client may not be used")]
    Client(Unusable),
    /// No approved product of the client covers the call.
    #[error("no API product of the client covers the call")]
    NoProductMatch,
    /// More scope was asked for than there was.
    #[error("the requested scope exceeds the granted one")]
    InvalidScope,
    /// The code was issued for a redirect URI, and none was given.
    #[error("the redirect URI of the authorization request is missing")]
    RedirectUriMissing,
    /// The redirect URI is another one than the code's or the app's.
    #[error("the redirect URI is not the one that the authorization request named")]
    RedirectUriDiffers,
    /// The code verifier does not answer the code's challenge, or one of the two is missing (RFC 7636 §4.6).
    #[error("the code verifier is not the one that the authorization request announced")]
    VerifierDiffers,
    /// Names and values of the attributes exceed 8 KiB.
    #[error("the attributes exceed 8 KiB")]
    AttributesTooLarge,
    /// The end user's name exceeds 256 bytes.
    #[error("the end user exceeds 256 bytes")]
    UserTooLong,
    /// A foreign token that may not be imported: too long, empty, like one of ours, of another client, or ended here.
    #[error("the external token may not be imported")]
    ImportRefused,
    /// `reuse` without client authentication would leave a bearer secret alive that anybody can replay.
    #[error("a public client may not reuse refresh tokens")]
    PublicReuse,
    /// No app has this id.
    #[error("the app is unknown")]
    UnknownApp,
}

/// How a superseded token was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supersession {
    /// Refused only.
    Refused,
    /// Refused as the loser of a race; the winner lives.
    Race,
    /// Refused because its answer was repeated too often.
    GraceExhausted,
    /// Refused, and the family was revoked.
    FamilyRevoked,
}

/// What is wrong with the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store could not be followed for too long.
    #[error("the store has not been followed for {seconds} s")]
    Stale {
        /// Seconds since the last successful poll began.
        seconds: u64,
    },
    /// A token proved that the store was rolled back or lost. Run `dormouse store restore`.
    #[error("the store was rolled back or lost: run `dormouse store restore`")]
    RolledBack,
    /// Nothing can be sealed at present.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The key of the present hour was burned, or the root that seals with all its hours.
    #[error(
        "the key of the present hour was burned; the next hour brings a new one, unless all of its root was burned: then \
             let another root seal"
    )]
    KeyBurned,
    /// A cut-off with a timestamp lies further ahead than the clock may be wrong.
    #[error("a cut-off lies too far in the future for tokens to be issued after it")]
    CutOffAhead,
    /// Something stored under a key of this store does not open, or cannot be sealed under one.
    #[error("a stored value does not open, or cannot be sealed, under the loaded roots")]
    Sealed,
    /// A record was changed by others each time it was tried.
    #[error("others changed the same thing too often for it to be changed here")]
    Contended,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(Unavailable::Store(error))
    }
}

impl From<NotSealed> for Error {
    fn from(_: NotSealed) -> Self {
        Self::Unavailable(Unavailable::Sealed)
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::Unavailable(Unavailable::Seal(error))
    }
}
