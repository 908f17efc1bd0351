//! Cut-offs and burns in memory, indexed by target: kinds without rows cost nothing (TOKENS §4, §5).

use dormouse_token::{Burn, Claims, CutOff, CutOffRow, KeyId, Reason, RootId, Target, Timestamp};
use foldhash::quality::RandomState;
use papaya::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Every live cut-off and burn, and the number up to which they were applied whole.
#[derive(Default)]
pub(crate) struct CutOffTable {
    applied: AtomicU64,
    kinds: [Rows; KINDS],
    burns: arc_swap::ArcSwap<Vec<Burn>>,
}

/// Whom a token belongs to, as cut-offs name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) client: &'a str,
    /// App and developer of the client; `None` once its credential is gone.
    pub(crate) owner: Option<(&'a str, &'a str)>,
    pub(crate) user: Option<&'a str>,
}

#[derive(Default)]
struct Rows {
    count: AtomicUsize,
    by_target: HashMap<Box<str>, Arc<[CutOff]>, RandomState>,
}

impl CutOffTable {
    /// Every row up to this number is in the table. Read it *before* judging: what is judged then has seen as much.
    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// States that every row up to `number` is in the table.
    pub(crate) fn reached(&self, number: u64) {
        self.applied.fetch_max(number, Ordering::AcqRel);
    }

    /// Adds a row, removing those that it replaces. Adding it again does nothing.
    pub(crate) fn apply(&self, row: &CutOffRow) {
        match row {
            CutOffRow::CutOff(cut_off) => self.apply_cut_off(cut_off),
            CutOffRow::Burn(burn) => {
                self.burns.rcu(|burns| {
                    let replaced = |old: &&Burn| !row.replaces(&CutOffRow::Burn((*old).clone()));
                    let mut next: Vec<Burn> = burns.iter().filter(replaced).cloned().collect();
                    next.push(burn.clone());
                    next
                });
            }
        }
    }

    /// Whether the key that sealed a token, or one that it may descend from, was burned.
    pub(crate) fn burns(&self, claims: &Claims, key: KeyId) -> bool {
        self.burns.load().iter().any(|burn| burn.kills(claims, key))
    }

    /// Whether a root was burned with all its hours.
    pub(crate) fn burns_root(&self, root: RootId) -> bool {
        self.burns.load().iter().any(|burn| burn.root == root && burn.hour.is_none())
    }

    /// Whether a key was burned, so that nothing sealed under it can live.
    pub(crate) fn burns_key(&self, key: KeyId) -> bool {
        let covers = |burn: &Burn| burn.root == key.root && burn.hour.is_none_or(|hour| hour == key.hour);
        self.burns.load().iter().any(covers)
    }

    /// Why a token is dead, if a cut-off of its subject kills it.
    pub(crate) fn kills(&self, claims: &Claims, subject: Subject<'_>) -> Option<Reason> {
        let mut reason = None;
        self.each(subject, |cut_off| {
            if cut_off.kills(claims) {
                reason.get_or_insert(cut_off.reason);
            }
        });
        reason
    }

    /// Whether a cut-off keeps a product from admitting a token.
    pub(crate) fn excludes_product(&self, product: &str, claims: &Claims) -> bool {
        let mut excluded = false;
        self.kinds[PRODUCT].each(product, |cut_off| excluded |= cut_off.kills(claims));
        excluded
    }

