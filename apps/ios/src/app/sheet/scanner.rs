use std::cell::{OnceCell, RefCell};

use dispatch2::{DispatchQueue, DispatchRetained};
use objc2::rc::Retained;
use objc2::runtime::ProtocolObject;
use objc2::{DefinedClass, MainThreadMarker, MainThreadOnly, define_class, msg_send};
use objc2_av_foundation::{
    AVCaptureConnection, AVCaptureDevice, AVCaptureDeviceInput, AVCaptureMetadataOutput,
    AVCaptureMetadataOutputObjectsDelegate, AVCaptureOutput, AVCaptureSession,
    AVCaptureVideoPreviewLayer, AVLayerVideoGravityResizeAspectFill, AVMediaTypeVideo,
    AVMetadataMachineReadableCodeObject, AVMetadataObject, AVMetadataObjectTypeQRCode,
};
use objc2_foundation::{NSArray, NSObjectProtocol, NSString};
use objc2_ui_kit::{UIColor, UIViewController};
use onair::Secret;
use onair::av::capture::apple::Level;
use onair_ios_model::Input;

use crate::app::views::Pill;
use crate::app::{inbox, turn, ui};

/// A page with its own camera that looks for a QR code. Meanwhile the engine lets go of its camera.
#[derive(Default)]
pub(crate) struct Ivars {
    session: OnceCell<Session>,
    /// Starts and stops it, in order.
    queue: OnceCell<DispatchRetained<DispatchQueue>>,
    layer: OnceCell<Retained<AVCaptureVideoPreviewLayer>>,
    text: OnceCell<Pill>,
    words: RefCell<String>,
    /// The last code reported: a visible one is seen many times a second.
    last: RefCell<String>,
}

/// A capture session, which starts and stops off the main thread, since both take time.
#[derive(Clone)]
struct Session(Retained<AVCaptureSession>);

// SAFETY: a session may be started and stopped on any thread; once it is set up, nothing else is done.
unsafe impl Send for Session {}

define_class!(
    // SAFETY: UIViewController may be subclassed, and there is no Drop.
    #[unsafe(super(UIViewController))]
    #[thread_kind = MainThreadOnly]
    #[name = "OnairScanner"]
    #[ivars = Ivars]
    pub(crate) struct ScannerPage;

    impl ScannerPage {
        #[unsafe(method(viewDidLoad))]
        fn view_did_load(&self) {
            // SAFETY: the superclass has this method, and it takes nothing.
            let () = unsafe { msg_send![super(self), viewDidLoad] };
            self.build();
        }

        #[unsafe(method(viewWillAppear:))]
        fn view_will_appear(&self, animated: bool) {
            // SAFETY: the superclass has this method, and it takes a boolean.
            let () = unsafe { msg_send![super(self), viewWillAppear: animated] };
            self.run(true);
        }

        #[unsafe(method(viewDidDisappear:))]
        fn view_did_disappear(&self, animated: bool) {
            // SAFETY: the superclass has this method, and it takes a boolean.
            let () = unsafe { msg_send![super(self), viewDidDisappear: animated] };
            self.run(false);
        }

        #[unsafe(method(viewDidLayoutSubviews))]
        fn view_did_lay_out(&self) {
            // SAFETY: the superclass has this method, and it takes nothing.
            let () = unsafe { msg_send![super(self), viewDidLayoutSubviews] };
            self.lay_out();
        }
    }

    // SAFETY: UIViewController conforms to it.
    unsafe impl NSObjectProtocol for ScannerPage {}

    // SAFETY: the method has the protocol's signature.
    unsafe impl AVCaptureMetadataOutputObjectsDelegate for ScannerPage {
        #[unsafe(method(captureOutput:didOutputMetadataObjects:fromConnection:))]
        fn saw(
            &self,
            _output: &AVCaptureOutput,
            objects: &NSArray<AVMetadataObject>,
            _connection: &AVCaptureConnection,
        ) {
            self.take(objects);
        }
    }
);

impl ScannerPage {
    pub(crate) fn new(mtm: MainThreadMarker) -> Retained<Self> {
        let this = Self::alloc(mtm).set_ivars(Ivars::default());
        // SAFETY: UIViewController's `init` takes nothing and gives the object.
        unsafe { msg_send![super(this), init] }
    }

    pub(crate) fn render(&self, title: &str, text: &str) {
        self.setTitle(Some(&NSString::from_str(title)));
        self.ivars().words.replace(text.to_owned());
        if let Some(pill) = self.ivars().text.get() {
            pill.render(Some(text));
        }
    }

