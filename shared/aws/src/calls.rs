//! Counts what the SDK really sends, and what DynamoDB says it cost. The benchmark prices these figures.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::{
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
                FinalizerInterceptorContextRef, Input, Output,
            },
            dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// Capacity that DynamoDB reported, in its own units (4 KB read strongly, 1 KB written).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Capacity {
    /// Read request units.
    pub read: f64,
    /// Write request units, indexes included.
    pub write: f64,
}

#[derive(Debug, Default)]
struct Tally {
    attempts: BTreeMap<String, u64>,
    capacity: Capacity,
}

/// A shared count of HTTP attempts, by `Service.Operation`. Clones count into the same figures.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    tally: Arc<Mutex<Tally>>,
    with_capacity: bool,
}

impl Calls {
    /// A count that starts at nothing. With `with_capacity`, DynamoDB is asked what each call consumed.
    #[must_use]
    pub fn new(with_capacity: bool) -> Self {
        Self { tally: Arc::default(), with_capacity }
    }

    /// Attempts so far, repeated ones included.
    #[must_use]
    pub fn attempts(&self) -> BTreeMap<String, u64> {
        self.lock().attempts.clone()
    }

    /// Capacity consumed so far; zero unless it was asked for.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.lock().capacity
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.with_capacity {
            ask(context.input_mut());
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(operation) = config.load::<Metadata>() {
            let name = format!("{}.{}", operation.service(), operation.name());
            *self.lock().attempts.entry(name).or_default() += 1;
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.with_capacity
            && let Some(Ok(output)) = context.output_or_error()
        {
            let consumed = consumed(output);
            let mut tally = self.lock();
            tally.capacity.read += consumed.read;
            tally.capacity.write += consumed.write;
        }
        Ok(())
    }
}

macro_rules! operations {
    ($($input:ident, $output:ident, $kind:ident;)*) => {
        fn ask(input: &mut Input) {
            $(if let Some(input) = input.downcast_mut::<$input>() {
                input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
            })*
        }

        fn consumed(output: &Output) -> Capacity {
            $(if let Some(output) = output.downcast_ref::<$output>() {
                return Capacity { $kind: output.consumed_capacity.units(), ..Capacity::default() };
            })*
            Capacity::default()
        }
    };
}

operations! {
    GetItemInput, GetItemOutput, read;
    BatchGetItemInput, BatchGetItemOutput, read;
    QueryInput, QueryOutput, read;
    PutItemInput, PutItemOutput, write;
    UpdateItemInput, UpdateItemOutput, write;
    DeleteItemInput, DeleteItemOutput, write;
    BatchWriteItemInput, BatchWriteItemOutput, write;
    TransactWriteItemsInput, TransactWriteItemsOutput, write;
}

trait Units {
    fn units(&self) -> f64;
}

impl Units for Option<ConsumedCapacity> {
    fn units(&self) -> f64 {
        self.as_ref().and_then(|consumed| consumed.capacity_units).unwrap_or(0.0)
    }
}

impl Units for Option<Vec<ConsumedCapacity>> {
    fn units(&self) -> f64 {
        self.iter().flatten().filter_map(|consumed| consumed.capacity_units).sum()
    }
}
