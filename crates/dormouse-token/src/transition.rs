//! Changes of a family record other than redemption: invalidate, validate, delete, edit (TOKENS §3, `apigee-oauth` §1.8).
//!
//! Pure: each returns the record to write by compare-and-set, or `None` where nothing changes.

use crate::{Attempt, Claims, Edit, FamilyRecord, Kind, Reason, Status, Timestamp};

/// Which tokens of the family a change of status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// The access token alone.
    Access,
    /// The refresh token alone.
    Refresh,
    /// Both.
    Both,
}

/// Whether a token was superseded by a redemption, as the record tells.
pub const fn is_superseded(record: &FamilyRecord, token: &Claims) -> bool {
    match token.kind {
        Kind::Access => record.supersedes_access(token.generation),
        Kind::Refresh => token.generation < record.refresh_gen,
        Kind::Code => false,
    }
}

/// Revokes the approved sides of a family.
pub fn revoke(
    record: &FamilyRecord,
    token: &Claims,
    sides: Sides,
    reason: Reason,
    attempt: Attempt,
) -> Option<FamilyRecord> {
    let revoked = |status: Status| if status == Status::Approved { Status::Revoked(reason) } else { status };
    with_statuses(record, token, sides, attempt, revoked)
}

/// Approves again what Invalidate revoked: for the current generation, while the token is unexpired. A replay or a deletion
/// stays.
pub fn approve(
    record: &FamilyRecord,
    token: &Claims,
    sides: Sides,
    now: Timestamp,
    attempt: Attempt,
) -> Option<FamilyRecord> {
    let current = match token.kind {
        Kind::Access => token.generation == record.access_gen && !record.supersedes_access(token.generation),
        Kind::Refresh => token.generation == record.refresh_gen,
        Kind::Code => false,
    };
    if !current || token.expires_at <= now {
        return None;
    }
    let approved = |status| if status == Status::Revoked(Reason::Token) { Status::Approved } else { status };
    with_statuses(record, token, sides, attempt, approved)
}

/// Deletes both sides: they read as unknown from now on.
pub fn delete(record: &FamilyRecord, token: &Claims, attempt: Attempt) -> Option<FamilyRecord> {
    with_statuses(record, token, Sides::Both, attempt, |_| Status::Deleted)
}

/// Ends one access token and those before it, and spares later ones and the refresh token (RFC 7009 at the native endpoint).
pub fn revoke_access(record: &FamilyRecord, token: &Claims, attempt: Attempt) -> Option<FamilyRecord> {
    if token.generation >= record.access_gen {
        return revoke(record, token, Sides::Access, Reason::Token, attempt);
    }
    if record.supersedes_access(token.generation) {
        return None;
    }
    let mut next = record.successor(token, attempt);
    next.min_access_gen = token.generation + 1;
    Some(next)
}

/// Puts sealed attributes beside an access token. They include every earlier edit that the refresh token does not carry, so
/// of the older ones only that of the parent generation stays, for answers within the grace window.
pub fn edit(record: &FamilyRecord, token: &Claims, sealed: Box<[u8]>, attempt: Attempt) -> FamilyRecord {
    let mut next = record.successor(token, attempt);
    let generation = token.generation;
    next.edits
        .retain(|edit| edit.generation > generation || edit.generation.checked_add(1) == Some(generation));
    next.edits.push(Edit { generation, sealed });
    next.edits.sort_by_key(|edit| edit.generation);
    next
}

