use std::fmt;
use std::ptr::NonNull;

use objc2_core_foundation::{CFGetTypeID, CFRetained, CFType, CFTypeID};

/// One reference to a Core Foundation object of any kind; the clone is another.
#[derive(Clone)]
pub(super) struct Object(CFRetained<CFType>);

// SAFETY: reference counts are atomic, and the kinds of objects held here (buffers, descriptions,
// sessions) are documented to be used from any thread.
unsafe impl Send for Object {}
// SAFETY: as above; what a shared reference allows is either constant for the object's life or
// synchronised by its framework.
unsafe impl Sync for Object {}

impl Object {
    /// A reference of our own to a borrowed object; `None` for null.
    ///
    /// # Safety
    ///
    /// `object` is null or points to a live Core Foundation object.
    pub(super) unsafe fn retain(object: *const CFType) -> Option<Self> {
        let object = NonNull::new(object.cast_mut())?;
        // SAFETY: the caller promises a live object.
        Some(Self(unsafe { CFRetained::retain(object) }))
    }

    /// Takes over the reference that a `Create` or `Copy` function gave; `None` for null.
    ///
    /// # Safety
    ///
    /// `object` is null or a live object one reference to which is the caller's to give.
    pub(super) unsafe fn take(object: *const CFType) -> Option<Self> {
        let object = NonNull::new(object.cast_mut())?;
        // SAFETY: the caller gives its reference away.
        Some(Self(unsafe { CFRetained::from_raw(object) }))
    }

    /// The object, borrowed.
    pub(super) fn as_ptr(&self) -> *const CFType {
        CFRetained::as_ptr(&self.0).as_ptr()
    }

    /// Whether it is what a framework's `GetTypeID` function says its own are.
    pub(super) fn is_of_type(&self, kind: CFTypeID) -> bool {
        CFGetTypeID(Some(&self.0)) == kind
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ptr().fmt(f)
    }
}
