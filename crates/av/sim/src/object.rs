//! Reference-counted objects of every kind.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::audio_converter::StreamDescription;
use crate::core_media::{Block, Format, Sample};
use crate::core_video::{Pixels, Pool};
use crate::video_toolbox::Session;

/// What a `CFTypeRef` points to.
#[repr(C)]
pub(crate) struct Object {
    count: AtomicIsize,
    kind: ManuallyDrop<Kind>,
}

/// What an object is.
pub(crate) enum Kind {
    String(Cow<'static, str>),
    Number(Number),
    Boolean(bool),
    Dictionary(Vec<(Handle, Handle)>),
    Array(Vec<Handle>),
    Pixels(Pixels),
    Pool(Pool),
    Block(Block),
    Format(Format),
    AudioFormat(StreamDescription),
    Sample(Sample),
    Session(Session),
}

/// A `CFNumber`'s value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl Object {
    /// An object that is never freed, as constants are.
    pub(crate) const fn constant(kind: Kind) -> Self {
        Self {
            count: AtomicIsize::new(IMMORTAL),
            kind: ManuallyDrop::new(kind),
        }
    }

    /// What it is.
    ///
    /// # Panics
    ///
    /// When it was released for the last time: it is used after that.
    pub(crate) fn kind(&self) -> &Kind {
        let count = self.count.load(Ordering::SeqCst);
        assert!(count > 0, "an object is used after its last release");
        &self.kind
    }

    pub(crate) fn retain(&self) {
        self.kind();
        if !self.is_constant() {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// # Panics
    ///
    /// When there is no reference left to give back.
    pub(crate) fn release(&self) {
        if self.is_constant() {
            return;
        }
        let before = self.count.fetch_sub(1, Ordering::SeqCst);
        assert!(before > 0, "an object is released once too often");
        if before == 1 {
            bury(NonNull::from(self));
        }
    }

    pub(crate) fn count(&self) -> isize {
        self.count.load(Ordering::SeqCst)
    }

    fn is_constant(&self) -> bool {
        self.count() > IMMORTAL / 2
    }
}

impl Kind {
    /// The name of the type, as Core Foundation's.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::String(_) => "CFString",
            Self::Number(_) => "CFNumber",
            Self::Boolean(_) => "CFBoolean",
            Self::Dictionary(_) => "CFDictionary",
            Self::Array(_) => "CFArray",
            Self::Pixels(_) => "CVPixelBuffer",
            Self::Pool(_) => "CVPixelBufferPool",
            Self::Block(_) => "CMBlockBuffer",
            Self::Format(_) | Self::AudioFormat(_) => "CMFormatDescription",
            Self::Sample(_) => "CMSampleBuffer",
            Self::Session(_) => "VTCompressionSession",
        }
    }
}

/// One reference to an object.
pub(crate) struct Handle(NonNull<Object>);

// SAFETY: an object's count is atomic, and what is inside is behind locks where it changes.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}
// SAFETY: as above; constants are statics.
unsafe impl Sync for Object {}

impl Handle {
    pub(crate) fn new(kind: Kind) -> Self {
        let name = kind.name();
        let object = Box::new(Object {
            count: AtomicIsize::new(1),
            kind: ManuallyDrop::new(kind),
        });
        let object = NonNull::from(Box::leak(object));
        living().insert(object.addr().get(), name);
        Self(object)
    }

    /// Another reference to an object.
    pub(crate) fn retain(object: &Object) -> Self {
        object.retain();
        Self(NonNull::from(object))
    }

    /// The reference itself, for C to keep.
    pub(crate) fn into_raw(self) -> *const Object {
        ManuallyDrop::new(self).0.as_ptr()
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        Self::retain(self)
    }
}

impl Deref for Handle {
    type Target = Object;

    fn deref(&self) -> &Object {
        // SAFETY: a header is freed only long after its last reference is gone.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.release();
    }
}

/// The names of the objects that are alive, by address.
pub(crate) fn living() -> MutexGuard<'static, BTreeMap<usize, &'static str>> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The living objects of one kind.
pub(crate) fn living_of(name: &str) -> Vec<Handle> {
    let living = living();
    let of_name = living.iter().filter(|(_, kind)| **kind == name);
    let objects = of_name.map(|(address, _)| {
        let object: *const Object = std::ptr::with_exposed_provenance(*address);
        // SAFETY: what is listed is alive while the list is locked.
        Handle::retain(unsafe { &*object })
    });
    objects.collect()
}

static LIVING: Mutex<BTreeMap<usize, &'static str>> = Mutex::new(BTreeMap::new());
/// Headers of freed objects: the newest are kept, to catch late uses.
static DEAD: Mutex<VecDeque<Grave>> = Mutex::new(VecDeque::new());

struct Grave(NonNull<Object>);

// SAFETY: nothing but the header is left, and that is only ever freed.
unsafe impl Send for Grave {}

fn bury(object: NonNull<Object>) {
    living().remove(&object.addr().get());
    let mut object = object;
    // SAFETY: the last reference is gone, so that nobody else looks inside.
    let object_mut = unsafe { object.as_mut() };
    // SAFETY: it is dropped once, since a count passes zero once.
    unsafe { ManuallyDrop::drop(&mut object_mut.kind) };
    let mut dead = DEAD.lock().unwrap_or_else(PoisonError::into_inner);
    dead.push_back(Grave(object));
    let oldest = if dead.len() > MAX_DEAD {
        dead.pop_front()
    } else {
        None
    };
    drop(dead);
    if let Some(Grave(header)) = oldest {
        // SAFETY: made by `Box::leak` in `Handle::new`, and nobody's any more.
        drop(unsafe { Box::from_raw(header.as_ptr()) });
    }
}

const IMMORTAL: isize = isize::MAX / 2;
const MAX_DEAD: usize = 10_000;
