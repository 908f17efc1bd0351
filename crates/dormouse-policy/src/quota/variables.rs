//! `ratelimit.P.*`: what a Quota policy says about its counter (Apigee: "Flow variables reference", `ratelimit`).

use dormouse_flow::{QuotaReading, Text, Value, VariableSource};

/// The variables after one execution.
pub(crate) struct QuotaVariables {
    /// `ratelimit.P.`
    pub(crate) prefix: Text,
    pub(crate) allowed: u64,
    pub(crate) reading: QuotaReading,
    pub(crate) identifier: Text,
    /// The class of the request, and whether the counter is that of the class.
    pub(crate) class: Option<(Text, bool)>,
    /// Whether the policy refused the request.
    pub(crate) failed: bool,
}

impl VariableSource for QuotaVariables {
    fn variable(&self, name: &str) -> Option<Value> {
        let suffix = name.strip_prefix(&*self.prefix)?;
        if let Some(suffix) = suffix.strip_prefix("class.") {
            return self
                .class
                .as_ref()
                .filter(|(_, counts)| *counts)
                .and_then(|_| self.count(suffix, u64::MAX));
        }
        match suffix {
            "class" => self.class.as_ref().map(|(class, _)| class.clone().into()),
            "expiry.time" => Some(self.reading.expires_at.as_ms().into()),
            "failed" => Some(self.failed.into()),
            "identifier" => Some(self.identifier.clone().into()),
            // Only those of a class tell how often: these say whether.
            _ => self.count(suffix, 1),
        }
    }
}

impl QuotaVariables {
    fn count(&self, suffix: &str, exceed_max: u64) -> Option<Value> {
        let count = match suffix {
            "allowed.count" => self.allowed,
            "available.count" => self.allowed.saturating_sub(self.reading.used),
            "exceed.count" => self.reading.exceed_count.min(exceed_max),
            "total.exceed.count" => self.reading.total_exceed_count.min(exceed_max),
            "used.count" => self.reading.used,
            _ => return None,
        };
        Some(count.into())
    }
}
