//! The messages of one transaction. Variables hold handles into this store, so that a message has one place however
//! many names it has, and reading a name never copies a body.

use crate::message::Message;

/// A handle to a message of one transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MessageId(usize);

/// Messages live as long as their transaction.
pub(crate) struct MessageStore {
    /// Every transaction begins with a request, so looking a handle up always finds a message.
    first: Message,
    more: Vec<Message>,
}

impl MessageStore {
    pub(crate) const FIRST: MessageId = MessageId(0);

    pub(crate) fn new(first: Message) -> Self {
        Self { first, more: Vec::new() }
    }

    pub(crate) fn add(&mut self, message: Message) -> MessageId {
        self.more.push(message);
        MessageId(self.more.len())
    }

    pub(crate) fn get(&self, id: MessageId) -> &Message {
        id.0.checked_sub(1).and_then(|index| self.more.get(index)).unwrap_or(&self.first)
    }

    pub(crate) fn get_mut(&mut self, id: MessageId) -> &mut Message {
        id.0.checked_sub(1).and_then(|index| self.more.get_mut(index)).unwrap_or(&mut self.first)
    }
}
