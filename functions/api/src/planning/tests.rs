//! The whole of planning on plain values.

use std::sync::Arc;

use crieur_aws::ids;
use crieur_domain::{
    Account, AccountId, AccountStatus, Delivery, MediaId, PlatformId, State, WorkspaceId,
    media::{MediaItem, MediaKind},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    build::{self, Change, Obstacle, Origin, Plan},
    cost,
    proposal::{Read, Timing},
    request::{NewPost, PostChanges},
    review::{File, Known, Review, review},
};

const PLATFORMS: [&str; 3] = ["bluesky", "mastodon", "x"];

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn account_id(n: usize) -> AccountId {
    AccountId::from_parts(1, n as u128)
}

/// One account on each network, in their order.
fn known() -> Known {
    let mut known = Known::default();
    for (n, platform) in PLATFORMS.iter().enumerate() {
        let account = Account {
            id: account_id(n),
            workspace_id: WorkspaceId::from_parts(1, 1),
            platform: PlatformId::known(platform),
            network_id: n.to_string(),
            handle: "bakery".to_owned(),
            name: "Corner Bakery".to_owned(),
            avatar_url: None,
            base_url: None,
            facts: Value::Null,
            status: AccountStatus::Active,
            reason: None,
            expires_at: None,
            labels: Vec::new(),
            created_at: now(),
        };
        known.accounts.insert(account.id, Arc::new(account));
    }
    known
}

fn with_status(mut known: Known, n: usize, status: AccountStatus) -> Known {
    let account = Account { status, ..(*known.accounts[&account_id(n)]).clone() };
    known.accounts.insert(account.id, Arc::new(account));
    known
}

fn picture(id: MediaId) -> File {
    File::Ready(Box::new(MediaItem {
        id,
        kind: MediaKind::Image,
        content_type: "image/png".to_owned(),
        file_name: "bread.png".to_owned(),
        size: 1000,
        width: Some(10),
        height: Some(10),
        duration_ms: None,
        alt_text: Some("Bread".to_owned()),
    }))
}

fn origin() -> Origin {
    Origin { id: ids::fresh(now()), workspace_id: WorkspaceId::from_parts(1, 1), created_by: None, now: now() }
}

fn request(body: Value) -> NewPost {
    serde_json::from_value(body).expect("of the right shape")
}

fn targets(count: usize) -> Value {
    (0..count).map(|n| json!({"account_id": account_id(n)})).collect()
}

/// Everything that is wrong with a request, and what came of looking at it.
fn look(body: Value, known: &Known) -> (Vec<(String, String)>, Review) {
    let Read { proposal, mut problems } = Read::new(request(body), now());
    let post = build::post(&proposal, origin(), known);
    let seen = review(&proposal, &post, known);
    problems.extend(seen.problems.clone());
    (problems.into_iter().map(|problem| (problem.pointer, problem.rule)).collect(), seen)
}

fn problems(body: Value) -> Vec<(String, String)> {
    look(body, &known()).0
}

fn planned(body: Value) -> Plan {
    let known = known();
    let Read { proposal, problems } = Read::new(request(body), now());
    let post = build::post(&proposal, origin(), &known);
    assert_eq!((problems, review(&proposal, &post, &known).problems), (vec![], vec![]));
    build::plan(post, proposal.timing, now()).expect("drafts may be planned")
}

fn changed(plan: &Plan, changes: Value) -> Result<Change, Obstacle> {
    let changes: PostChanges = serde_json::from_value(changes).expect("of the right shape");
    let Read { proposal, problems } = Read::changed(&plan.post, &plan.deliveries, changes, now());
    assert_eq!(problems, []);
    let reviewed = build::post(&proposal, origin(), &known());
    build::change((&plan.post, &plan.deliveries), reviewed, proposal.timing, now())
}

