//! Numbers: what a network tells about posts and accounts, under names that are the same for all networks.

use async_trait::async_trait;
use crieur_domain::{Failure, content::Published};
use serde_json::Value;

use crate::publish::Context;

/// A network that tells numbers.
///
/// 1. What the network does not tell is absent. Zero means that the network said zero.
/// 2. The network's own answer goes with the numbers.
#[async_trait]
pub trait Insights: Sync {
    /// The numbers of posts, in the order asked for; a post that is gone has none. At most 25 at a time.
    ///
    /// # Errors
    /// What the network answered, classified; `Refused` where it tells none.
    async fn posts(&self, cx: &Context<'_>, posts: &[Published]) -> Result<Vec<Numbers>, Failure>;

    /// The numbers of the account.
    ///
    /// # Errors
    /// What the network answered, classified; `Refused` where it tells none.
    async fn account(&self, cx: &Context<'_>) -> Result<Numbers, Failure>;
}

/// What was told at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// Each number once.
    pub values: Vec<(Metric, f64)>,
    /// The network's own answer, for what these names leave out.
    pub raw: Value,
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $metric:ident = $name:literal,)*) => {
        /// A number's name. Totals since the post or account was made, unless its comment says otherwise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($(#[$doc])* $metric,)* }

        impl Metric {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$metric,)*];

            /// The name in rows, answers and files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$metric => $name,)* }
            }
        }
    };
}

metrics! {
    /// How often it was shown.
    Impressions = "impressions",
    /// How many different people saw it.
    Reach = "reach",
    /// How often it was played or opened.
    Views = "views",
    /// Likes and other reactions.
    Likes = "likes",
    /// Answers and comments.
    Comments = "comments",
    /// How often it was passed on outside the network's own reposts.
    Shares = "shares",
    /// How often it was kept.
    Saves = "saves",
    /// How often its links were followed.
    Clicks = "clicks",
    /// How often it was reposted.
    Reposts = "reposts",
    /// How often it was quoted.
    Quotes = "quotes",
    /// How many followed because of it.
    Follows = "follows",
    /// How often the profile was opened from it.
    ProfileVisits = "profile_visits",
    /// Milliseconds watched, all viewers together.
    WatchTimeMs = "watch_time_ms",
    /// Milliseconds watched, per view.
    AverageWatchTimeMs = "average_watch_time_ms",
    /// All interactions, as the network counts them.
    Engagements = "engagements",
    /// How many follow the account.
    Followers = "followers",
    /// How many the account follows.
    Following = "following",
    /// How many posts the account has.
    Posts = "posts",
    /// How often the profile was seen.
    ProfileViews = "profile_views",
    /// How often the profile's link was followed.
    LinkClicks = "link_clicks",
}
