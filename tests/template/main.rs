//! What template.yaml must hold for the code to work and for nobody else to get in. The SAM CLI and cfn-lint say whether
//! it can be deployed; this says whether it is Crieur.
#![allow(clippy::unwrap_used)]

mod document;
mod environment;
mod roles;
mod shape;