fn has(problems: &[(String, String)], pointer: &str, rule: &str) -> bool {
    problems.iter().any(|(at, name)| at == pointer && name == rule)
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_where() {
    let long = "a".repeat(400);
    let missing = MediaId::from_parts(9, 9);
    let found = problems(json!({
        "content": {"text": long, "media": [missing]},
        "targets": [
            {"account_id": account_id(0)},
            {"account_id": account_id(0)},
            {"account_id": account_id(1), "content": {"text": "a".repeat(600)}, "options": {"visibillity": "public"}},
            {"account_id": AccountId::from_parts(7, 7), "publish_at": "2020-01-01T00:00:00Z"},
            {"account_id": account_id(2)},
        ],
        "publish": {"mode": "at", "at": "2026-11-22T11:00:00", "timezone": "Europe/Atlantis"},
        "thread": [{"text": "b".repeat(700)}],
        "max_lateness": "soon",
        "labels": ["", "a"],
    }));
    for (pointer, rule) in [
        ("/content/text", "bluesky.text.max_graphemes"),
        ("/content/text", "x.text.max_weighted_characters"),
        ("/content/media/0", "media.unknown"),
        ("/targets/1/account_id", "targets.duplicate"),
        ("/targets/2/content/text", "mastodon.text.max_graphemes"),
        ("/targets/3/account_id", "account.unknown"),
        ("/targets/3/publish_at", "publish.past"),
        ("/publish/timezone", "publish.timezone"),
        ("/thread/0/text", "bluesky.text.max_graphemes"),
        ("/thread/0/text", "mastodon.text.max_graphemes"),
        ("/thread/0/text", "x.text.max_weighted_characters"),
        ("/max_lateness", "max_lateness.duration"),
        ("/labels/0", "labels.length"),
    ] {
        assert!(has(&found, pointer, rule), "{pointer} {rule} in {found:#?}");
    }
    assert!(found.iter().any(|(at, _)| at.starts_with("/targets/2/options/")), "{found:#?}");
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), found.len(), "nothing is said twice: {found:#?}");
}

