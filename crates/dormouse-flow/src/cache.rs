//! The caches of PopulateCache, LookupCache, InvalidateCache and ResponseCache: in memory, of one node, bounded (Apigee:
//! "Adding caching and persistence").

use crate::message::Message;
use crate::transaction::Transaction;
use crate::value::{Text, Value};
use dormouse_token::Timestamp;
use parking_lot::Mutex;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::sync::Arc;

/// All caches of a process. They exist as soon as something is put into them.
///
/// When they are full, what has been asked for least goes first.
pub struct Caches(Cache<CacheKey, Arc<Entry>, ByBytes>);

/// Names an entry. Fragments stay apart, so that no value that a client sends can run into its neighbour.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The cache's name.
    pub cache: Text,
    /// The prefix, then the fragments. They may be tokens: never to be logged.
    pub fragments: Arc<[Text]>,
}

/// What a cache holds, on its own, without the transaction that it came from.
pub struct CachedValue(Held);

enum Held {
    Plain(Value),
    Message(Mutex<Box<Message>>),
}

/// What a look-up found.
pub enum Found {
    /// A value that is still good.
    Hit(Arc<Entry>),
    /// A value whose time is over.
    Expired,
    /// Nothing.
    Miss,
}

/// An entry with its end.
pub struct Entry {
    value: CachedValue,
    expires_at: Timestamp,
}

/// The entry is larger than a cache takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entry is larger than 1 MiB")]
pub struct EntryTooLarge;

impl Default for Caches {
    fn default() -> Self {
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(ITEMS_ESTIMATED)
            .weight_capacity(BYTES_MAX)
            .build();
        let lifecycle = DefaultLifecycle::default();
        Self(match options {
            Ok(options) => Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), lifecycle),
            Err(_) => Cache::with_weighter(ITEMS_ESTIMATED, BYTES_MAX, ByBytes),
        })
    }
}

impl Caches {
    /// Puts a value in, in place of the one that was there.
    ///
    /// # Errors
    /// [`EntryTooLarge`]; an earlier entry is then gone too, so that nobody is served what should have been replaced.
    pub fn put(&self, key: CacheKey, value: CachedValue, expires_at: Timestamp) -> Result<(), EntryTooLarge> {
        let entry = Arc::new(Entry { value, expires_at });
        if ByBytes.weight(&key, &entry) > ENTRY_BYTES_MAX {
            self.0.remove(&key);
            return Err(EntryTooLarge);
        }
        self.0.insert(key, entry);
        Ok(())
    }

    /// Looks an entry up.
    pub fn look_up(&self, key: &CacheKey, now: Timestamp) -> Found {
        match self.0.get(key) {
            Some(entry) if now < entry.expires_at => Found::Hit(entry),
            Some(entry) => {
                // Another thread may have put a new one in its place by now.
                self.0.remove_if(key, |present| Arc::ptr_eq(present, &entry));
                Found::Expired
            }
            None => Found::Miss,
        }
    }

    /// Removes one entry.
    pub fn remove(&self, key: &CacheKey) {
        self.0.remove(key);
    }

    /// Removes every entry whose fragments begin with those of the key. Looks at all entries.
    pub fn remove_below(&self, key: &CacheKey) {
        self.0.retain(|own, _| own.cache != key.cache || !own.fragments.starts_with(&key.fragments));
    }
}

impl CacheKey {
    /// The key as Apigee shows it: fragments joined with two underscores.
    pub fn joined(&self) -> String {
        self.fragments.join("__")
    }
}

impl CachedValue {
    /// A copy of a variable's value; nothing for null, for a message that is streamed, and for a collection that holds
    /// messages.
    pub fn of(transaction: &Transaction, value: Value) -> Option<Self> {
        Some(Self(match value {
            Value::Null => return None,
            Value::List(items) if !items.iter().all(is_plain) => return None,
            // A stream is read once: a copy would have no body.
            Value::Message(id) if transaction.message(id).is_streamed() => return None,
            Value::Message(id) => Held::Message(Mutex::new(Box::new(transaction.message(id).clone()))),
            plain => Held::Plain(plain),
        }))
    }

    fn size(&self) -> usize {
        match &self.0 {
            Held::Plain(value) => size_of_value(value),
            Held::Message(message) => {
                let message = message.lock();
                let line = message.uri().map_or(0, |uri| uri.len());
                let headers = message.headers().iter().map(|(name, value)| name.len() + value.len() + 64);
                message.body().len() + line + headers.sum::<usize>() + 256
            }
        }
    }
}

impl Entry {
    /// The value for another transaction.
    pub fn restore(&self, transaction: &mut Transaction) -> Value {
        match &self.value.0 {
            Held::Plain(value) => value.clone(),
            Held::Message(message) => {
                let copy = message.lock().as_ref().clone();
                transaction.add_message(copy).into()
            }
        }
    }

