//! Revoking by token string at the native endpoint (RFC 7009, TOKENS §3 "Invalidate/Validate"): a refresh token ends its whole
//! family, a superseded one too; a living access token ends itself and its generation, and its refresh token lives.

use crate::Engine;
use crate::client::AuthenticatedClient;
use crate::error::Error;
use crate::observe::Act;
use crate::present::Presented;
use dormouse_token::{Claims, FamilyRecord, Kind, Reason, Sides, is_superseded, revoke, revoke_access};

/// What became of a token that was to be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeRevocation {
    /// It is dead, durably: by this call or already before.
    Dead,
    /// It belongs to another client, and nothing was changed.
    Foreign,
}

impl Engine {
    /// Revokes a token of the client. What is unknown, expired, superseded as an access token, or a code, is left as it is.
    /// `hint` says as what to look a foreign string up first; a wrong one is no error.
    ///
    /// Durable when it returns, and in force for this node's own verification.
    ///
    /// # Errors
    /// [`crate::Unavailable`] when nothing could be done.
    pub async fn revoke_native(
        &self,
        client: &AuthenticatedClient,
        token: &str,
        hint: Option<Kind>,
    ) -> Result<NativeRevocation, Error> {
        let Some(presented) = self.present_hinted(token, hint).await? else {
            return Ok(NativeRevocation::Dead);
        };
        if *presented.claims.client != *client.id() {
            return Ok(NativeRevocation::Foreign);
        }
        if presented.claims.expires_at > self.now() {
            let is_import = presented.import.is_some();
            self.change_family(&presented, Act::Revoke, |record, claims| self.end(record, claims, is_import))
                .await?;
        }
        Ok(NativeRevocation::Dead)
    }

    fn end(&self, record: &FamilyRecord, claims: &Claims, is_import: bool) -> Option<FamilyRecord> {
        match claims.kind {
            // The provider may have handed the same string out again: one that was redeemed here speaks for nobody.
            Kind::Refresh if is_import && is_superseded(record, claims) => None,
            Kind::Refresh => revoke(record, claims, Sides::Both, Reason::Token, self.attempt()),
            Kind::Access => revoke_access(record, claims, self.attempt()),
            Kind::Code => None,
        }
    }

    /// A string of ours says itself what it is; a foreign one is looked up as either. `None` when it is neither.
    pub(crate) async fn present_hinted(
        &self,
        token: &str,
        hint: Option<Kind>,
    ) -> Result<Option<Presented>, Error> {
        let kinds = match (Kind::of(token), hint) {
            (Some(Kind::Code), _) => return Ok(None),
            (Some(kind), _) => [Some(kind), None],
            (None, Some(Kind::Access)) => [Some(Kind::Access), Some(Kind::Refresh)],
            (None, _) => [Some(Kind::Refresh), Some(Kind::Access)],
        };
        for kind in kinds.into_iter().flatten() {
            match self.present(token, kind).await {
                Ok(presented) => return Ok(Some(presented)),
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
