//! Redeeming a refresh token: the decision, as a pure function of the record and the presented token (TOKENS §3).
//!
//! Called after every other check has passed. Whoever loses the compare-and-set reads again and decides again.

use crate::{
    Attempt, Claims, FamilyRecord, FrontEnd, LIFETIME_MAX, Reason, Rotation, Scope, Status, Timestamp,
};
use std::time::Duration;

/// A redemption that is about to be decided.
#[derive(Clone, Debug)]
pub struct Redemption<'a> {
    /// The refresh token's claims.
    pub presented: &'a Claims,
    /// The instant of the read on which the checks were made.
    pub now: Timestamp,
    /// The policy in force: the stricter of the family's and of the redeeming front end's.
    pub rotation: Rotation,
    /// Who redeems.
    pub redeemer: Redeemer,
    /// Lifetime of the new access token.
    pub access_ttl: Duration,
    /// Lifetime of the new refresh token.
    pub refresh_ttl: Duration,
    /// The presented scope, clipped to what the client may have now.
    pub full_scope: Scope,
    /// The requested part of it, where one was requested.
    pub narrowed_scope: Option<Scope>,
    /// How long after a redemption under `rotate` its answer is repeated.
    pub grace: Duration,
    /// Names this try.
    pub attempt: Attempt,
}

/// The front end at which a token is redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemer {
    /// A bundle: the old access token dies with the redemption, and a narrowed scope narrows the refresh token too.
    Bundle,
    /// The native endpoints: old access tokens live on, refresh tokens keep the full scope, and a family has an end.
    Native {
        /// Longest life of a family, counted from the hour in which it was born.
        family_ttl: Duration,
    },
}

/// What to do about a redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Write the record by compare-and-set; when it is applied, mint.
    Redeem {
        /// The record afterwards.
        next: FamilyRecord,
        /// What to issue then.
        mint: Mint,
    },
    /// Mint without writing: `reuse` at a native endpoint, while the record covers the new access token anyway.
    MintOnly(Mint),
    /// Repeat the answer of the redemption that superseded the token. Nothing is written.
    Grace(Mint),
    /// Refuse without any reaction: a concurrent redemption won a moment ago, and the winner must live.
    Race,
    /// Refuse a superseded token. With a record, write it first: the family is revoked.
    Replay(Option<FamilyRecord>),
    /// Refuse: the family may not live any longer.
    Expired,
    /// The token proves a generation that the store does not know: it was rolled back or lost.
    RolledBack,
}

/// Generations, expiries and scopes of the tokens to issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mint {
    /// Generation of the access token.
    pub access_generation: u32,
    /// Its expiry.
    pub access_expires_at: Timestamp,
    /// Its scope.
    pub access_scope: Scope,
    /// Generation of the refresh token.
    pub refresh_generation: u32,
    /// Its expiry.
    pub refresh_expires_at: Timestamp,
    /// Its scope.
    pub refresh_scope: Scope,
    /// Whether the presented refresh token stays, so that none is issued.
    pub keeps_refresh: bool,
    /// The end of the family, where it has one.
    pub absolute_expires_at: Option<Timestamp>,
}

/// Decides a redemption whose token is authentic, unexpired, owned, not cut off, and whose record is approved.
pub fn decide(record: &FamilyRecord, redemption: &Redemption<'_>) -> Decision {
    let absolute = redemption.absolute_expiry();
    if absolute.is_some_and(|absolute| absolute <= redemption.now) {
        return Decision::Expired;
    }
    let generation = redemption.presented.generation;
    if record.refresh_gen < generation {
        return Decision::RolledBack;
    }
    if record.refresh_gen == generation {
        return if redemption.rotation == Rotation::Reuse {
            reuse(record, redemption, absolute)
        } else {
            rotate(record, redemption, absolute)
        };
    }
    superseded(record, redemption, absolute)
}

impl Redemption<'_> {
    /// The end of the family: what its tokens seal, or what the first native redemption of a bundle's family seals.
    fn absolute_expiry(&self) -> Option<Timestamp> {
        let native = match self.redeemer {
            Redeemer::Native { family_ttl } if self.presented.front_end == FrontEnd::Bundle => {
                Some(Timestamp::from_hour(self.presented.born.hour).saturating_add(family_ttl))
            }
            _ => None,
        };
        self.presented.absolute_expires_at.or(native)
    }

    fn expiry(&self, ttl: Duration, absolute: Option<Timestamp>) -> Timestamp {
        let expiry = self.now.saturating_add(ttl.min(LIFETIME_MAX));
        absolute.map_or(expiry, |absolute| expiry.min(absolute))
    }

    fn scopes(&self, narrowed: Option<&Scope>) -> (Scope, Scope) {
        let access =
            narrowed.map_or_else(|| self.full_scope.clone(), |scope| scope.intersection(&self.full_scope));
        let refresh = match self.redeemer {
            Redeemer::Bundle => access.clone(),
            Redeemer::Native { .. } => self.full_scope.clone(),
        };
        (access, refresh)
    }
}

