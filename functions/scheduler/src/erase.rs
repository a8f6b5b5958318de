//! Erasing workspaces, a piece at a time.

use crieur_aws::StoreError;
use jiff::{SignedDuration, Timestamp};

use crate::Scheduler;

/// How long one tick may erase: well within the function's timeout of 55 s.
const SHARE: SignedDuration = SignedDuration::from_secs(30);
/// Rows in one piece.
const PIECE: usize = 500;

impl Scheduler {
    /// Goes on with every erasure that was asked for, until there is nothing left or the time is up.
    pub(crate) async fn erase(&self, began: Timestamp) -> Result<usize, StoreError> {
        let mut count = 0;
        let erasures = self.store.erasure();
        for erasure in erasures.pending(began).await? {
            loop {
                if (self.clock)().duration_since(began) > SHARE {
                    return Ok(count);
                }
                let piece = erasures.erase_some(erasure.workspace_id, PIECE).await?;
                count += piece.deleted;
                if !piece.done {
                    continue;
                }
                // Files after rows: without rows nobody can make an upload for this workspace any more.
                match self.objects.delete_prefix(&format!("{}/", erasure.workspace_id)).await {
                    Ok(files) => count += files,
                    Err(error) => {
                        tracing::warn!(workspace = %erasure.workspace_id, %error, "its files are erased by a later tick");
                        break;
                    }
                }
                erasures.finish(&erasure).await?;
                tracing::info!(workspace = %erasure.workspace_id, "erased");
                break;
            }
        }
        Ok(count)
    }
}
