//! Importing tokens of a foreign authorization server (`apigee-oauth` §4, TOKENS §1 "Imported tokens").

use crate::Engine;
use crate::client::AuthenticatedClient;
use crate::code::CodeRequest;
use crate::commit::LOST_MAX;
use crate::count::deadline;
use crate::error::{Error, Refusal, Unavailable};
use crate::follow::{Read, resident_import};
use crate::import_content::{ImportContent, decode_content, encode_content};
use crate::issue::{Issued, Pair, SealedPair, Side, Token, check_size, expiry};
use crate::present::{FOREIGN_LEN_MAX, PresentedImport};
use dormouse_token::{
    Attributes, Claims, CountedEvent, FamilyId, FamilyRecord, FrontEnd, Grant, KeyId, Kind, LIFETIME_MAX,
    OpenError, RETENTION_MARGIN, Row, RowKey, RowSwap, Scope, SealedAttributes, SourceId, Status, Timestamp,
};
use std::time::Duration;

/// Foreign strings to be honoured as tokens of a client.
#[derive(Debug)]
pub struct ImportRequest<'a> {
    /// The client that they are imported for.
    pub client: &'a AuthenticatedClient,
    /// The grant that the foreign server carried out.
    pub grant: Grant,
    /// The foreign access token; without one, an own one is issued.
    pub access: Option<&'a str>,
    /// The foreign refresh token; without one, an own one is issued where the grant has any.
    pub refresh: Option<&'a str>,
    /// The end user.
    pub user: Option<&'a str>,
    /// The scope that was asked for.
    pub scope: Option<&'a Scope>,
    /// Custom attributes.
    pub attributes: Attributes,
    /// Lifetime of the access token here; what the foreign server thinks is not known.
    pub access_ttl: Duration,
    /// Lifetime of the refresh token here.
    pub refresh_ttl: Option<Duration>,
    /// The proxy and policy that imports.
    pub source: SourceId,
}

/// The tokens of an import, with the foreign strings where they were given.
pub type Imported = Issued;

/// A foreign string and the row that it has, or will have.
struct Foreign<'a> {
    text: &'a str,
    kind: Kind,
    key: RowKey,
    known: Option<(Row, ImportContent)>,
    /// The version of a row that no longer counts and is written over.
    stale_version: Option<u64>,
}

/// The identity that the rows of an import share.
struct Identity {
    family: FamilyId,
    issued_at: Timestamp,
    seen: u64,
    born: Option<KeyId>,
    is_new: bool,
}

impl Engine {
    /// Imports foreign strings as the tokens of a client. Durable when it returns.
    ///
    /// The same strings again from the same client keep their family while nobody redeemed it; strings that only partly
    /// match get a new family, and known ones move to it with the issue time that they have.
    ///
    /// # Errors
    /// [`Refusal::ImportRefused`] for a string that is empty, longer than 2 KB, begins like a token of ours, was imported by
    /// another client, or was revoked, deleted, cut off or burned here.
    pub async fn import(&self, request: ImportRequest<'_>) -> Result<Imported, Error> {
        check_size(request.user, &request.attributes)?;
        let strings = [(Kind::Access, request.access), (Kind::Refresh, request.refresh)];
        let strings: Vec<_> = strings.into_iter().filter_map(|(kind, text)| Some((kind, text?))).collect();
        for _ in 0..LOST_MAX {
            let read = self.linearizable().await?;
            // Before known strings are judged: a cut-off that comes in between must not lie before the issue of the tokens.
            let minting = self.issue_read(read, request.client, request.user);
            let mut foreign = Vec::new();
            for (kind, text) in &strings {
                foreign.push(self.foreign(text, *kind, request.client.id(), read).await?);
            }
            if let Some(imported) = self.try_import(&request, &foreign, (read, minting)).await? {
                return Ok(imported);
            }
        }
        Err(Unavailable::Contended.into())
    }