/// The presented token is the live one and is replaced.
fn rotate(record: &FamilyRecord, redemption: &Redemption<'_>, absolute: Option<Timestamp>) -> Decision {
    let access_expires_at = redemption.expiry(redemption.access_ttl, absolute);
    let refresh_expires_at = redemption.expiry(redemption.refresh_ttl, absolute);
    let mut next = record.successor(redemption.presented, redemption.attempt);
    next.refresh_gen += 1;
    next.refresh_exp = refresh_expires_at;
    next.retain_until(refresh_expires_at);
    advance_access(&mut next, redemption, access_expires_at);
    let (access_scope, refresh_scope) = redemption.scopes(redemption.narrowed_scope.as_ref());
    let mint = Mint {
        access_generation: next.access_gen,
        access_expires_at,
        access_scope,
        refresh_generation: next.refresh_gen,
        refresh_expires_at,
        refresh_scope,
        keeps_refresh: false,
        absolute_expires_at: absolute,
    };
    Decision::Redeem { next, mint }
}

/// The presented token is the live one and stays.
fn reuse(record: &FamilyRecord, redemption: &Redemption<'_>, absolute: Option<Timestamp>) -> Decision {
    let presented = redemption.presented;
    let access_expires_at = redemption.expiry(redemption.access_ttl, absolute);
    let (access_scope, _) = redemption.scopes(redemption.narrowed_scope.as_ref());
    let mint = |access_generation| Mint {
        access_generation,
        access_expires_at,
        access_scope,
        refresh_generation: presented.generation,
        refresh_expires_at: presented.expires_at,
        refresh_scope: presented.scope.clone(),
        keeps_refresh: true,
        absolute_expires_at: absolute,
    };
    let mut next = record.successor(presented, redemption.attempt);
    let covered = access_expires_at <= record.access_until;
    let native = matches!(redemption.redeemer, Redeemer::Native { .. });
    if native && covered && record.access_status == Status::Approved {
        return Decision::MintOnly(mint(record.access_gen));
    }
    advance_access(&mut next, redemption, access_expires_at);
    if native {
        next.cover_access(access_expires_at.saturating_add(REUSE_HEADROOM));
    }
    let mint = mint(next.access_gen);
    Decision::Redeem { next, mint }
}

/// What every redemption that writes does to the access side of the record.
fn advance_access(next: &mut FamilyRecord, redemption: &Redemption<'_>, access_expires_at: Timestamp) {
    next.access_gen += 1;
    // A revocation of the access token alone ends with its generation; what it revoked stays dead.
    let revoked = next.access_status != Status::Approved;
    if revoked || redemption.redeemer == Redeemer::Bundle {
        next.min_access_gen = next.access_gen;
    }
    next.access_status = Status::Approved;
    next.access_exp = access_expires_at;
    next.cover_access(access_expires_at);
    next.scope = redemption.narrowed_scope.as_ref().map(|scope| scope.intersection(&redemption.full_scope));
    next.redeemed_at = Some(redemption.now);
    next.redeemed_by = Some(redemption.rotation);
    // Edits of older generations are in the new refresh token; those of the last one are kept for answers within the grace
    // window, whose tokens must carry them too. Where the refresh token stays, it never carries them.
    let last = next.access_gen - 1;
    next.edits.retain(|edit| redemption.rotation == Rotation::Reuse || edit.generation >= last);
}

/// The presented token was redeemed before.
fn superseded(record: &FamilyRecord, redemption: &Redemption<'_>, absolute: Option<Timestamp>) -> Decision {
    let age = redemption.now.since(record.redeemed_at.unwrap_or(Timestamp::EPOCH));
    let parent = record.refresh_gen == redemption.presented.generation + 1;
    let rotated = redemption.rotation == Rotation::Rotate && record.redeemed_by == Some(Rotation::Rotate);
    if parent && rotated && age <= redemption.grace {
        let (access_scope, refresh_scope) = redemption.scopes(record.scope.as_ref());
        return Decision::Grace(Mint {
            access_generation: record.access_gen,
            access_expires_at: record.access_exp,
            access_scope,
            refresh_generation: record.refresh_gen,
            refresh_expires_at: record.refresh_exp,
            refresh_scope,
            keeps_refresh: false,
            absolute_expires_at: absolute,
        });
    }
    if !redemption.rotation.detects_replay() {
        return Decision::Replay(None);
    }
    if age <= RACE_WINDOW {
        return Decision::Race;
    }
    let mut next = record.successor(redemption.presented, redemption.attempt);
    next.refresh_status = Status::Revoked(Reason::Replay);
    next.access_status = Status::Revoked(Reason::Replay);
    Decision::Replay(Some(next))
}