    fn build(&self) {
        let Some(view) = self.view() else { return };
        view.setBackgroundColor(Some(&UIColor::blackColor()));
        match self.open() {
            Ok(session) => self.show(session),
            Err(what) => inbox::send(Input::ScannerFailed(what)),
        }
        let pill = Pill::new(self.mtm());
        ui::add(&view, &pill.view);
        let safe = view.safeAreaLayoutGuide();
        ui::activate(&[
            pill.view
                .centerXAnchor()
                .constraintEqualToAnchor(&safe.centerXAnchor()),
            pill.view
                .bottomAnchor()
                .constraintEqualToAnchor_constant(&safe.bottomAnchor(), -24.0),
            pill.view
                .widthAnchor()
                .constraintLessThanOrEqualToAnchor_multiplier(&safe.widthAnchor(), 0.9),
        ]);
        pill.render(Some(&self.ivars().words.borrow()));
        self.ivars().text.set(pill).ok();
    }

    fn open(&self) -> Result<Session, String> {
        let none = || "There is no camera.".to_owned();
        // SAFETY: a constant that is there since iOS 4.
        let pictures = unsafe { AVMediaTypeVideo }.ok_or_else(none)?;
        // SAFETY: asks only.
        let camera = unsafe { AVCaptureDevice::defaultDeviceWithMediaType(pictures) };
        let camera = camera.ok_or_else(none)?;
        // SAFETY: a camera that is there.
        let input = unsafe { AVCaptureDeviceInput::deviceInputWithDevice_error(&camera) };
        let input = input.map_err(|error| error.localizedDescription().to_string())?;
        // SAFETY: takes nothing.
        let session = unsafe { AVCaptureSession::new() };
        // SAFETY: asks only.
        if !unsafe { session.canAddInput(&input) } {
            return Err(none());
        }
        // SAFETY: it can be added.
        unsafe { session.addInput(&input) };
        self.look_for_codes(&session);
        Ok(Session(session))
    }

    fn look_for_codes(&self, session: &AVCaptureSession) {
        // SAFETY: takes nothing.
        let output = unsafe { AVCaptureMetadataOutput::new() };
        // SAFETY: asks only.
        if !unsafe { session.canAddOutput(&output) } {
            return;
        }
        // SAFETY: it can be added.
        unsafe { session.addOutput(&output) };
        let delegate = ProtocolObject::from_ref(self);
        let queue = DispatchQueue::main();
        // SAFETY: the output keeps the delegate weakly, and calls it on the main thread.
        unsafe { output.setMetadataObjectsDelegate_queue(Some(delegate), Some(queue)) };
        // SAFETY: a constant that is there since iOS 7.
        let code = unsafe { AVMetadataObjectTypeQRCode };
        // SAFETY: asks only.
        let findable = unsafe { output.availableMetadataObjectTypes() };
        if findable.containsObject(code) {
            let codes = NSArray::from_slice(&[code]);
            // SAFETY: it can be found.
            unsafe { output.setMetadataObjectTypes(Some(&codes)) };
        }
    }

    fn show(&self, session: Session) {
        // SAFETY: on the main thread, where layers live.
        let layer = unsafe { AVCaptureVideoPreviewLayer::layerWithSession(&session.0) };
        // SAFETY: a constant that is there since iOS 4.
        if let Some(fill) = unsafe { AVLayerVideoGravityResizeAspectFill } {
            // SAFETY: one of the gravities there are.
            unsafe { layer.setVideoGravity(fill) };
        }
        if let Some(view) = self.view() {
            view.layer().insertSublayer_atIndex(&layer, 0);
        }
        self.ivars().layer.set(layer).ok();
        self.ivars().session.set(session).ok();
    }

    fn lay_out(&self) {
        if let (Some(layer), Some(view)) = (self.ivars().layer.get(), self.view()) {
            layer.setFrame(view.bounds());
            let interface = turn::interface(&view);
            if let Some(level) = interface.and_then(|interface| Level::of(layer, interface)) {
                // On the queue that starts and stops the session, so that it does neither
                // meanwhile.
                self.queue().exec_async(move || level.set());
            }
        }
    }

    fn run(&self, runs: bool) {
        let Some(session) = self.ivars().session.get().cloned() else {
            return;
        };
        self.queue().exec_async(move || session.run(runs));
    }

    fn queue(&self) -> &DispatchQueue {
        let queue = || DispatchQueue::new("onair.scanner", None);
        self.ivars().queue.get_or_init(queue)
    }

    fn take(&self, objects: &NSArray<AVMetadataObject>) {
        let codes = objects.iter();
        let codes = codes.filter_map(|object| {
            object
                .downcast::<AVMetadataMachineReadableCodeObject>()
                .ok()
        });
        // SAFETY: asks only.
        let texts = codes.filter_map(|code| unsafe { code.stringValue() });
        for text in texts.map(|text| text.to_string()) {
            if *self.ivars().last.borrow() != text {
                self.ivars().last.replace(text.clone());
                inbox::send(Input::Scanned(Secret::from(text)));
            }
        }
    }
}

impl Session {
    fn run(&self, runs: bool) {
        if runs {
            // SAFETY: off the main thread, as Apple asks.
            unsafe { self.0.startRunning() };
        } else {
            // SAFETY: as above.
            unsafe { self.0.stopRunning() };
        }
    }
}
