//! What a studio's camera sees, under a number for C.

use onair::av::Error;
use onair::av::device::{Device, Rotation, Setup};

#[cfg(target_vendor = "apple")]
use onair::av::capture::apple::{AppleDevice, Preview as Sight};

#[cfg(target_vendor = "apple")]
use crate::table::{Entry, Table};

/// The number, and what the camera sees; exists only on Apple's systems.
#[derive(Debug)]
pub(crate) struct Preview {
    #[cfg(target_vendor = "apple")]
    sight: Sight,
    #[cfg(target_vendor = "apple")]
    entry: Entry<Sight>,
}

/// A device, and what it sees.
type Opened = (Box<dyn Device>, Option<Preview>);

#[cfg(target_vendor = "apple")]
static SIGHTS: Table<Sight> = Table::new();

/// Opens what `setup` names.
#[cfg(target_vendor = "apple")]
pub(crate) fn open(setup: &Setup) -> Result<Opened, Error> {
    let device = AppleDevice::open(setup)?;
    let sight = device.preview();
    let entry = SIGHTS.put(sight.clone());
    Ok((Box::new(device), Some(Preview { sight, entry })))
}

/// Opens what `setup` names.
#[cfg(not(target_vendor = "apple"))]
pub(crate) fn open(setup: &Setup) -> Result<Opened, Error> {
    Ok((onair::av::capture::open(setup)?, None))
}

/// What the camera of a number sees.
#[cfg(target_vendor = "apple")]
pub(crate) fn of(handle: u64) -> Option<Sight> {
    SIGHTS.get(handle)
}

#[cfg(target_vendor = "apple")]
impl Preview {
    pub(crate) const fn handle(&self) -> u64 {
        self.entry.handle()
    }

    pub(crate) fn level(&self) -> Option<Rotation> {
        self.sight.level()
    }
}

#[cfg(not(target_vendor = "apple"))]
#[expect(clippy::unused_self, reason = "Apple's has something to say")]
impl Preview {
    pub(crate) const fn handle(&self) -> u64 {
        0
    }

    pub(crate) const fn level(&self) -> Option<Rotation> {
        None
    }
}
