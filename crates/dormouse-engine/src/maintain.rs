//! What falls due from time to time.

use crate::Engine;
use crate::error::Error;

impl Engine {
    /// Follows the store, writes the counts, forgets what is over, and lets the store purge. Call it a few times a second.
    ///
    /// # Errors
    /// The first failure; the rest was done all the same.
    pub async fn maintain(&self) -> Result<(), Error> {
        let followed = self.follow().await;
        let flushed = self.flush_counts().await;
        self.resident.forget_expired(self.now());
        let purged = self.store.maintain().await;
        followed?;
        flushed?;
        purged?;
        Ok(())
    }
}
