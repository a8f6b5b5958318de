//! What a client promises, line by line, and how often each line was put to the test.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A line of the contract that stands on the `Publish` trait, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    StepIsPure,
    OnlyCommitsShow,
    OneChangePerStep,
    DoneIsNamed,
    CheckpointIsEnough,
    FailuresAreClassified,
    SettlingChangesNothing,
    NothingSleeps,
}

impl Promise {
    /// All lines with what they say.
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::StepIsPure, "the same post and checkpoint name the same step"),
        (Self::OnlyCommitsShow, "only a commit makes something visible, and all else may be repeated"),
        (Self::OneChangePerStep, "a step is one exchange that changes anything"),
        (Self::DoneIsNamed, "done means that the network has named the post"),
        (Self::CheckpointIsEnough, "a worker that never saw the delivery goes on from the checkpoint"),
        (Self::FailuresAreClassified, "a failure has the kind that the network's answer stands for"),
        (Self::SettlingChangesNothing, "settling changes nothing at the network"),
        (Self::NothingSleeps, "nothing sleeps"),
    ];
}

/// How often each promise of one network was kept. A broken one fails its case instead.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    kept: [AtomicUsize; Promise::ALL.len()],
}

impl Promises {
    /// A promise was put to the test and kept.
    pub(crate) fn keep(&self, promise: Promise) {
        self.kept[promise as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was.
    pub(crate) fn kept(&self, promise: Promise) -> usize {
        self.kept[promise as usize].load(Ordering::Relaxed)
    }
}
