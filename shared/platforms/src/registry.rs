//! What one line a network turns into: its module, and a look-up for each role.

/// Declares the networks. Each name is a folder that exports `SPEC: Spec` and a unit struct `Client` with the roles'
/// traits. The look-ups are separate functions on purpose: one table of all roles would link every client's code into
/// every function.
macro_rules! networks {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// The networks of this build, in the order of their lines.
        pub const SPECS: &[&Spec] = &[$(&$name::SPEC,)*];

        /// What a network is; `None` for one that this build does not know.
        #[must_use]
        pub fn spec(id: &PlatformId) -> Option<&'static Spec> {
            SPECS.iter().copied().find(|spec| spec.id == id.as_str())
        }

        /// Who counts, renders and checks content for a network.
        #[must_use]
        pub fn composer(id: &PlatformId) -> Option<&'static dyn Compose> {
            $(if id.as_str() == $name::SPEC.id { return Some(&$name::Client); })*
            None
        }

        /// Who connects accounts of a network.
        #[must_use]
        pub fn connector(id: &PlatformId) -> Option<&'static dyn Connect> {
            $(if id.as_str() == $name::SPEC.id { return Some(&$name::Client); })*
            None
        }

        /// Who publishes to a network.
        #[must_use]
        pub fn publisher(id: &PlatformId) -> Option<&'static dyn Publish> {
            $(if id.as_str() == $name::SPEC.id { return Some(&$name::Client); })*
            None
        }
    };
}
