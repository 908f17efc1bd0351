//! Changing the state of tokens by their strings: invalidate, validate, delete, edit.

use crate::Engine;
use crate::commit::LOST_MAX;
use crate::error::{Error, Refusal, Unavailable};
use crate::look_up::own_status;
use crate::observe::{Act, Event};
use crate::present::Presented;
use dormouse_token::{
    Attributes, Claims, FamilyRecord, Kind, Reason, Sides, approve, delete, edit, is_superseded, revoke,
};

/// What to do to the status of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChange {
    /// Apigee's InvalidateToken.
    Revoke,
    /// Apigee's ValidateToken: undoes [`StatusChange::Revoke`] and nothing else.
    Approve,
}

impl Engine {
    /// Revokes or approves by a token string of the type that the caller believes it to be (Apigee's InvalidateToken and
    /// ValidateToken). A string that is no refresh token is tried as an access token; not the other way round.
    ///
    /// Durable when it returns. `true` when a token of that type was found, changed or not: an unknown or superseded one is
    /// not an error.
    ///
    /// # Errors
    /// [`Unavailable`] when nothing could be done.
    pub async fn set_status(
        &self,
        token: &str,
        kind: Kind,
        cascade: bool,
        change: StatusChange,
    ) -> Result<bool, Error> {
        let Some(presented) = self.present_as(token, kind).await? else { return Ok(false) };
        let sides = match (presented.claims.kind, cascade) {
            (Kind::Refresh, false) => Sides::Refresh,
            _ => Sides::Both,
        };
        let act = match change {
            StatusChange::Revoke => Act::Revoke,
            StatusChange::Approve => Act::Approve,
        };
        self.change_family(&presented, act, |record, claims| {
            if is_superseded(record, claims) {
                return None;
            }
            let attempt = self.attempt();
            match change {
                StatusChange::Revoke => revoke(record, claims, sides, Reason::Token, attempt),
                StatusChange::Approve => approve(record, claims, sides, self.now(), attempt),
            }
        })
        .await
    }

    /// Deletes an access token with its refresh token, or a code. From now on they are unknown.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when there is nothing to delete.
    pub async fn delete(&self, token: &str, kind: Kind) -> Result<(), Error> {
        let presented = self.present(token, kind).await?;
        if kind == Kind::Code {
            let read = self.linearizable().await?;
            if self.judge(&presented.claims, presented.key) == Err(Refusal::Unknown) {
                return Err(Refusal::Unknown.into());
            }
            self.check_seen(&presented.claims, read)?;
            return if self.delete_code(&presented.claims).await? {
                Ok(())
            } else {
                Err(Refusal::Unknown.into())
            };
        }
        let mut known = false;
        let found = self
            .change_family(&presented, Act::Delete, |record, claims| {
                known = own_status(record, claims).is_ok();
                if known { delete(record, claims, self.attempt()) } else { None }
            })
            .await?;
        if found && known { Ok(()) } else { Err(Refusal::Unknown.into()) }
    }

    /// Sets attributes on a living access token; tokens redeemed from its family inherit them. Returns all attributes.
    ///
    /// # Errors
    /// [`Refusal::Unknown`], [`Refusal::Expired`] or [`Refusal::NotApproved`] for a token that cannot be edited, and
    /// [`Refusal::AttributesTooLarge`].
    pub async fn edit(&self, token: &str, changes: &Attributes) -> Result<(Claims, Attributes), Error> {
        let presented = self.present(token, Kind::Access).await?;
        let claims = &presented.claims;
        for _ in 0..LOST_MAX {
            let read = self.linearizable().await?;
            self.judge(claims, presented.key)?;
            self.check_seen(claims, read)?;
            let record = self.record(claims, read).await?;
            own_status(&record, claims)?.map_err(Refusal::NotApproved)?;
            if claims.expires_at <= read.now {
                return Err(Refusal::Expired.into());
            }
            let mut all = self.current_attributes(claims, &record).await?;
            all.fold(changes);
            if !FamilyRecord::attributes_fit(&all) {
                return Err(Refusal::AttributesTooLarge.into());
            }
            // Earlier edits that no refresh token carries travel on in this one.
            let mut edits = Attributes::default();
            self.fold_edits(&mut edits, &record, claims.family, |generation| {
                generation <= claims.generation
            })?;
            edits.fold(changes);
            let next = edit(&record, claims, self.seal_edit(claims.family, &edits)?, self.attempt());
            if self.commit(claims.family, next, Vec::new()).await? {
                return Ok((presented.claims, all));
            }
        }
        Err(Unavailable::Contended.into())
    }

    /// Presents a string as the type that the caller believes it to be. `None` for one that is unknown.
    async fn present_as(&self, token: &str, kind: Kind) -> Result<Option<Presented>, Error> {
        let first = self.present(token, kind).await;
        let result = match first {
            Err(Error::Refused(_)) if kind == Kind::Refresh => self.present(token, Kind::Access).await,
            result => result,
        };
        match result {
            Ok(presented) => Ok(Some(presented)),
            Err(Error::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Compare-and-set until the change is applied or there is none to make. `false` for a burned token.
    pub(crate) async fn change_family(
        &self,
        presented: &Presented,
        act: Act,
        mut change: impl FnMut(&FamilyRecord, &Claims) -> Option<FamilyRecord>,
    ) -> Result<bool, Error> {
        let claims = &presented.claims;
        for _ in 0..LOST_MAX {
            let read = self.linearizable().await?;
            if self.judge(claims, presented.key) == Err(Refusal::Unknown) {
                return Ok(false);
            }
            self.check_seen(claims, read)?;
            let record = self.record(claims, read).await?;
            let Some(next) = change(&record, claims) else { return Ok(true) };
            if self.commit(claims.family, next, Vec::new()).await? {
                self.tell(Event::Changed(act, claims));
                return Ok(true);
            }
        }
        Err(Unavailable::Contended.into())
    }
}
