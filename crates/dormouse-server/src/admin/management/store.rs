//! `/store`: what the store holds.

use super::{Call, Refused, Reply};
use dormouse_engine::Error;
use serde_json::json;

/// Epoch, highest cut-off and sizes.
pub(super) async fn show(call: Call) -> Result<Reply, Refused> {
    let store = call.engine().store();
    let head = store.head().await.map_err(Error::from)?;
    let statistics = store.statistics().await.map_err(Error::from)?;
    Ok(Reply::Ok(json!({
        "epoch": head.epoch.to_string(),
        "cutOff": head.cut_off,
        "families": statistics.families,
        "codeMarks": statistics.code_marks,
        "imports": statistics.imports,
        "overflows": statistics.overflows,
        "cutOffs": statistics.cut_offs,
        "documents": statistics.documents,
        "counters": statistics.counters,
        "tokenBytes": statistics.token_bytes,
        "fileBytes": statistics.file_bytes,
        "isRolledBack": call.engine().is_rolled_back(),
    })))
}