/// Within it, a superseded token is the loser of a race and not a stolen one: the winner's answer may still be under way.
const RACE_WINDOW: Duration = Duration::from_secs(2);

/// How far ahead `reuse` at a native endpoint covers access tokens, so that it writes about once an hour.
const REUSE_HEADROOM: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edit, FamilyId, Grant, KeyId, Kind, Partner, RootId, SealedAttributes, SourceId};

    const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);
    const NATIVE: Redeemer = Redeemer::Native { family_ttl: Duration::from_hours(24 * 90) };

    fn at(seconds: u64) -> Timestamp {
        START.saturating_add(Duration::from_secs(seconds))
    }

    fn refresh(generation: u32) -> Claims {
        Claims {
            kind: Kind::Refresh,
            family: FamilyId([0; 16]),
            generation,
            issued_at: START,
            expires_at: at(3600),
            partner: Some(Partner {
                expires_at: at(600),
                generation,
                scope: Scope::parse("a b"),
                apart: false,
            }),
            family_expires_at: at(3600),
            absolute_expires_at: None,
            seen: 0,
            born: KeyId::new(RootId([0; 8]), START.hour()),
            front_end: FrontEnd::Bundle,
            client: "c".into(),
            grant: Grant::Password,
            user: None,
            scope: Scope::parse("a b"),
            attributes: SealedAttributes::default(),
            source: SourceId::default(),
            redirect_uri: None,
        }
    }

    fn redemption(presented: &Claims, rotation: Rotation, redeemer: Redeemer, second: u64) -> Redemption<'_> {
        Redemption {
            presented,
            now: at(second),
            rotation,
            redeemer,
            access_ttl: Duration::from_secs(100),
            refresh_ttl: Duration::from_secs(1000),
            full_scope: presented.scope.clone(),
            narrowed_scope: None,
            grace: Duration::from_mins(1),
            attempt: Attempt(second),
        }
    }

    /// The record after one redemption at second 10.
    fn redeemed(rotation: Rotation, redeemer: Redeemer) -> FamilyRecord {
        match decide(&FamilyRecord::untouched(), &redemption(&refresh(0), rotation, redeemer, 10)) {
            Decision::Redeem { next, .. } => next,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn mint(decision: Decision) -> Mint {
        match decision {
            Decision::Redeem { mint, .. } | Decision::MintOnly(mint) | Decision::Grace(mint) => mint,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_live_token_moves_both_generations() {
        for rotation in [Rotation::Apigee, Rotation::Rotate, Rotation::Strict] {
            let next = redeemed(rotation, Redeemer::Bundle);
            assert_eq!((next.version, next.refresh_gen, next.access_gen, next.min_access_gen), (1, 1, 1, 1));
            assert_eq!((next.redeemed_at, next.redeemed_by), (Some(at(10)), Some(rotation)));
            assert_eq!((next.access_exp, next.refresh_exp), (at(110), at(1010)));
            assert_eq!(next.access_until, at(600), "the old access token lives longer than the new one");
            assert_eq!(next.retention, at(3600).saturating_add(crate::RETENTION_MARGIN));
        }
    }

    #[test]
    fn native_redemption_leaves_old_access_tokens_alive_and_gives_the_family_an_end() {
        let next = redeemed(Rotation::Rotate, NATIVE);
        assert_eq!((next.access_gen, next.min_access_gen), (1, 0));
        let presented = refresh(0);
        let end = Timestamp::from_hour(START.hour()).saturating_add(Duration::from_hours(24 * 90));
        let decision =
            decide(&FamilyRecord::untouched(), &redemption(&presented, Rotation::Rotate, NATIVE, 10));
        assert_eq!(mint(decision).absolute_expires_at, Some(end));
    }

    #[test]
    fn only_a_bundles_family_is_given_an_end_by_its_redemption() {
        let presented = Claims { front_end: FrontEnd::Native(Rotation::Rotate), ..refresh(0) };
        let decision =
            decide(&FamilyRecord::untouched(), &redemption(&presented, Rotation::Rotate, NATIVE, 10));
        assert_eq!(mint(decision).absolute_expires_at, None);
    }

    #[test]
    fn successors_never_pass_the_end_of_the_family() {
        let presented = Claims { absolute_expires_at: Some(at(50)), ..refresh(0) };
        let decide_at = |second| {
            decide(&FamilyRecord::untouched(), &redemption(&presented, Rotation::Strict, NATIVE, second))
        };
        let minted = mint(decide_at(10));
        assert_eq!((minted.access_expires_at, minted.refresh_expires_at), (at(50), at(50)));
        assert!(matches!(decide_at(49), Decision::Redeem { .. }));
        assert_eq!(decide_at(50), Decision::Expired);
    }

    #[test]
    fn lifetimes_are_capped() {
        let presented = refresh(0);
        let mut asked = redemption(&presented, Rotation::Apigee, Redeemer::Bundle, 10);
        asked.refresh_ttl = Duration::MAX;
        assert_eq!(
            mint(decide(&FamilyRecord::untouched(), &asked)).refresh_expires_at,
            at(10).saturating_add(LIFETIME_MAX)
        );
    }

    #[test]
    fn a_replay_reacts_as_the_policy_says() {
        let presented = refresh(0);
        for rotation in Rotation::ALL {
            let record = redeemed(Rotation::Apigee, Redeemer::Bundle);
            let late = decide(&record, &redemption(&presented, rotation, Redeemer::Bundle, 13));
            let early = decide(&record, &redemption(&presented, rotation, Redeemer::Bundle, 12));
            if rotation.detects_replay() {
                let Decision::Replay(Some(next)) = late else { panic!("{rotation:?}: {late:?}") };
                let revoked = Status::Revoked(Reason::Replay);
                assert_eq!((next.access_status, next.refresh_status), (revoked, revoked));
                assert_eq!((next.version, next.refresh_gen), (2, 1));
                assert_eq!(early, Decision::Race);
            } else {
                assert_eq!((early, late), (Decision::Replay(None), Decision::Replay(None)));
            }
        }
    }

    #[test]
    fn grace_repeats_the_answer_of_the_record_within_its_window() {
        let (presented, record) = (refresh(0), redeemed(Rotation::Rotate, NATIVE));
        let decide_at = |second| decide(&record, &redemption(&presented, Rotation::Rotate, NATIVE, second));
        for second in [0, 10, 11, 70] {
            let Decision::Grace(minted) = decide_at(second) else { panic!("{second}") };
            assert_eq!((minted.access_generation, minted.refresh_generation), (1, 1));
            assert_eq!((minted.access_expires_at, minted.refresh_expires_at), (at(110), at(1010)));
        }
        assert!(matches!(decide_at(71), Decision::Replay(Some(_))));
    }

    #[test]
    fn grace_needs_the_same_policy_then_and_now_and_the_direct_successor() {
        let presented = refresh(0);
        let strict_now = redemption(&presented, Rotation::Strict, NATIVE, 30);
        assert!(matches!(
            decide(&redeemed(Rotation::Rotate, NATIVE), &strict_now),
            Decision::Replay(Some(_))
        ));
        let rotate_now = redemption(&presented, Rotation::Rotate, NATIVE, 30);
        assert!(matches!(
            decide(&redeemed(Rotation::Strict, NATIVE), &rotate_now),
            Decision::Replay(Some(_))
        ));
        let grandparent = FamilyRecord { refresh_gen: 2, ..redeemed(Rotation::Rotate, NATIVE) };
        assert!(matches!(decide(&grandparent, &rotate_now), Decision::Replay(Some(_))));
        assert_eq!(
            decide(&grandparent, &redemption(&presented, Rotation::Rotate, NATIVE, 11)),
            Decision::Race
        );
        let outlived = FamilyRecord { access_exp: at(30), ..redeemed(Rotation::Rotate, NATIVE) };
        assert!(
            matches!(decide(&outlived, &rotate_now), Decision::Grace(_)),
            "its refresh token still serves"
        );
    }

    #[test]
    fn a_token_from_beyond_the_record_proves_a_rollback() {
        let presented = refresh(1);
        for rotation in Rotation::ALL {
            let asked = redemption(&presented, rotation, Redeemer::Bundle, 10);
            assert_eq!(decide(&FamilyRecord::untouched(), &asked), Decision::RolledBack);
        }
    }

    #[test]
    fn reuse_in_a_bundle_moves_the_access_token_alone() {
        let presented = refresh(0);
        let asked = redemption(&presented, Rotation::Reuse, Redeemer::Bundle, 10);
        let Decision::Redeem { next, mint } = decide(&FamilyRecord::untouched(), &asked) else { panic!() };
        assert_eq!((next.refresh_gen, next.access_gen, next.min_access_gen), (0, 1, 1));
        assert!(mint.keeps_refresh);
        assert_eq!((mint.refresh_generation, mint.refresh_expires_at), (0, at(3600)));
        assert_eq!(next.access_until, at(600));
    }

    #[test]
    fn reuse_at_a_native_endpoint_writes_only_to_cover_a_longer_access_token() {
        let presented = Claims { front_end: FrontEnd::Native(Rotation::Reuse), ..refresh(0) };
        let asked = |second| redemption(&presented, Rotation::Reuse, NATIVE, second);
        let Decision::Redeem { next, .. } = decide(&FamilyRecord::untouched(), &asked(550)) else { panic!() };
        assert_eq!(next.access_until, at(650 + 3600));
        let Decision::MintOnly(minted) = decide(&next, &asked(650 + 3500)) else { panic!() };
        assert_eq!(minted.access_generation, 1);
        let Decision::Redeem { next: second, .. } = decide(&next, &asked(650 + 3501)) else { panic!() };
        assert_eq!((second.access_gen, second.min_access_gen), (2, 0));
        let revoked = FamilyRecord { access_status: Status::Revoked(Reason::Token), ..next };
        let Decision::Redeem { next: raised, .. } = decide(&revoked, &asked(700)) else { panic!() };
        assert_eq!(
            (raised.access_gen, raised.min_access_gen, raised.access_status),
            (2, 2, Status::Approved)
        );
    }

    #[test]
    fn redeeming_after_an_access_revocation_raises_the_floor_past_it() {
        let presented = refresh(0);
        let record =
            FamilyRecord { access_status: Status::Revoked(Reason::Token), ..FamilyRecord::untouched() };
        let Decision::Redeem { next, .. } =
            decide(&record, &redemption(&presented, Rotation::Rotate, NATIVE, 10))
        else {
            panic!()
        };
        assert_eq!((next.access_status, next.min_access_gen), (Status::Approved, 1));
    }

    #[test]
    fn narrowing_spares_native_refresh_tokens_only() {
        let presented = refresh(0);
        for (redeemer, refresh_scope) in [(NATIVE, "a b"), (Redeemer::Bundle, "b")] {
            let mut asked = redemption(&presented, Rotation::Rotate, redeemer, 10);
            asked.narrowed_scope = Some(Scope::parse("b c"));
            let Decision::Redeem { next, mint: first } = decide(&FamilyRecord::untouched(), &asked) else {
                panic!()
            };
            assert_eq!(next.scope, Some(Scope::parse("b")));
            assert_eq!(
                (first.access_scope.to_string(), first.refresh_scope.to_string()),
                ("b".into(), refresh_scope.into())
            );
            let repeated = mint(decide(&next, &redemption(&presented, Rotation::Rotate, redeemer, 11)));
            assert_eq!(repeated.access_scope, first.access_scope);
            assert_eq!(repeated.refresh_scope, first.refresh_scope);
        }
    }

    #[test]
    fn edits_of_the_last_generation_are_kept_and_older_ones_dropped() {
        let edit = |generation| Edit { generation, sealed: Box::from(*b"x") };
        let presented = refresh(2);
        let record = FamilyRecord {
            refresh_gen: 2,
            access_gen: 2,
            edits: vec![edit(1), edit(2)],
            ..redeemed(Rotation::Rotate, NATIVE)
        };
        let Decision::Redeem { next, .. } =
            decide(&record, &redemption(&presented, Rotation::Rotate, NATIVE, 90))
        else {
            panic!()
        };
        assert_eq!(next.edits, [edit(2)]);
        let reused = decide(&record, &redemption(&presented, Rotation::Reuse, Redeemer::Bundle, 90));
        assert!(matches!(reused, Decision::Redeem { next, .. } if next.edits == [edit(1), edit(2)]));
    }

    #[test]
    fn what_is_kept_never_shrinks() {
        let presented = refresh(0);
        let far = at(1 << 20);
        let record = FamilyRecord { access_until: far, retention: far, ..FamilyRecord::untouched() };
        let Decision::Redeem { next, .. } =
            decide(&record, &redemption(&presented, Rotation::Apigee, Redeemer::Bundle, 10))
        else {
            panic!()
        };
        assert_eq!((next.access_until, next.retention), (far, far));
    }
}
