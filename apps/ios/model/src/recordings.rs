use std::path::{Path, PathBuf};

/// Where recordings are made, and their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recordings {
    folder: PathBuf,
    stamp: String,
    count: u32,
}

/// How a recording's name begins.
const PREFIX: &str = "onair-";

/// How it ends: Photos accepts this type.
const EXTENSION: &str = "mp4";

/// Whether a file is a recording of this app.
pub fn is_recording(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let is_ours = name.is_some_and(|name| name.starts_with(PREFIX));
    is_ours && path.extension().is_some_and(|end| end == EXTENSION)
}

impl Recordings {
    /// Recordings in `folder`; `stamp` identifies this launch.
    pub(crate) fn new(folder: PathBuf, stamp: String) -> Self {
        Self {
            folder,
            stamp,
            count: 0,
        }
    }

    /// The path of a new file.
    pub(crate) fn next(&mut self) -> PathBuf {
        self.count += 1;
        let Self { stamp, count, .. } = self;
        self.folder
            .join(format!("{PREFIX}{stamp}-{count}.{EXTENSION}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recording_has_a_name_of_its_own_that_is_known_again() {
        let mut recordings = Recordings::new("rec".into(), "7".to_owned());
        let (first, second) = (recordings.next(), recordings.next());
        assert_ne!(first, second);
        assert!(is_recording(&first));
        assert!(!is_recording(Path::new("rec/holiday.mp4")));
        assert!(!is_recording(Path::new("rec/onair-7-1.mov")));
    }
}
