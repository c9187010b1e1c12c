use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Watches a disk's free space.
#[derive(Debug)]
pub(super) struct Space {
    directory: PathBuf,
    keep_free: u64,
    /// When it was last checked.
    looked: Option<Instant>,
}

/// How often the disk is asked.
const EVERY: Duration = Duration::from_secs(1);

impl Space {
    pub(super) fn new(directory: &Path, keep_free: u64) -> Self {
        Self {
            directory: directory.to_owned(),
            keep_free,
            looked: None,
        }
    }

    /// Fails once the disk has less left than should be kept free.
    pub(super) fn check(&mut self, now: Instant) -> io::Result<()> {
        let is_known = |at: Instant| now.saturating_duration_since(at) < EVERY;
        if self.keep_free == 0 || self.looked.is_some_and(is_known) {
            return Ok(());
        }
        self.looked = Some(now);
        match fs4::available_space(&self.directory) {
            Ok(left) if left < self.keep_free => Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!(
                    "the disk has {} MB left, and {} MB are kept free",
                    left / 1_000_000,
                    self.keep_free.div_ceil(1_000_000)
                ),
            )),
            Ok(_) => Ok(()),
            // Not every file system tells; then a full disk does.
            Err(error) => {
                tracing::debug!(%error, "how much is left of the disk");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_less_than_is_to_be_kept_free_takes_no_more() {
        let here = std::env::temp_dir();
        let now = Instant::now();
        let error = Space::new(&here, u64::MAX).check(now).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("are kept free"), "{error}");
        assert!(Space::new(&here, 1).check(now).is_ok());
        assert!(Space::new(&here, 0).check(now).is_ok());
    }
}
