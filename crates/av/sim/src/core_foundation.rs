//! Core Foundation: `CFBase.h`, `CFString.h`, `CFNumber.h`, `CFDictionary.h`, `CFArray.h`.

use std::borrow::Cow;
use std::ffi::c_void;
use std::mem::discriminant;
use std::{ptr, slice};

use crate::object::{Handle, Kind, Number, Object};

/// `CFRange`.
#[repr(C)]
pub(crate) struct Range {
    location: isize,
    length: isize,
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFRetain(object: &Object) -> *const Object {
    object.retain();
    object
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFRelease(object: &Object) {
    object.release();
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFGetTypeID(object: &Object) -> usize {
    type_id(object.kind().name())
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFEqual(one: &Object, other: &Object) -> u8 {
    equal(one, other).into()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFHash(object: &Object) -> usize {
    match object.kind() {
        Kind::String(string) => string.len(),
        _ => 0,
    }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFCopyDescription(object: &Object) -> *const Object {
    string(object.kind().name().to_owned()).into_raw()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFStringGetTypeID() -> usize {
    type_id("CFString")
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn CFStringCreateWithBytes(
    _allocator: *const c_void,
    bytes: *const u8,
    length: isize,
    encoding: u32,
    _is_external: u8,
) -> *const Object {
    assert_eq!(encoding, UTF_8, "only UTF-8 is simulated");
    let length = usize::try_from(length).expect("a length");
    // SAFETY: the caller gives that many bytes.
    let bytes = unsafe { slice::from_raw_parts(bytes, length) };
    str::from_utf8(bytes).map_or(ptr::null(), |text| string(text.to_owned()).into_raw())
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFStringGetLength(object: &Object) -> isize {
    let text = text(object).expect("a CFString");
    assert!(text.is_ascii(), "only ASCII is simulated");
    text.len().cast_signed()
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn CFStringGetBytes(
    object: &Object,
    range: Range,
    encoding: u32,
    _loss: u8,
    _is_external: u8,
    buffer: *mut u8,
    room: isize,
    used: Option<&mut isize>,
) -> isize {
    assert_eq!(encoding, UTF_8, "only UTF-8 is simulated");
    let text = text(object).expect("a CFString");
    let (from, most) = (range.location.cast_unsigned(), range.length.min(room));
    let part = &text.as_bytes()[from..][..most.cast_unsigned()];
    // SAFETY: the caller has room for that many bytes.
    unsafe { ptr::copy_nonoverlapping(part.as_ptr(), buffer, part.len()) };
    if let Some(used) = used {
        *used = most;
    }
    most
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFNumberGetTypeID() -> usize {
    type_id("CFNumber")
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn CFNumberCreate(
    _allocator: *const c_void,
    kind: isize,
    value: *const c_void,
) -> *const Object {
    let number = match kind {
        // SAFETY: the caller says that it points to an SInt32.
        SINT32 => Number::Int(unsafe { *value.cast::<i32>() }.into()),
        // SAFETY: the caller says that it points to an SInt64.
        SINT64 => Number::Int(unsafe { *value.cast::<i64>() }),
        // SAFETY: the caller says that it points to a Float64.
        FLOAT64 => Number::Float(unsafe { *value.cast::<f64>() }),
        other => panic!("CFNumberType {other} is not simulated"),
    };
    Handle::new(Kind::Number(number)).into_raw()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFBooleanGetTypeID() -> usize {
    type_id("CFBoolean")
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFBooleanGetValue(object: &Object) -> u8 {
    match object.kind() {
        Kind::Boolean(value) => (*value).into(),
        other => panic!("a {} is taken for a CFBoolean", other.name()),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn CFDictionaryCreate(
    _allocator: *const c_void,
    keys: *const &Object,
    values: *const &Object,
    count: isize,
    _key_callbacks: *const c_void,
    _value_callbacks: *const c_void,
) -> *const Object {
    // SAFETY: the caller gives that many of each, all alive.
    let keys = unsafe { retained(keys, count) };
    // SAFETY: as above.
    let values = unsafe { retained(values, count) };
    dictionary(keys.into_iter().zip(values).collect()).into_raw()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFDictionaryGetTypeID() -> usize {
    type_id("CFDictionary")
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFDictionaryGetCount(object: &Object) -> isize {
    pairs(object).len().cast_signed()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFDictionaryGetValue(object: &Object, key: &Object) -> *const Object {
    find(object, key).map_or(ptr::null(), ptr::from_ref)
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn CFArrayCreate(
    _allocator: *const c_void,
    values: *const &Object,
    count: isize,
    _callbacks: *const c_void,
) -> *const Object {
    // SAFETY: the caller gives that many, all alive.
    let values = unsafe { retained(values, count) };
    Handle::new(Kind::Array(values)).into_raw()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFArrayGetTypeID() -> usize {
    type_id("CFArray")
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFArrayGetCount(object: &Object) -> isize {
    items(object).len().cast_signed()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CFArrayGetValueAtIndex(object: &Object, index: isize) -> *const Object {
    let index = usize::try_from(index).expect("an index");
    ptr::from_ref(&*items(object)[index])
}

/// A `CFTypeID` of a type by its name: any number will do that no other type has.
pub(crate) fn type_id(name: &str) -> usize {
    let bytes = name.bytes();
    bytes.fold(1, |id, byte| id * 31 % 1_000_003 + usize::from(byte))
}

pub(crate) fn string(text: impl Into<Cow<'static, str>>) -> Handle {
    Handle::new(Kind::String(text.into()))
}

pub(crate) fn dictionary(pairs: Vec<(Handle, Handle)>) -> Handle {
    Handle::new(Kind::Dictionary(pairs))
}

/// The characters of a `CFString`.
pub(crate) fn text(object: &Object) -> Option<&str> {
    match object.kind() {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

/// What a `CFDictionary` has under a key.
pub(crate) fn find<'a>(dictionary: &'a Object, key: &Object) -> Option<&'a Object> {
    let found = pairs(dictionary).iter().find(|(name, _)| equal(name, key));
    found.map(|(_, value)| &**value)
}

/// The pairs of a `CFDictionary`.
pub(crate) fn pairs(object: &Object) -> &[(Handle, Handle)] {
    match object.kind() {
        Kind::Dictionary(pairs) => pairs,
        other => panic!("a {} is taken for a CFDictionary", other.name()),
    }
}

/// What is in a `CFArray`.
pub(crate) fn items(object: &Object) -> &[Handle] {
    match object.kind() {
        Kind::Array(items) => items,
        other => panic!("a {} is taken for a CFArray", other.name()),
    }
}

fn equal(one: &Object, other: &Object) -> bool {
    if ptr::eq(one, other) {
        return true;
    }
    let (one, other) = (one.kind(), other.kind());
    match (one, other) {
        (Kind::String(one), Kind::String(other)) => one == other,
        (Kind::Number(one), Kind::Number(other)) => one == other,
        (Kind::Boolean(one), Kind::Boolean(other)) => one == other,
        _ if discriminant(one) != discriminant(other) => false,
        _ => panic!("comparing two of {} is not simulated", one.name()),
    }
}

/// References to `count` objects of a C array.
///
/// # Safety
///
/// `objects` points to that many pointers to living objects, or `count` is zero.
unsafe fn retained(objects: *const &Object, count: isize) -> Vec<Handle> {
    let count = usize::try_from(count).expect("a count");
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: the caller promises that many.
    let objects = unsafe { slice::from_raw_parts(objects, count) };
    objects
        .iter()
        .map(|object| Handle::retain(object))
        .collect()
}

/// Constants that are strings: a name, and what it stands for.
macro_rules! strings {
    ($($name:ident = $text:expr;)*) => {$(
        #[unsafe(no_mangle)]
        static $name: &crate::object::Object = {
            static TEXT: crate::object::Object = crate::object::Object::constant(
                crate::object::Kind::String(std::borrow::Cow::Borrowed($text)),
            );
            &TEXT
        };
    )*};
}
pub(crate) use strings;

#[unsafe(no_mangle)]
static kCFBooleanTrue: &Object = {
    static TRUE: Object = Object::constant(Kind::Boolean(true));
    &TRUE
};
#[unsafe(no_mangle)]
static kCFBooleanFalse: &Object = {
    static FALSE: Object = Object::constant(Kind::Boolean(false));
    &FALSE
};

/// Callbacks that collections are made with: these retain whatever they are given, so
/// nobody looks inside.
#[unsafe(no_mangle)]
static kCFTypeDictionaryKeyCallBacks: [usize; 6] = [0; 6];
#[unsafe(no_mangle)]
static kCFTypeDictionaryValueCallBacks: [usize; 5] = [0; 5];
#[unsafe(no_mangle)]
static kCFTypeArrayCallBacks: [usize; 5] = [0; 5];

/// `kCFStringEncodingUTF8`.
const UTF_8: u32 = 0x0800_0100;
/// `CFNumberType`.
const SINT32: isize = 3;
const SINT64: isize = 4;
const FLOAT64: isize = 6;
