//! The AWS side of Crieur: the table, the queue, the bucket, sealed secrets. No network of the fourteen is known here.
//!
//! The SDK repeats a request whose answer was lost, and the first one may have been carried out. So no write here is
//! believed to have failed before what stands in the table has been compared with what was to be written; see
//! [`store`].

pub mod calls;
pub mod config;
pub mod digest;
pub mod ids;
pub mod keys;
pub mod objects;
pub mod queue;
pub mod seal;
pub mod secrets;
pub mod store;
pub mod telemetry;

pub use config::{Aws, Environment, Settings};
pub use objects::Objects;
pub use queue::{Handover, Queue};
pub use seal::{Sealed, Sealer};
pub use secrets::AdministratorKey;
pub use store::{Store, StoreError};
