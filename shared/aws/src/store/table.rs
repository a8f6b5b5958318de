//! Makes the table, where no template does: in tests and benchmarks.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

use super::{Store, StoreError, fault};
use crate::keys::TABLE;

impl Store {
    /// Makes the table as [`TABLE`] describes it.
    ///
    /// # Errors
    /// Those of DynamoDB; a table that exists already is one.
    pub async fn create_table(&self) -> Result<(), StoreError> {
        let names = TABLE.indexes.iter().flat_map(|index| [index.hash, index.range]);
        let mut request = self
            .db
            .create_table()
            .table_name(&*self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(schema(TABLE.hash, TABLE.range)?));
        for name in [TABLE.hash, TABLE.range].into_iter().chain(names) {
            let definition =
                AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
            request = request.attribute_definitions(definition.map_err(incomplete)?);
        }
        for index in TABLE.indexes {
            let index = GlobalSecondaryIndex::builder()
                .index_name(index.name)
                .set_key_schema(Some(schema(index.hash, index.range)?))
                .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
                .build();
            request = request.global_secondary_indexes(index.map_err(incomplete)?);
        }
        request.send().await.map_err(|error| fault(&error))?;
        let expiry = TimeToLiveSpecification::builder().attribute_name(TABLE.time_to_live).enabled(true).build();
        self.db
            .update_time_to_live()
            .table_name(&*self.table)
            .time_to_live_specification(expiry.map_err(incomplete)?)
            .send()
            .await
            .map(drop)
            .map_err(|error| fault(&error))
    }
}

fn schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, StoreError> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(incomplete))
        .collect()
}

fn incomplete(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
