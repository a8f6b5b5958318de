//! The networks: one folder and one line each.

use crate::{
    network::{Twin, mount},
    world::World,
};

/// Declares each folder and mounts the `Twin` in it.
macro_rules! networks {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// Opens every network in a world, in the order of the list.
        pub(crate) fn open_all(world: &mut World) -> Vec<Box<dyn Twin>> {
            vec![$(mount::<$name::Twin>(world)),*]
        }

        /// The folders, to be compared with the names that the networks give themselves.
        #[cfg(test)]
        const FOLDERS: &[&str] = &[$(stringify!($name)),*];
    };
}

networks! {
    bluesky,
    instagram,
    mastodon,
    telegram,
    threads,
    wordpress,
    x,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_is_the_name_of_its_network() {
        let names: Vec<_> = open_all(&mut World::default()).iter().map(|twin| twin.look().id).collect();
        assert_eq!(names, FOLDERS);
    }
}