    /// The latest timestamp before which tokens of a subject are dead: new ones must not be issued before it.
    pub(crate) fn issue_floor<'p>(
        &self,
        subject: Subject<'_>,
        products: impl IntoIterator<Item = &'p str>,
    ) -> Option<Timestamp> {
        let mut floor = None;
        let mut raise = |cut_off: &CutOff| floor = floor.max(cut_off.before);
        self.each(subject, &mut raise);
        if self.kinds[PRODUCT].count.load(Ordering::Acquire) > 0 {
            for product in products {
                self.kinds[PRODUCT].each(product, &mut raise);
            }
        }
        floor
    }

    /// Forgets rows that can kill nothing any more.
    pub(crate) fn forget_expired(&self, now: Timestamp) {
        for rows in &self.kinds {
            rows.retain(|cut_off| cut_off.kept_until > now);
        }
        if self.burns.load().iter().any(|burn| burn.kept_until <= now) {
            self.burns
                .rcu(|burns| burns.iter().filter(|burn| burn.kept_until > now).cloned().collect::<Vec<_>>());
        }
    }

    fn apply_cut_off(&self, new: &CutOff) {
        let (kind, name) = place(&new.target);
        let rows = &self.kinds[kind];
        let pinned = rows.by_target.pin();
        let merged = |old: &Arc<[CutOff]>| -> Arc<[CutOff]> {
            let kept = old.iter().filter(|old| old.number != new.number && !new.replaces(old));
            kept.cloned().chain([new.clone()]).collect()
        };
        let fresh: Arc<[CutOff]> = Arc::from([new.clone()]);
        let mut added = false;
        pinned.update_or_insert_with(name, merged, || {
            added = true;
            fresh
        });
        if added {
            rows.count.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn each(&self, subject: Subject<'_>, mut visit: impl FnMut(&CutOff)) {
        self.kinds[ORGANIZATION].each("", &mut visit);
        self.kinds[CLIENT].each(subject.client, &mut visit);
        if let Some(user) = subject.user {
            self.kinds[USER].each(user, &mut visit);
        }
        let Some((app, developer)) = subject.owner else { return };
        self.kinds[APP].each(app, &mut visit);
        self.kinds[DEVELOPER].each(developer, &mut visit);
        if let Some(user) = subject.user
            && self.kinds[APP_USER].count.load(Ordering::Acquire) > 0
        {
            self.kinds[APP_USER].each(&app_user(app, user), &mut visit);
        }
    }
}

impl Rows {
    fn each(&self, name: &str, mut visit: impl FnMut(&CutOff)) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(rows) = self.by_target.pin().get(name) {
            rows.iter().for_each(&mut visit);
        }
    }

    fn retain(&self, keep: impl Fn(&CutOff) -> bool) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let pinned = self.by_target.pin();
        let shrinking: Vec<Box<str>> =
            pinned.iter().filter(|(_, rows)| !rows.iter().all(&keep)).map(|(name, _)| name.clone()).collect();
        for name in shrinking {
            let rest = |rows: &Arc<[CutOff]>| {
                rows.iter().filter(|row| keep(row)).cloned().collect::<Arc<[CutOff]>>()
            };
            pinned.update(name, rest);
        }
    }
}

/// The index of a target's kind, and its name within it.
fn place(target: &Target) -> (usize, Box<str>) {
    match target {
        Target::Client(name) => (CLIENT, name.clone()),
        Target::App(name) => (APP, name.clone()),
        Target::User(name) => (USER, name.clone()),
        Target::AppUser { app, user } => (APP_USER, app_user(app, user).into()),
        Target::Developer(name) => (DEVELOPER, name.clone()),
        Target::Product(name) => (PRODUCT, name.clone()),
        Target::Organization => (ORGANIZATION, "".into()),
    }
}

/// One name for an app and a user. App ids hold no line feed, so that no two pairs share a name.
fn app_user(app: &str, user: &str) -> String {
    format!("{app}\n{user}")
}

