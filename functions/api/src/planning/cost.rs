//! What a post is going to cost, before it is sent: the networks' fees as their prices stand in the specs, and an
//! estimate of what AWS takes.

use crieur_domain::content::Outgoing;
use crieur_platforms::{Spec, spec::Price};
use serde::Serialize;
use utoipa::ToSchema;

use super::review::{ReviewedTarget, has_link};

/// Prices of AWS on demand in us-east-1, in billionths of a US dollar for one. Those of DynamoDB, Lambda and API Gateway
/// stand so in third-party summaries of the price lists (airbyte.com/data-engineering-resources/dynamodb-pricing,
/// apigatewaycost.com/aws), read 2026-11-22; that of SQS is UNCONFIRMED. Other regions take up to half as much again.
mod aws {
    /// A request to the HTTP API.
    pub(super) const REQUEST: u64 = 1_000;
    /// A call of a function that runs for some 20 ms at 256 MB: 200 for the call, 70 for the time.
    pub(super) const CALL: u64 = 270;
    /// A kilobyte written to DynamoDB.
    pub(super) const WRITE: u64 = 625;
    /// Four kilobytes read from DynamoDB, consistently.
    pub(super) const READ: u64 = 125;
    /// A request to SQS.
    pub(super) const MESSAGE: u64 = 400;
    /// The day on which the prices were read.
    pub(super) const READ_ON: &str = "2026-11-22";

    /// A post: the request, and its row with its place in the list, in a transaction (which doubles a write).
    pub(super) const POST: u64 = REQUEST + CALL + 4 * WRITE;
    /// A delivery: its row with its place in the due index in the same transaction; its way through the queue (sent,
    /// received, removed); the worker's reading of it, the post, the account and its tokens; claim and result.
    pub(super) const DELIVERY: u64 = 4 * WRITE + 3 * MESSAGE + CALL + 4 * READ + 4 * WRITE;
}

/// What a network charges, in millionths of a US dollar, and since when that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fee {
    /// Millionths of a US dollar.
    pub micro_usd: u64,
    /// The day on which the oldest of the prices was read; absent where nothing is charged.
    pub read: Option<&'static str>,
}

impl Fee {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.micro_usd += other.micro_usd;
        self.read = match (self.read, other.read) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
    }

    fn charge(&mut self, price: Option<&Price>, times: usize) {
        if let Some(price) = price.filter(|_| times > 0) {
            self.add(&Self { micro_usd: price.micro_usd * times as u64, read: Some(price.source.read) });
        }
    }
}

/// What a network charges for one part, whose text is sent as `text`.
#[must_use]
pub fn fee(spec: &Spec, text: &str, outgoing: &Outgoing) -> Fee {
    let price = |what: &str| spec.prices.iter().find(|price| price.what == what);
    let with_link = price("post_with_link").filter(|_| has_link(text, outgoing));
    let described = outgoing.media.iter().filter(|item| item.alt_text.as_ref().is_some_and(|alt| !alt.is_empty()));
    let mut fee = Fee::default();
    fee.charge(with_link.or_else(|| price("post")), 1);
    fee.charge(price("alt_text"), described.count());
    fee
}

/// What a post is going to cost. An estimate: the networks charge by their lists of the day, AWS by what was used.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EstimatedCost {
    /// Always `USD`.
    #[schema(example = "USD")]
    pub currency: &'static str,
    /// All of it.
    #[schema(example = 0.015019)]
    pub total: f64,
    /// What each network charges.
    pub targets: Vec<TargetCost>,
    /// What AWS takes, retries and files not counted.
    pub aws: AwsCost,
}

/// What one network charges for one target.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TargetCost {
    /// The account.
    pub account_id: crieur_domain::AccountId,
    /// Its network.
    #[schema(example = "x")]
    pub platform: &'static str,
    /// US dollars.
    #[schema(example = 0.015)]
    pub amount: f64,
    /// The day on which the network's prices were read; absent where it charges nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-22", format = Date)]
    pub prices_read: Option<&'static str>,
}

/// What AWS takes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AwsCost {
    /// US dollars, at the prices of us-east-1.
    #[schema(example = 0.000011)]
    pub amount: f64,
    /// The day on which the prices were read.
    #[schema(example = "2026-11-22", format = Date)]
    pub prices_read: &'static str,
}

/// Adds it all up.
#[must_use]
pub fn estimate(targets: &[ReviewedTarget]) -> EstimatedCost {
    let deliveries: usize = targets.iter().map(|target| target.parts.len()).sum();
    let aws = aws::POST + aws::DELIVERY * deliveries as u64;
    let fees: u64 = targets.iter().map(|target| target.fee.micro_usd).sum();
    EstimatedCost {
        currency: "USD",
        total: dollars(fees * 1000 + aws),
        targets: targets
            .iter()
            .map(|target| TargetCost {
                account_id: target.account_id,
                platform: target.spec.id,
                amount: dollars(target.fee.micro_usd * 1000),
                prices_read: target.fee.read,
            })
            .collect(),
        aws: AwsCost { amount: dollars(aws), prices_read: aws::READ_ON },
    }
}

/// Billionths of a dollar as dollars, rounded to millionths. The division comes last, so that 0.015 stays 0.015.
fn dollars(billionths: u64) -> f64 {
    ((billionths + 500) / 1000) as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_keeps_its_decimals() {
        assert_eq!(dollars(15_000_000), 0.015);
        assert_eq!(dollars(1_499), 0.000_001);
    }

    #[test]
    fn two_fees_are_as_old_as_the_older_of_them() {
        let mut fee = Fee { micro_usd: 5, read: Some("2026-11-22") };
        fee.add(&Fee { micro_usd: 7, read: Some("2026-01-01") });
        fee.add(&Fee::default());
        assert_eq!(fee, Fee { micro_usd: 12, read: Some("2026-01-01") });
    }
}
