//! The whole of Crieur, as it is deployed, seen from outside: its API over HTTP, the networks as people see them, and
//! what lies in AWS.
//!
//! `make test` deploys a stack and names it by `CRIEUR_STACK`. Without one everything here is skipped, with a reason; in
//! CI, or where `CRIEUR_REQUIRE_STACK=1`, that is a failure.
//!
//! Most of these tests wait most of the time (for a second to come, a claim to run out, a tick), so all run at once.
//! Each has workspaces of its own. What would disturb the others' posts, a fault or a killed publisher, asks for a
//! network alone: see [`stack::Stack::alone_on`].
#![allow(clippy::unwrap_used)]

mod accounts;
mod api;
mod death;
mod erasure;
mod input;
mod pages;
mod person;
mod posts;
mod queue;
mod secrets;
mod stack;
mod time;
mod walls;
mod workspace;

use std::{
    env,
    future::Future,
    pin::Pin,
    process::ExitCode,
    sync::{Arc, atomic::AtomicUsize},
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use stack::Stack;
use tokio::runtime::Runtime;

type Run = fn(&'static Stack) -> Pin<Box<dyn Future<Output = ()>>>;

struct Case {
    name: &'static str,
    run: Run,
}

macro_rules! cases {
    ($($module:ident { $($name:ident,)+ })+) => {
        &[$($(Case {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: |stack| Box::pin($module::$name(stack)),
        },)+)+]
    };
}

/// In the order in which they start. Those that take longest come first; [`LAST`] looks at what all others left.
const CASES: &[Case] = cases! {
    death { a_publisher_killed_between_the_commit_and_the_record_does_not_post_twice, }
    time {
        a_post_beyond_the_apis_reach_is_handed_over_by_the_tick,
        a_post_twenty_seconds_ahead_shows_within_two_seconds_of_its_time,
    }
    erasure { a_deleted_workspace_leaves_nothing_behind, }
    posts {
        a_first_post_with_a_picture_is_out_on_all_three_and_its_links_lead_to_it,
        a_post_repeated_with_its_idempotency_key_is_answered_again_and_goes_out_once,
        a_thread_goes_out_in_order_each_part_an_answer_to_the_one_before,
        a_draft_stays_home_until_it_is_published,
        a_post_that_is_canceled_before_its_time_never_shows,
        each_account_may_say_it_in_its_own_words,
        a_post_is_changed_until_it_is_sent_and_two_editors_do_not_overwrite_each_other,
        what_a_network_refused_is_told_in_its_words_and_a_retry_sends_only_that,
    }
    accounts {
        a_person_who_agrees_on_the_networks_page_is_connected,
        a_person_who_declines_connects_nothing,
        a_login_is_good_for_one_return_and_for_nobody_elses,
        a_post_for_an_account_without_permission_waits_and_goes_out_when_it_is_connected_again,
    }
    walls {
        an_id_of_another_workspace_is_not_found_on_any_path,
        an_id_of_another_workspace_in_a_body_is_unknown,
        every_call_without_a_key_is_refused,
        every_call_needs_the_scope_that_the_document_names,
        a_key_that_has_expired_opens_nothing,
    }
    input {
        bad_input_is_a_problem_with_pointer_and_remedy_and_stores_nothing,
        a_body_of_ten_megabytes_is_refused,
        a_cursor_from_elsewhere_is_refused,
    }
    secrets { tokens_moved_to_another_account_do_not_open, }
    queue { a_message_that_nobody_can_read_blocks_nobody_and_is_reported, }
    pages {
        the_docs_list_every_call,
        the_page_of_the_networks_shows_what_was_posted,
        the_page_after_a_login_says_what_happened,
    }
};

/// What looks at the traces of everything else.
const LAST: &[Case] = cases! {
    secrets {
        no_secret_is_written_into_any_log_or_answer,
        no_secret_lies_in_the_table_in_the_clear,
    }
    posts { no_network_was_asked_in_a_way_that_it_does_not_document, }
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(CASES.len() + LAST.len());
    let found = if arguments.list { Ok(None) } else { Stack::find() };
    let stack = match found {
        Ok(stack) => stack,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::FAILURE;
        }
    };
    let is_required = is_ci() || env::var("CRIEUR_REQUIRE_STACK").is_ok_and(|required| required == "1");
    if stack.is_none() && is_required && !arguments.list {
        eprintln!("CRIEUR_STACK names no stack.json, and here it has to: run `make test`, which deploys a stack.");
        return ExitCode::FAILURE;
    }
    let stack: Option<&'static Stack> = stack.map(|stack| &*Box::leak(Box::new(stack)));
    let runtime = Arc::new(Runtime::new().expect("threads"));
    // Counted at the end of each case, so that the last ones know when all others are through.
    let chosen = |case: &Case| !arguments.is_filtered_out(&Trial::test(case.name, || Ok(())));
    let running = Arc::new(AtomicUsize::new(CASES.iter().filter(|case| chosen(case)).count()));
    let first = CASES.iter().map(|case| trial(case, stack, &runtime, &running, false));
    let last = LAST.iter().map(|case| trial(case, stack, &runtime, &running, true));
    libtest_mimic::run(&arguments, first.chain(last).collect()).exit_code()
}

fn is_ci() -> bool {
    env::var("CI").is_ok_and(|ci| ci == "true")
}

fn trial(
    case: &'static Case,
    stack: Option<&'static Stack>,
    runtime: &Arc<Runtime>,
    running: &Arc<AtomicUsize>,
    is_last: bool,
) -> Trial {
    let (runtime, running) = (runtime.clone(), running.clone());
    Trial::ignorable_test(case.name, move || {
        let Some(stack) = stack else {
            return Ok::<_, Failed>(Completion::ignored_with(
                "CRIEUR_STACK is not set; `make test` deploys a stack and sets it",
            ));
        };
        if case.name.starts_with("pages::") && pages::browser().is_none() {
            let reason = "no Chromium was found on the PATH: the pages were not looked at";
            return if is_ci() { Err(reason.into()) } else { Ok(Completion::ignored_with(reason)) };
        }
        runtime.block_on(async {
            if is_last {
                stack::until_zero(&running).await;
                (case.run)(stack).await;
            } else {
                let _one = stack::Countdown(&running);
                (case.run)(stack).await;
            }
        });
        Ok(Completion::Completed)
    })
}
