//! The system's notifications, on whichever thread they come.

use std::ptr::NonNull;
use std::sync::Arc;

use block2::RcBlock;
use objc2::rc::Retained;
use objc2::runtime::{AnyObject, NSObjectProtocol, ProtocolObject};
use objc2_av_foundation::{
    AVCaptureDevice, AVCaptureDeviceWasDisconnectedNotification, AVCaptureSession,
    AVCaptureSessionErrorKey, AVCaptureSessionInterruptionEndedNotification,
    AVCaptureSessionRuntimeErrorNotification, AVCaptureSessionWasInterruptedNotification,
};
use objc2_foundation::{
    NSError, NSNotification, NSNotificationCenter, NSNotificationName, NSProcessInfo,
    NSProcessInfoThermalState, NSProcessInfoThermalStateDidChangeNotification, NSString,
};

use super::av_device;
use super::tap::Tap;
use crate::device::{Event, Interruption, Thermal};

/// Observers, removed when this is dropped.
pub(super) struct Observers(Vec<Token>);

type Token = Retained<ProtocolObject<dyn NSObjectProtocol>>;

/// Turns a notification into an event, if it means one.
pub(super) type Read = fn(&NSNotification, &Tap) -> Option<Event>;

impl Observers {
    /// Observes this session, devices, and the notifications in `more`.
    pub(super) fn new(
        session: &AVCaptureSession,
        tap: &Arc<Tap>,
        more: impl IntoIterator<Item = (&'static NSNotificationName, Read)>,
    ) -> Self {
        let mut observers = Self(Vec::new());
        for (name, read) in of_session() {
            observers.add(name, Some(session), tap, read);
        }
        for (name, read) in of_devices().into_iter().chain(more) {
            observers.add(name, None, tap, read);
        }
        observers
    }

    fn add(
        &mut self,
        name: &NSNotificationName,
        from: Option<&AnyObject>,
        tap: &Arc<Tap>,
        read: Read,
    ) {
        let tap = tap.clone();
        let block = RcBlock::new(move |note: NonNull<NSNotification>| {
            // SAFETY: the centre lends a live notification for as long as the block runs.
            let note = unsafe { note.as_ref() };
            if let Some(event) = read(note, &tap) {
                tap.tell(event);
            }
        });
        // SAFETY: the block may run on any thread: all it holds is the tap and a function.
        let token = unsafe {
            NSNotificationCenter::defaultCenter().addObserverForName_object_queue_usingBlock(
                Some(name),
                from,
                None,
                &block,
            )
        };
        self.0.push(token);
    }
}

impl Drop for Observers {
    fn drop(&mut self) {
        let center = NSNotificationCenter::defaultCenter();
        for token in &self.0 {
            let token: &AnyObject = (**token).as_ref();
            // SAFETY: what `addObserver` gave.
            unsafe { center.removeObserver(token) };
        }
    }
}

/// How hot the machine is.
pub(super) fn thermal() -> Thermal {
    match NSProcessInfo::processInfo().thermalState() {
        NSProcessInfoThermalState::Fair => Thermal::Fair,
        NSProcessInfoThermalState::Serious => Thermal::Serious,
        NSProcessInfoThermalState::Critical => Thermal::Critical,
        _ => Thermal::Nominal,
    }
}

/// A number in a notification's user info.
#[cfg(target_os = "ios")]
pub(super) fn number(note: &NSNotification, key: &NSString) -> Option<isize> {
    let number = with(note, key)?
        .downcast::<objc2_foundation::NSNumber>()
        .ok()?;
    Some(number.integerValue())
}

fn with(note: &NSNotification, key: &NSString) -> Option<Retained<AnyObject>> {
    note.userInfo()?.objectForKey(key)
}

fn of_session() -> [(&'static NSNotificationName, Read); 3] {
    // SAFETY: a constant that is there since iOS 4 and macOS 10.14.
    let was_interrupted = unsafe { AVCaptureSessionWasInterruptedNotification };
    // SAFETY: as above.
    let is_over = unsafe { AVCaptureSessionInterruptionEndedNotification };
    // SAFETY: a constant that is there since iOS 4 and macOS 10.7.
    let failed = unsafe { AVCaptureSessionRuntimeErrorNotification };
    [
        (was_interrupted, interrupted),
        (is_over, interruption_ended),
        (failed, runtime_error),
    ]
}

fn of_devices() -> [(&'static NSNotificationName, Read); 2] {
    // SAFETY: a constant that is there since iOS 4 and macOS 10.7.
    let gone = unsafe { AVCaptureDeviceWasDisconnectedNotification };
    // SAFETY: a constant that is there since iOS 11 and macOS 10.10.
    let heat = unsafe { NSProcessInfoThermalStateDidChangeNotification };
    [(gone, disconnected), (heat, thermal_changed)]
}

#[cfg(target_os = "ios")]
fn interrupted(note: &NSNotification, _: &Tap) -> Option<Event> {
    use objc2_av_foundation::AVCaptureSessionInterruptionReasonKey;
    // SAFETY: a constant that is there since iOS 9.
    let key = unsafe { AVCaptureSessionInterruptionReasonKey };
    // AVCaptureSession.h, AVCaptureSessionInterruptionReason.
    Some(Event::CameraInterrupted(match number(note, key) {
        Some(1) => Interruption::Background,
        Some(2) => Interruption::AudioInUse,
        Some(3) => Interruption::CameraInUse,
        Some(4) => Interruption::SharedScreen,
        Some(5) => Interruption::Pressure,
        _ => Interruption::Unknown,
    }))
}

/// A Mac gives no reason; its lid may be closed.
#[cfg(not(target_os = "ios"))]
fn interrupted(_: &NSNotification, _: &Tap) -> Option<Event> {
    Some(Event::CameraInterrupted(Interruption::Unknown))
}

fn interruption_ended(_: &NSNotification, _: &Tap) -> Option<Event> {
    Some(Event::CameraInterruptionEnded)
}

fn runtime_error(note: &NSNotification, _: &Tap) -> Option<Event> {
    // SAFETY: a constant that is there since iOS 4 and macOS 10.7.
    let key = unsafe { AVCaptureSessionErrorKey };
    let error = with(note, key).and_then(|error| error.downcast::<NSError>().ok());
    Some(match error {
        Some(error) if error.code() == MEDIA_SERVICES_WERE_RESET => Event::ServicesReset,
        Some(error) => Event::Failed {
            what: error.localizedDescription().to_string(),
        },
        None => Event::Failed {
            what: "the capture session stopped".to_owned(),
        },
    })
}

fn disconnected(note: &NSNotification, tap: &Tap) -> Option<Event> {
    let device = note.object()?.downcast::<AVCaptureDevice>().ok()?;
    tap.holds(&av_device::id(&device)).then(|| {
        // SAFETY: asks only.
        let name = unsafe { device.localizedName() };
        Event::Failed {
            what: format!("{name} was unplugged"),
        }
    })
}

fn thermal_changed(_: &NSNotification, _: &Tap) -> Option<Event> {
    Some(Event::Thermal(thermal()))
}

/// AVError.h, AVErrorMediaServicesWereReset.
const MEDIA_SERVICES_WERE_RESET: isize = -11819;
