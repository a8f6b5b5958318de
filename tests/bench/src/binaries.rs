//! The functions' binaries: where they are and how large.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::DeflateEncoder};
use jiff::{Timestamp, tz::TimeZone};

use crate::figures::{mb, table};

/// The functions.
pub(crate) const FUNCTIONS: [&str; 3] = ["api", "scheduler", "publisher"];
/// What a zip adds to the compressed bytes of its only file `bootstrap`: a header, an entry and an end.
const ZIP_FRAME: u64 = (30 + 46 + 22 + 2 * "bootstrap".len()) as u64;

/// One function's binary.
#[derive(Debug)]
struct Binary {
    name: &'static str,
    file: PathBuf,
    is_release: bool,
    built: Timestamp,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Binaries(Vec<Binary>);

impl Binaries {
    /// The newest release build of each function, else its dev build.
    pub(crate) fn find() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned();
        // This program lies in <target>/<profile>/.
        let target = env::current_exe().ok().and_then(|file| Some(file.parent()?.parent()?.to_owned()));
        let target = target.unwrap_or_else(|| root.join("target"));
        let found = FUNCTIONS.into_iter().filter_map(|name| {
            let releases = [
                root.join(".aws-sam/build").join(format!("{}Function/bootstrap", capitalized(name))),
                target.join("lambda").join(name).join("bootstrap"),
                target.join("release").join(name),
            ];
            let newest = releases.into_iter().filter_map(|file| Some((built(&file)?, file))).max();
            let dev = || Some((built(&target.join("debug").join(name))?, target.join("debug").join(name)));
            let is_release = newest.is_some();
            newest.or_else(dev).map(|(built, file)| Binary { name, file, is_release, built })
        });
        Self(found.collect())
    }

    /// Where a function's binary is.
    ///
    /// # Panics
    /// Where it was not found; ask [`Binaries::missing`] before.
    pub(crate) fn path(&self, name: &str) -> &Path {
        &self.0.iter().find(|binary| binary.name == name).expect("looked for before").file
    }

    /// A sentence where one is not there at all.
    pub(crate) fn missing(&self) -> Option<String> {
        let missing: Vec<_> =
            FUNCTIONS.into_iter().filter(|name| self.0.iter().all(|binary| binary.name != *name)).collect();
        let build = "cargo build --release -p api -p scheduler -p publisher";
        (!missing.is_empty()).then(|| format!("Not built: {}. `{build}` builds them.", missing.join(", ")))
    }

    /// Sizes.
    pub(crate) fn table(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .0
            .iter()
            .map(|binary| {
                let size = fs::metadata(&binary.file).map_or(0, |file| file.len());
                let zip = zipped(&binary.file).map_or_else(|error| error.to_string(), mb);
                let profile = if binary.is_release { "release" } else { "dev: says nothing of what is deployed" };
                let built = binary.built.to_zoned(TimeZone::system()).strftime("%F %H:%M").to_string();
                vec![binary.name.to_owned(), mb(size), zip, profile.to_owned(), built]
            })
            .collect();
        let mut text =
            table("Size (goal: a zip of at most 4 MB)", &["function", "binary", "zip", "profile", "built"], &rows);
        if self.0.iter().any(|binary| !binary.is_release) {
            text.push_str("\nFor the figures that count: cargo build --release -p api -p scheduler -p publisher\n");
        }
        text
    }
}

fn capitalized(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

fn built(file: &Path) -> Option<Timestamp> {
    fs::metadata(file).and_then(|file| file.modified()).ok().and_then(|time| Timestamp::try_from(time).ok())
}

/// Bytes of the zip that is uploaded.
fn zipped(file: &Path) -> io::Result<u64> {
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut encoder = DeflateEncoder::new(Count(0), Compression::default());
    io::copy(&mut fs::File::open(file)?, &mut encoder)?;
    Ok(encoder.finish()?.0 + ZIP_FRAME)
}