fn with_statuses(
    record: &FamilyRecord,
    token: &Claims,
    sides: Sides,
    attempt: Attempt,
    change: impl Fn(Status) -> Status,
) -> Option<FamilyRecord> {
    let mut next = record.successor(token, attempt);
    if sides != Sides::Refresh {
        next.access_status = change(next.access_status);
    }
    if sides != Sides::Access {
        next.refresh_status = change(next.refresh_status);
    }
    let changed = (next.access_status, next.refresh_status) != (record.access_status, record.refresh_status);
    changed.then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FamilyId, FrontEnd, Grant, KeyId, Partner, RootId, Scope, SealedAttributes, SourceId};

    const ATTEMPT: Attempt = Attempt(9);
    const REVOKED: Status = Status::Revoked(Reason::Token);

    fn token(kind: Kind, generation: u32) -> Claims {
        let expires_at = Timestamp::from_ms(100);
        Claims {
            kind,
            family: FamilyId([0; 16]),
            generation,
            issued_at: Timestamp::EPOCH,
            expires_at,
            partner: Some(Partner {
                expires_at: Timestamp::from_ms(70),
                generation,
                scope: Scope::default(),
                apart: false,
            }),
            family_expires_at: expires_at,
            absolute_expires_at: None,
            seen: 0,
            born: KeyId::new(RootId([0; 8]), 0),
            front_end: FrontEnd::Bundle,
            client: "c".into(),
            grant: Grant::Password,
            user: None,
            scope: Scope::default(),
            attributes: SealedAttributes::default(),
            source: SourceId::default(),
            redirect_uri: None,
        }
    }

    fn statuses(record: Option<FamilyRecord>) -> Option<(Status, Status)> {
        record.map(|record| (record.access_status, record.refresh_status))
    }

    fn with(access_status: Status, refresh_status: Status) -> FamilyRecord {
        FamilyRecord { access_status, refresh_status, ..FamilyRecord::untouched() }
    }

    #[test]
    fn sides_are_revoked_apart_or_together_once() {
        let (record, access) = (FamilyRecord::untouched(), token(Kind::Access, 0));
        let revoked = |sides| statuses(revoke(&record, &access, sides, Reason::Token, ATTEMPT));
        assert_eq!(revoked(Sides::Access), Some((REVOKED, Status::Approved)));
        assert_eq!(revoked(Sides::Refresh), Some((Status::Approved, REVOKED)));
        assert_eq!(revoked(Sides::Both), Some((REVOKED, REVOKED)));
        let again = revoke(&with(REVOKED, Status::Deleted), &access, Sides::Both, Reason::Replay, ATTEMPT);
        assert_eq!(again, None);
    }

    #[test]
    fn a_change_names_its_attempt_and_covers_the_presented_token_and_its_partner() {
        let record = FamilyRecord::untouched();
        let next = revoke(&record, &token(Kind::Refresh, 0), Sides::Both, Reason::Token, ATTEMPT).unwrap();
        assert_eq!((next.version, next.attempt), (1, ATTEMPT));
        assert_eq!((next.access_exp, next.refresh_exp), (Timestamp::from_ms(70), Timestamp::from_ms(100)));
        assert_eq!(next.access_until, Timestamp::from_ms(70));
        assert_eq!(next.retention, Timestamp::from_ms(100).saturating_add(crate::RETENTION_MARGIN));
    }

    #[test]
    fn approval_undoes_invalidation_and_nothing_else() {
        let now = Timestamp::from_ms(99);
        let approved = |record: &FamilyRecord, token: &Claims, now| {
            statuses(approve(record, token, Sides::Both, now, ATTEMPT))
        };
        let access = token(Kind::Access, 0);
        assert_eq!(
            approved(&with(REVOKED, REVOKED), &access, now),
            Some((Status::Approved, Status::Approved))
        );
        let replayed = Status::Revoked(Reason::Replay);
        assert_eq!(approved(&with(replayed, replayed), &access, now), None);
        assert_eq!(approved(&with(Status::Deleted, Status::Deleted), &access, now), None);
        assert_eq!(approved(&with(REVOKED, REVOKED), &access, Timestamp::from_ms(100)), None, "expired");
        let later = FamilyRecord { access_gen: 1, refresh_gen: 1, ..with(REVOKED, REVOKED) };
        assert_eq!(approved(&later, &access, now), None, "superseded");
        assert_eq!(approved(&later, &token(Kind::Refresh, 0), now), None, "superseded");
        assert!(approved(&later, &token(Kind::Refresh, 1), now).is_some());
        let floor = FamilyRecord { access_gen: 1, min_access_gen: 2, ..with(REVOKED, REVOKED) };
        assert_eq!(approved(&floor, &token(Kind::Access, 1), now), None);
        assert_eq!(approved(&with(REVOKED, REVOKED), &token(Kind::Code, 0), now), None);
    }

    #[test]
    fn superseded_means_below_the_living_generation() {
        let record =
            FamilyRecord { access_gen: 3, min_access_gen: 2, refresh_gen: 3, ..FamilyRecord::untouched() };
        let superseded = |kind, generation| is_superseded(&record, &token(kind, generation));
        assert!(superseded(Kind::Access, 1) && !superseded(Kind::Access, 2));
        assert!(superseded(Kind::Refresh, 2) && !superseded(Kind::Refresh, 3));
        assert!(!superseded(Kind::Code, 0));
    }

    #[test]
    fn revoking_an_older_living_access_token_raises_the_floor() {
        let record = FamilyRecord { access_gen: 3, min_access_gen: 1, ..FamilyRecord::untouched() };
        let floor = |generation| revoke_access(&record, &token(Kind::Access, generation), ATTEMPT);
        assert_eq!(
            floor(2).map(|next| (next.min_access_gen, next.access_status)),
            Some((3, Status::Approved))
        );
        assert_eq!(floor(0), None);
        assert_eq!(floor(3).map(|next| (next.min_access_gen, next.access_status)), Some((1, REVOKED)));
    }

    #[test]
    fn deletion_is_total_and_happens_once() {
        let record = with(REVOKED, Status::Approved);
        let next = delete(&record, &token(Kind::Access, 0), ATTEMPT);
        assert_eq!(statuses(next.clone()), Some((Status::Deleted, Status::Deleted)));
        assert_eq!(delete(&next.unwrap(), &token(Kind::Access, 0), ATTEMPT), None);
    }

    #[test]
    fn an_edit_replaces_that_of_its_generation_and_older_ones_but_the_parents() {
        let mut record = FamilyRecord::untouched();
        let mut after = |generation, sealed: &[u8]| {
            record = edit(&record, &token(Kind::Access, generation), sealed.into(), ATTEMPT);
            let edits = record.edits.iter().map(|edit| (edit.generation, edit.sealed[0]));
            edits.collect::<Vec<_>>()
        };
        assert_eq!(after(0, b"a"), [(0, b'a')]);
        assert_eq!(after(1, b"b"), [(0, b'a'), (1, b'b')]);
        assert_eq!(after(0, b"c"), [(0, b'c'), (1, b'b')]);
        assert_eq!(after(1, b"d"), [(0, b'c'), (1, b'd')]);
        assert_eq!(after(2, b"e"), [(1, b'd'), (2, b'e')]);
        assert_eq!(record.version, 5);
    }
}