    /// The message, if it is one.
    pub fn message(&self) -> Option<Message> {
        match &self.value.0 {
            Held::Plain(_) => None,
            Held::Message(message) => Some(message.lock().as_ref().clone()),
        }
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<CacheKey, Arc<Entry>> for ByBytes {
    fn weight(&self, key: &CacheKey, entry: &Arc<Entry>) -> u64 {
        let fragments = key.fragments.iter().map(|fragment| fragment.len() + 32).sum::<usize>();
        let bytes = ENTRY_OVERHEAD + key.cache.len() + fragments + entry.value.size();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Whether a value means the same in every transaction.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Message(_) => false,
        Value::List(items) => items.iter().all(is_plain),
        _ => true,
    }
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(|item| 32 + size_of_value(item)).sum(),
        _ => 16,
    }
}

/// Memory of all caches of a process.
const BYTES_MAX: u64 = 64 << 20;
/// The largest entry. Larger ones would push out everything else.
const ENTRY_BYTES_MAX: u64 = 1 << 20;
/// Parts with locks of their own. An entry never weighs more than a part holds.
const SHARDS: usize = 16;
const ITEMS_ESTIMATED: usize = 10_000;
/// What an entry takes beside its texts.
const ENTRY_OVERHEAD: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::transaction;

    const NOW: Timestamp = Timestamp::from_ms(1_000);

    fn key(cache: &str, fragments: &[&str]) -> CacheKey {
        CacheKey { cache: cache.into(), fragments: fragments.iter().map(|text| Text::from(*text)).collect() }
    }

    fn put(caches: &Caches, key: CacheKey, text: &str) {
        let value = CachedValue::of(&transaction("GET", "/"), text.into()).expect("cacheable");
        caches.put(key, value, Timestamp::from_ms(2_000)).expect("small");
    }

    #[track_caller]
    fn check(caches: &Caches, key: &CacheKey, expected: Option<&str>) {
        let mut transaction = transaction("GET", "/");
        let found = match caches.look_up(key, NOW) {
            Found::Hit(entry) => Some(entry.restore(&mut transaction)),
            Found::Expired | Found::Miss => None,
        };
        assert!(found == expected.map(Value::from), "{}", key.joined());
    }

    #[test]
    fn entries_are_found_under_their_whole_key_alone() {
        let caches = Caches::default();
        put(&caches, key("c", &["a", "b"]), "one");
        check(&caches, &key("c", &["a", "b"]), Some("one"));
        for other in [key("d", &["a", "b"]), key("c", &["a__b"]), key("c", &["a"]), key("c", &["a", "b", ""])]
        {
            check(&caches, &other, None);
        }
        put(&caches, key("c", &["a", "b"]), "two");
        check(&caches, &key("c", &["a", "b"]), Some("two"));
        assert_eq!(key("c", &["a", "b"]).joined(), "a__b");
    }

    #[test]
    fn entries_end() {
        let caches = Caches::default();
        put(&caches, key("c", &["a"]), "x");
        assert!(matches!(caches.look_up(&key("c", &["a"]), Timestamp::from_ms(1_999)), Found::Hit(_)));
        assert!(matches!(caches.look_up(&key("c", &["a"]), Timestamp::from_ms(2_000)), Found::Expired));
        assert!(matches!(caches.look_up(&key("c", &["a"]), Timestamp::from_ms(2_000)), Found::Miss));
    }

    #[test]
    fn removal_of_one_and_of_all_below() {
        let caches = Caches::default();
        let (one, two, other) = (key("c", &["p", "1"]), key("c", &["p", "2"]), key("c", &["pq", "1"]));
        for key in [&one, &two, &other] {
            put(&caches, key.clone(), "x");
        }
        caches.remove(&one);
        check(&caches, &one, None);
        check(&caches, &two, Some("x"));
        caches.remove_below(&key("d", &["p"]));
        check(&caches, &two, Some("x"));
        caches.remove_below(&key("c", &["p"]));
        check(&caches, &two, None);
        check(&caches, &other, Some("x"));
    }

    #[test]
    fn messages_are_copied_both_ways() {
        let (caches, mut first) = (Caches::default(), transaction("GET", "/"));
        let mut message = Message::response(203);
        message.set_body("body");
        let id = first.set_response(message);
        let value = CachedValue::of(&first, id.into()).expect("cacheable");
        caches.put(key("c", &["m"]), value, Timestamp::from_ms(2_000)).expect("small");
        first.message_mut(id).set_body("changed");
        let Found::Hit(entry) = caches.look_up(&key("c", &["m"]), NOW) else { panic!("a hit") };
        assert_eq!(entry.message().expect("a message").content(), "body");
        let mut second = transaction("GET", "/");
        let value = entry.restore(&mut second);
        assert_eq!(second.text_of(value).as_deref(), Some("body"));
    }

    #[test]
    fn what_cannot_be_cached() {
        let mut sample = transaction("GET", "/");
        let id = sample.set_response(Message::response(200));
        assert!(CachedValue::of(&sample, Value::Null).is_none());
        assert!(CachedValue::of(&sample, Value::list([Value::Message(id)])).is_none());
        assert!(CachedValue::of(&sample, Value::list(["a", "b"])).is_some());
        let caches = Caches::default();
        put(&caches, key("c", &["a"]), "old");
        let large = CachedValue::of(&sample, "x".repeat(1 << 20).into()).expect("cacheable");
        assert_eq!(caches.put(key("c", &["a"]), large, Timestamp::from_ms(2_000)), Err(EntryTooLarge));
        check(&caches, &key("c", &["a"]), None);
    }

    #[test]
    fn memory_is_bounded() {
        let caches = Caches::default();
        for number in 0..200 {
            put(&caches, key("c", &[&number.to_string()]), &"x".repeat(900_000));
        }
        assert!(caches.0.weight() <= BYTES_MAX, "{}", caches.0.weight());
        assert!(caches.0.len() > 30, "{}", caches.0.len());
    }
}