    /// Imports a foreign authorization code.
    ///
    /// # Errors
    /// As [`Engine::import`].
    pub async fn import_code(&self, request: CodeRequest<'_>, code: &str) -> Result<Token, Error> {
        check_size(request.user, &request.attributes)?;
        for _ in 0..LOST_MAX {
            let read = self.linearizable().await?;
            let mut claims = self.code_claims(&request, read)?;
            let foreign = self.foreign(code, Kind::Code, request.client.id(), read).await?;
            claims.attributes = SealedAttributes::Inline(request.attributes.clone());
            let row = self.import_row(&foreign, &claims, None, read)?;
            if self.store.swap_rows(vec![swap(&foreign, Some(row))]).await? {
                return Ok(Token { text: code.to_owned(), claims });
            }
        }
        Err(Unavailable::Contended.into())
    }

    async fn try_import(
        &self,
        request: &ImportRequest<'_>,
        foreign: &[Foreign<'_>],
        (read, minting): (Read, Result<Read, Error>),
    ) -> Result<Option<Imported>, Error> {
        let identity = Self::identity(self.new_family(), foreign, minting)?;
        let scope = dormouse_entity::grant_scope(request.scope, &request.client.grantable_scope());
        // A string that keeps its issue time must not live longer than any token may.
        let latest = expiry(identity.issued_at, LIFETIME_MAX);
        let side =
            |ttl| Side { generation: 0, expires_at: expiry(read.now, ttl).min(latest), scope: scope.clone() };
        let has_refresh = request.refresh.is_some() || request.grant.has_refresh();
        let pair = Pair {
            family: identity.family,
            born: identity.born,
            client: request.client,
            grant: request.grant,
            user: request.user,
            front_end: FrontEnd::Bundle,
            source: request.source,
            absolute_expires_at: None,
            access: side(request.access_ttl),
            refresh: request.refresh_ttl.filter(|_| has_refresh).map(side),
            refresh_apart: false,
            attributes: &request.attributes,
        };
        let seen = Read { seen: identity.seen, ..read };
        let mut sealed = self.seal_imported_pair(&pair, &identity, seen, request).await?;
        let issued = &mut sealed.issued;
        if !identity.is_new && !self.cover_import(&issued.access.claims).await? {
            return Ok(None);
        }
        let mut swaps = Vec::new();
        for string in foreign {
            let token =
                if string.kind == Kind::Access { Some(&mut issued.access) } else { issued.refresh.as_mut() };
            let Some(token) = token else { continue };
            string.text.clone_into(&mut token.text);
            if let Some((_, content)) = &string.known {
                token.claims.issued_at = content.claims.issued_at;
                token.claims.seen = content.claims.seen;
            }
            let partner = foreign.iter().find(|other| other.kind != string.kind).map(|other| other.key);
            swaps.push(swap(string, Some(self.import_row(string, &token.claims, partner, read)?)));
        }
        if !self.store.swap_rows(swaps.clone()).await? {
            return Ok(None);
        }
        self.take_in(&swaps, read.now);
        self.count_import(foreign, &identity, issued.refresh.as_ref());
        self.settle_overflow(&sealed).await?;
        Ok(Some(sealed.issued))
    }

    /// Counts a family that began, or until when one sleeps now that was imported again with its refresh token.
    fn count_import(&self, foreign: &[Foreign<'_>], identity: &Identity, refresh: Option<&Token>) {
        let Some(Token { claims, .. }) = refresh else { return };
        let given = foreign.iter().find(|string| string.kind == Kind::Refresh);
        if identity.is_new {
            let event = if given.is_some() { CountedEvent::Imported } else { CountedEvent::Issued };
            return self.count_beginning(claims, event);
        }
        let before =
            given.and_then(|string| string.known.as_ref()).map(|(_, content)| deadline(&content.claims));
        if let Some(before) = before.filter(|before| *before != deadline(claims)) {
            self.count(claims, CountedEvent::Woke(before));
            self.count(claims, CountedEvent::SleepsUntil(deadline(claims)));
        }
    }

    /// The pair, in which at least one token is a foreign string and not sealed. Rows carry their attributes themselves.
    async fn seal_imported_pair(
        &self,
        pair: &Pair<'_>,
        identity: &Identity,
        read: Read,
        request: &ImportRequest<'_>,
    ) -> Result<SealedPair, Error> {
        let read = Read { now: identity.issued_at, ..read };
        let access = (self.claims(pair, Kind::Access, &pair.access, read), request.access);
        let (access, mut inserted) = self.own_or_foreign(access, request.refresh, request).await?;
        let mut refresh = None;
        if let Some(side) = &pair.refresh {
            let claims = (self.claims(pair, Kind::Refresh, side, read), request.refresh);
            let (token, also_inserted) = self.own_or_foreign(claims, request.access, request).await?;
            refresh = Some(token);
            inserted &= also_inserted;
        }
        let issued = Issued { access, refresh, attributes: request.attributes.clone() };
        Ok(SealedPair { issued, contested: !inserted })
    }

    /// One token of an import, and whether nobody else's attributes are beside it.
    async fn own_or_foreign(
        &self,
        (mut claims, text): (Claims, Option<&str>),
        partner: Option<&str>,
        request: &ImportRequest<'_>,
    ) -> Result<(Token, bool), Error> {
        // No twin is shown of a string that we did not make.
        if let Some(sealed) = &mut claims.partner {
            sealed.apart = partner.is_some();
        }
        let Some(text) = text else { return self.seal_fitting(claims, &request.attributes).await };
        claims.attributes = SealedAttributes::Inline(request.attributes.clone());
        Ok((Token { text: text.to_owned(), claims }, true))
    }

    /// Lets the record of a family whose strings are imported again speak as long as their new access token lives: earlier
    /// refresh tokens of the family know only the earlier expiry. `false` when the family has changed.
    async fn cover_import(&self, claims: &Claims) -> Result<bool, Error> {
        let record = self.store.family(claims.family).await?.unwrap_or_else(FamilyRecord::untouched);
        if is_ended(&record) || !is_untouched(&record) {
            return Ok(false);
        }
        let next = record.successor(claims, self.attempt());
        if (next.access_until, next.retention) == (record.access_until, record.retention) {
            return Ok(true);
        }
        self.commit(claims.family, next, Vec::new()).await
    }

    /// The identity of an import: that of the rows when all are known and of one untouched family, else a new one.
    fn identity(
        new_family: FamilyId,
        foreign: &[Foreign<'_>],
        minting: Result<Read, Error>,
    ) -> Result<Identity, Error> {
        let mut known =
            foreign.iter().map(|string| string.known.as_ref().map(|(_, content)| &content.claims));
        let first = known.next().flatten();
        if let Some(first) = first
            && known.all(|claims| claims.is_some_and(|claims| claims.family == first.family))
        {
            return Ok(Identity {
                family: first.family,
                issued_at: first.issued_at,
                seen: first.seen,
                born: Some(first.born),
                is_new: false,
            });
        }
        let read = minting?;
        Ok(Identity { family: new_family, issued_at: read.now, seen: read.seen, born: None, is_new: true })
    }

    /// Finds the row of a foreign string and decides whether the string may be imported by this client.
    async fn foreign<'a>(
        &self,
        text: &'a str,
        kind: Kind,
        client: &str,
        read: Read,
    ) -> Result<Foreign<'a>, Error> {
        if text.is_empty() || text.len() > FOREIGN_LEN_MAX || Kind::of(text).is_some() {
            return Err(Refusal::ImportRefused.into());
        }
        let keys: Vec<_> = self.keys.load().import_keys(kind, text).collect();
        let newest = *keys.first().ok_or(Unavailable::Sealed)?;
        let rows = self.store.rows(keys.clone()).await?;
        let found = keys.into_iter().zip(rows).find_map(|(key, row)| Some((key, row?)));
        let Some((key, row)) = found else {
            return Ok(Foreign { text, kind, key: newest, known: None, stale_version: None });
        };
        let content = match self.open_import_content(&key, &row, read.now) {
            Ok(content) => content,
            // Its root was burned and taken away. What was revoked here meanwhile is not known any more: it stays refused.
            Err(OpenError::UnknownRoot) => return Err(Refusal::ImportRefused.into()),
            // It is of an earlier store, and says nothing any more.
            Err(_) => return Ok(Foreign { text, kind, key, known: None, stale_version: Some(row.version) }),
        };
        if *content.claims.client != *client || self.judge(&content.claims, content.key).is_err() {
            return Err(Refusal::ImportRefused.into());
        }
        let record = self.record(&content.claims, read).await?;
        if is_ended(&record) {
            return Err(Refusal::ImportRefused.into());
        }
        Ok(if is_untouched(&record) {
            Foreign { text, kind, key, known: Some((row, content)), stale_version: None }
        } else {
            Foreign { text, kind, key, known: None, stale_version: Some(row.version) }
        })
    }

    fn import_row(
        &self,
        foreign: &Foreign<'_>,
        claims: &Claims,
        partner: Option<RowKey>,
        read: Read,
    ) -> Result<Row, Error> {
        let key = self.ring.key_id(claims.issued_at);
        let plain = encode_content(key, partner, claims);
        let sealed = self.ring.seal_record(&foreign.key.to_bytes(), &plain, read.now, &*self.entropy)?;
        let resident_until = if foreign.kind == Kind::Access { claims.expires_at } else { Timestamp::EPOCH };
        let retention = claims.expires_at.max(claims.family_expires_at).saturating_add(RETENTION_MARGIN);
        let old = foreign.known.as_ref().map(|(row, _)| row);
        let version = old.map(|row| row.version).or(foreign.stale_version).unwrap_or(0) + 1;
        let retention = old.map_or(retention, |row| row.retention.max(retention));
        Ok(Row { version, family: claims.family, sealed: sealed.into(), resident_until, retention })
    }

    /// Makes written rows effective on this node before the import is acknowledged.
    fn take_in(&self, swaps: &[RowSwap], now: Timestamp) {
        self.following.apply_own(|| {
            for swap in swaps {
                let RowKey::Import { kind: Kind::Access, hash, .. } = swap.key else { continue };
                let opened = swap.next.as_ref().and_then(|row| {
                    let (claims, key) = self.open_import(&swap.key, row, now).ok()?;
                    Some(resident_import(row, claims, key))
                });
                self.resident.apply_import(hash, opened);
            }
        });
    }

    /// Removes the rows of a redeemed import that still belong to its family. What remains after a crash is refused by its
    /// generation and goes with its retention.
    pub(crate) async fn remove_imports(&self, import: &PresentedImport, refresh_too: bool) {
        let keys = import.partner.into_iter().chain(refresh_too.then_some(import.key)).collect::<Vec<_>>();
        let Ok(rows) = self.store.rows(keys.clone()).await else { return };
        for (key, row) in keys.into_iter().zip(rows) {
            let Some(row) = row.filter(|row| row.family == import.row.family) else { continue };
            let removal = vec![RowSwap { key, expected: Some(row.version), next: None }];
            match self.store.swap_rows(removal.clone()).await {
                Ok(true) => self.take_in(&removal, self.now()),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the row of a redeemed import was not removed"),
            }
        }
    }

    pub(crate) fn open_import(
        &self,
        key: &RowKey,
        row: &Row,
        now: Timestamp,
    ) -> Result<(Claims, KeyId), OpenError> {
        let content = self.open_import_content(key, row, now)?;
        Ok((content.claims, content.key))
    }

    pub(crate) fn open_import_content(
        &self,
        key: &RowKey,
        row: &Row,
        now: Timestamp,
    ) -> Result<ImportContent, OpenError> {
        let RowKey::Import { kind, .. } = key else { return Err(OpenError::OtherKind) };
        let (plain, _) = self.ring.open_record(&key.to_bytes(), &row.sealed, now)?;
        decode_content(&plain, *kind).ok_or(OpenError::Malformed)
    }
}

/// Whether something was revoked or deleted, so that the string stays refused.
fn is_ended(record: &FamilyRecord) -> bool {
    record.refresh_status != Status::Approved || record.access_status != Status::Approved
}

/// Whether nobody has redeemed the family yet.
const fn is_untouched(record: &FamilyRecord) -> bool {
    record.refresh_gen == 0 && record.access_gen == 0
}

fn swap(foreign: &Foreign<'_>, next: Option<Row>) -> RowSwap {
    let expected = foreign.known.as_ref().map(|(row, _)| row.version).or(foreign.stale_version);
    RowSwap { key: foreign.key, expected, next }
}