#[test]
fn an_account_that_cannot_be_used_is_named_with_what_to_do() {
    let known = with_status(known(), 0, AccountStatus::ReconnectRequired);
    let known = with_status(known, 1, AccountStatus::Disconnected);
    let known = with_status(known, 2, AccountStatus::Expiring);
    let body = json!({"content": {"text": "hi"}, "targets": targets(3), "publish": {"mode": "now"}});
    let (found, _) = look(body, &known);
    assert!(has(&found, "/targets/0/account_id", "account.reconnect_required"), "{found:?}");
    assert!(has(&found, "/targets/1/account_id", "account.disconnected"), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_file_that_is_missing_brings_no_problems_that_follow_from_it() {
    let missing = MediaId::from_parts(9, 9);
    let found = problems(json!({
        "content": {"media": [missing]}, "targets": targets(3), "publish": {"mode": "now"},
    }));
    assert_eq!(found, [("/content/media/0".to_owned(), "media.unknown".to_owned())]);
}

#[test]
fn a_time_is_needed_for_one_mode_and_refused_for_another() {
    let at = |publish: Value| problems(json!({"content": {"text": "hi"}, "targets": targets(1), "publish": publish}));
    assert!(has(&at(json!({"mode": "at"})), "/publish/at", "publish.at"));
    assert!(has(&at(json!({"mode": "now", "at": "2026-12-01T09:00:00Z"})), "/publish/at", "publish.at"));
    assert!(has(&at(json!({"mode": "at", "at": "2026-11-22T11:58:59Z"})), "/publish/at", "publish.past"));
    assert_eq!(at(json!({"mode": "at", "at": "2026-11-22T11:59:30Z"})), []);
    assert_eq!(at(json!({"mode": "draft"})), []);
}

#[test]
fn a_post_has_no_more_deliveries_than_can_be_written_at_once() {
    let thread: Vec<Value> = (0..25).map(|n| json!({"text": n.to_string()})).collect();
    let four: Vec<Value> = (0..4).map(|n| json!({"account_id": account_id(n)})).collect();
    let found = problems(json!({
        "content": {"text": "0"}, "targets": four, "publish": {"mode": "now"}, "thread": thread,
    }));
    assert!(has(&found, "/thread", "post.max_deliveries"), "{found:?}");
}

#[test]
fn a_post_that_goes_out_now_is_queued_and_its_thread_waits() {
    let Plan { post, deliveries } = planned(json!({
        "content": {"text": "1/2"}, "targets": targets(2), "publish": {"mode": "now"}, "thread": [{"text": "2/2"}],
    }));
    let states: Vec<_> = deliveries.iter().map(|delivery| (delivery.state, delivery.due_at)).collect();
    let (first, second) = ((State::Queued, Some(now())), (State::Scheduled, None));
    assert_eq!(states, [first, second, first, second]);
    assert!(deliveries.iter().all(|delivery| delivery.deadline.is_none()));
    assert_eq!(deliveries[1].follows, Some(deliveries[0].id));
    assert_eq!(deliveries[3].follows, Some(deliveries[2].id));
    assert_eq!(post.targets[1].deliveries, [deliveries[2].id, deliveries[3].id]);
    assert_eq!((post.numbered, post.publish_at), (4, Some(now())));
    let handed: Vec<_> = build::handovers(&deliveries, now()).iter().map(|handover| handover.delivery_id).collect();
    assert_eq!(handed, [deliveries[0].id, deliveries[2].id]);
}

#[test]
fn a_planned_post_has_a_deadline_and_targets_their_own_times() {
    let body = json!({
        "content": {"text": "hi"},
        "targets": [{"account_id": account_id(0)},
                    {"account_id": account_id(1), "publish_at": "2026-11-22T12:01:00Z"}],
        "publish": {"mode": "at", "at": "2026-12-01T09:00:00", "timezone": "Europe/Paris"},
    });
    let Plan { deliveries, .. } = planned(body);
    let time = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    assert_eq!(deliveries[0].due_at, time("2026-12-01T08:00:00Z"));
    assert_eq!(deliveries[0].deadline, time("2026-12-02T08:00:00Z"));
    assert_eq!(deliveries[1].due_at, time("2026-11-22T12:01:00Z"));
    let handed = build::handovers(&deliveries, now());
    assert_eq!(handed.len(), 1, "what is far ahead is for the tick");
    assert_eq!((handed[0].delivery_id, handed[0].delay.as_secs()), (deliveries[1].id, 60));
}

#[test]
fn a_draft_is_due_for_nobody() {
    let Plan { deliveries, .. } = planned(json!({
        "content": {"text": "hi"}, "targets": targets(1),
        "publish": {"mode": "draft", "at": "2026-12-01T09:00:00Z"},
    }));
    assert_eq!((deliveries[0].state, deliveries[0].due_at), (State::Draft, None));
    assert_eq!(deliveries[0].publish_at.map(|at| at.to_string()), Some("2026-12-01T09:00:00Z".to_owned()));
}

#[test]
fn a_bound_on_lateness_holds_for_a_post_that_goes_out_now_too() {
    let Plan { deliveries, .. } = planned(json!({
        "content": {"text": "hi"}, "targets": targets(1), "publish": {"mode": "now"}, "max_lateness": "PT5M",
    }));
    assert_eq!(deliveries[0].deadline.map(|at| at.duration_since(now()).as_secs()), Some(300));
    assert_eq!(deliveries[0].state, State::Queued);
}

#[test]
fn a_change_keeps_what_stays_numbers_what_comes_and_takes_away_what_goes() {
    let plan = planned(json!({
        "content": {"text": "hi"}, "targets": targets(2), "publish": {"mode": "at", "at": "2026-12-01T09:00:00Z"},
    }));
    let body = json!({"targets": [{"account_id": account_id(2)}, {"account_id": account_id(0)}]});
    let Change { post, deliveries, removed } = changed(&plan, body).expect("nothing was sent");
    assert_eq!(removed.iter().map(|delivery| delivery.account_id).collect::<Vec<_>>(), [account_id(1)]);
    let (added, kept) = (&deliveries[0], &deliveries[1]);
    assert_eq!((added.revision, ids::number_of(added.id)), (0, 3));
    assert_eq!((kept.id, kept.target, kept.revision), (plan.deliveries[0].id, 1, plan.deliveries[0].revision + 1));
    assert_eq!((post.version, post.numbered), (2, 3));

    // Taken away and added again, an account gets another number: an old message must not find it.
    let second = Plan { post, deliveries };
    let third = changed(&second, json!({"targets": targets(1)})).expect("nothing was sent");
    let third = Plan { post: third.post, deliveries: third.deliveries };
    let again = json!({"targets": [{"account_id": account_id(0)}, {"account_id": account_id(2)}]});
    let fourth = changed(&third, again).expect("nothing was sent");
    assert_eq!(ids::number_of(fourth.deliveries[1].id), 4);
}

#[test]
fn a_change_that_does_not_speak_of_time_keeps_it_even_where_it_has_just_passed() {
    let mut plan = planned(json!({
        "content": {"text": "hi"}, "targets": targets(1), "publish": {"mode": "at", "at": "2026-12-01T09:00:00Z"},
    }));
    let passed: Timestamp = "2026-11-22T11:00:00Z".parse().expect("a time");
    plan.post.publish_at = Some(passed);
    let change = changed(&plan, json!({"content": {"text": "ho"}})).expect("nothing was sent");
    assert_eq!(change.deliveries[0].due_at, Some(passed));
    assert_eq!(change.post.content.text.as_deref(), Some("ho"));
    assert_eq!(change.post.max_lateness_seconds, Some(86_400));
    let cleared = changed(&plan, json!({"max_lateness": null})).expect("nothing was sent");
    assert_eq!(cleared.deliveries[0].deadline, None);
}

#[test]
fn a_delivery_that_a_worker_holds_cannot_be_changed_or_taken_away() {
    let mut plan = planned(json!({"content": {"text": "hi"}, "targets": targets(2), "publish": {"mode": "now"}}));
    let held = plan.deliveries[1].claim(ids::fresh(now()), now(), now()).expect("it is queued");
    plan.deliveries[1] = Delivery { revision: held.revision, ..held };
    for body in [json!({"content": {"text": "ho"}}), json!({"targets": targets(1)})] {
        assert!(matches!(changed(&plan, body), Err(Obstacle::Sent(_))));
    }
}

#[test]
fn a_draft_becomes_a_planned_post_and_a_planned_post_a_draft() {
    let plan = planned(json!({"content": {"text": "hi"}, "targets": targets(1), "publish": {"mode": "draft"}}));
    let at = json!({"publish": {"mode": "at", "at": "2026-12-01T09:00:00Z"}});
    let change = changed(&plan, at).expect("a draft");
    assert_eq!(change.deliveries[0].state, State::Scheduled);
    assert_eq!(change.post.max_lateness_seconds, Some(86_400));
    let plan = Plan { post: change.post, deliveries: change.deliveries };
    let change = changed(&plan, json!({"publish": {"mode": "draft"}})).expect("planned");
    assert_eq!((change.deliveries[0].state, change.deliveries[0].due_at), (State::Draft, None));
    assert_eq!(
        Read::changed(&change.post, &change.deliveries, PostChanges::default(), now()).proposal.timing,
        Timing::Draft(None)
    );
}

#[test]
fn a_fee_is_that_of_the_text_as_it_is_sent() {
    let known = {
        let mut known = known();
        let id = MediaId::from_parts(2, 2);
        known.files.insert(id, picture(id));
        known
    };
    let fees = |content: Value| {
        let body = json!({"content": content, "targets": targets(3), "publish": {"mode": "now"}});
        let (found, review) = look(body, &known);
        assert_eq!(found, []);
        cost::estimate(&review.targets).targets.iter().map(|target| target.amount).collect::<Vec<_>>()
    };
    let x = crieur_platforms::spec(&PlatformId::known("x")).expect("it is built in");
    let price = |what: &str| {
        let found = x.prices.iter().find(|price| price.what == what).expect("X charges for it");
        found.micro_usd as f64 / 1e6
    };
    assert_eq!(fees(json!({"text": "hi"})), [0.0, 0.0, price("post")]);
    assert_eq!(fees(json!({"text": "see https://example.com"})), [0.0, 0.0, price("post_with_link")]);
    assert_eq!(fees(json!({"text": "hi", "link": "https://example.com/a"})), [0.0, 0.0, price("post_with_link")]);
    let with_alt = fees(json!({"text": "hi", "media": [MediaId::from_parts(2, 2)]}));
    assert!((with_alt[2] - price("post") - price("alt_text")).abs() < 1e-9, "{with_alt:?}");
}

#[test]
fn a_thousand_posts_of_text_cost_at_aws_what_the_goal_allows() {
    let body = json!({"content": {"text": "hi"}, "targets": targets(1), "publish": {"mode": "now"}});
    let cost = cost::estimate(&look(body, &known()).1.targets);
    assert!(cost.aws.amount > 0.0 && cost.aws.amount * 1000.0 <= 0.012, "{cost:?}");
    assert_eq!(cost.total, cost.aws.amount);
}

#[test]
fn a_rendering_is_what_is_sent_and_how_the_network_counts_it() {
    let body = json!({"content": {"text": "🥖 hi"}, "targets": targets(3), "publish": {"mode": "now"}});
    let (_, review) = look(body, &known());
    let lengths: Vec<_> = review.targets.iter().map(|target| (target.spec.id, target.parts[0].length)).collect();
    assert_eq!(lengths, [("bluesky", 4), ("mastodon", 4), ("x", 5)]);
    assert!(review.targets.iter().all(|target| target.parts[0].text == "🥖 hi"));
}