const CLIENT: usize = 0;
const APP: usize = 1;
const USER: usize = 2;
const APP_USER: usize = 3;
const DEVELOPER: usize = 4;
const PRODUCT: usize = 5;
const ORGANIZATION: usize = 6;
const KINDS: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::{FamilyId, FrontEnd, Grant, Kind, Reach, RootId, Scope, SealedAttributes, SourceId};

    fn token(seen: u64) -> Claims {
        Claims {
            kind: Kind::Access,
            family: FamilyId([0; 16]),
            generation: 0,
            issued_at: Timestamp::from_ms(1000),
            expires_at: Timestamp::MAX,
            partner: None,
            family_expires_at: Timestamp::MAX,
            absolute_expires_at: None,
            seen,
            born: KeyId::new(RootId([0; 8]), 0),
            front_end: FrontEnd::Bundle,
            client: "key".into(),
            grant: Grant::Password,
            user: Some("ann".into()),
            scope: Scope::default(),
            attributes: SealedAttributes::default(),
            source: SourceId::default(),
            redirect_uri: None,
        }
    }

    const SUBJECT: Subject<'_> = Subject { client: "key", owner: Some(("app", "dev")), user: Some("ann") };

    fn row(number: u64, target: Target, before: Option<u64>) -> CutOffRow {
        CutOffRow::CutOff(CutOff {
            number,
            target,
            reach: Reach::Both,
            reason: Reason::App,
            before: before.map(Timestamp::from_ms),
            kept_until: Timestamp::from_ms(5000),
        })
    }

    #[test]
    fn each_kind_of_target_kills_its_own_tokens() {
        let hits = [
            Target::Client("key".into()),
            Target::App("app".into()),
            Target::User("ann".into()),
            Target::AppUser { app: "app".into(), user: "ann".into() },
            Target::Developer("dev".into()),
            Target::Organization,
        ];
        let misses = [
            Target::Client("other".into()),
            Target::App("key".into()),
            Target::User("bob".into()),
            Target::AppUser { app: "app".into(), user: "bob".into() },
            Target::Developer("app".into()),
            Target::Product("key".into()),
        ];
        let kills = |target: Target| {
            let table = CutOffTable::default();
            table.apply(&row(1, target, None));
            table.kills(&token(0), SUBJECT).is_some()
        };
        for target in hits {
            assert!(kills(target.clone()), "{target:?}");
        }
        for target in misses {
            assert!(!kills(target.clone()), "{target:?}");
        }
    }

    #[test]
    fn replaced_and_repeated_rows_do_not_pile_up() {
        let table = CutOffTable::default();
        for number in 1..=100 {
            table.apply(&row(number, Target::User("ann".into()), None));
            table.apply(&row(number, Target::User("ann".into()), None));
        }
        assert_eq!(table.kinds[USER].by_target.pin().get("ann").map(|rows| rows.len()), Some(1));
        assert!(table.kills(&token(99), SUBJECT).is_some());
        assert!(table.kills(&token(100), SUBJECT).is_none());
    }

    #[test]
    fn products_are_excluded_apart() {
        let table = CutOffTable::default();
        table.apply(&row(3, Target::Product("gold".into()), None));
        assert!(table.excludes_product("gold", &token(2)));
        assert!(!table.excludes_product("gold", &token(3)));
        assert!(!table.excludes_product("silver", &token(0)));
    }

    #[test]
    fn the_issue_floor_is_the_latest_matching_timestamp() {
        let table = CutOffTable::default();
        assert_eq!(table.issue_floor(SUBJECT, ["gold"]), None);
        table.apply(&row(1, Target::User("ann".into()), Some(70)));
        table.apply(&row(2, Target::Client("key".into()), Some(90)));
        table.apply(&row(3, Target::Client("other".into()), Some(500)));
        assert_eq!(table.issue_floor(SUBJECT, ["gold"]), Some(Timestamp::from_ms(90)));
        table.apply(&row(4, Target::Product("gold".into()), Some(200)));
        assert_eq!(table.issue_floor(SUBJECT, ["gold"]), Some(Timestamp::from_ms(200)));
        assert_eq!(table.issue_floor(SUBJECT, ["silver"]), Some(Timestamp::from_ms(90)));
    }

    #[test]
    fn expired_rows_are_forgotten() {
        let table = CutOffTable::default();
        let burn = Burn { number: 2, root: RootId([9; 8]), hour: None, kept_until: Timestamp::from_ms(5000) };
        table.apply(&row(1, Target::Organization, None));
        table.apply(&CutOffRow::Burn(burn));
        let burned = KeyId::new(RootId([9; 8]), 4);
        table.forget_expired(Timestamp::from_ms(4999));
        assert!(table.kills(&token(0), SUBJECT).is_some() && table.burns(&token(0), burned));
        let later =
            Burn { number: 3, root: RootId([8; 8]), hour: None, kept_until: Timestamp::from_ms(5001) };
        table.apply(&CutOffRow::Burn(later));
        table.forget_expired(Timestamp::from_ms(5000));
        assert!(table.kills(&token(0), SUBJECT).is_none() && !table.burns(&token(0), burned));
        assert!(table.burns(&token(0), KeyId::new(RootId([8; 8]), 4)));
    }

    #[test]
    fn the_applied_number_never_falls() {
        let table = CutOffTable::default();
        table.reached(5);
        table.reached(3);
        assert_eq!(table.applied(), 5);
    }
}
