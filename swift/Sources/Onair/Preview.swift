#if os(iOS)
import AVFoundation
import OnairFFI
import SwiftUI
import UIKit

/// What a studio's camera sees: `StudioPreview(studio: studio)`. What it shows is upright, and the
/// studio's pictures are turned as it is; while on air theirs wait for the show's end.
public struct StudioPreview: UIViewRepresentable {
    private let studio: Studio

    public init(studio: Studio) {
        self.studio = studio
    }

    public func makeUIView(context: Context) -> StudioPreviewView {
        let view = StudioPreviewView()
        view.show(studio)
        return view
    }

    public func updateUIView(_ view: StudioPreviewView, context: Context) {
        view.show(studio)
    }
}

/// The same for UIKit. It does not keep the studio alive.
public final class StudioPreviewView: UIView {
    private weak var studio: Studio?
    private var turned: Rotation?
    private var observers: [NSObjectProtocol] = []

    override public class var layerClass: AnyClass {
        AVCaptureVideoPreviewLayer.self
    }

    override public init(frame: CGRect) {
        super.init(frame: frame)
        (layer as? AVCaptureVideoPreviewLayer)?.videoGravity = .resizeAspectFill
        UIDevice.current.beginGeneratingDeviceOrientationNotifications()
        observers = [
            // Named as the system does: SDKs differ in what Swift calls them.
            observe(Notification.Name("AVCaptureSessionDidStartRunningNotification")) { $0.reconnected() },
            observe(Notification.Name("AVCaptureInputPortFormatDescriptionDidChangeNotification")) { $0.reconnected() },
            // From one side to the other nothing is laid out anew.
            observe(UIDevice.orientationDidChangeNotification) { $0.changed() },
        ]
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) {
        fatalError("it is made in code")
    }

    deinit {
        observers.forEach(NotificationCenter.default.removeObserver)
        DispatchQueue.main.async { UIDevice.current.endGeneratingDeviceOrientationNotifications() }
    }

    /// Shows what this studio's camera sees.
    public func show(_ studio: Studio) {
        if self.studio !== studio {
            self.studio = studio
            turned = nil
        }
        level()
    }

    override public func layoutSubviews() {
        super.layoutSubviews()
        changed()
    }

    override public func didMoveToWindow() {
        super.didMoveToWindow()
        changed()
    }

    private func observe(
        _ name: Notification.Name, _ act: @escaping @MainActor (StudioPreviewView) -> Void
    ) -> NSObjectProtocol {
        NotificationCenter.default.addObserver(forName: name, object: nil, queue: .main) {
            [weak self] _ in
            MainActor.assumeIsolated { if let self { act(self) } }
        }
    }

    /// The layer has another connection, which is not turned yet; and a turn that waits for the
    /// show's end is forgotten with the camera it was for.
    private func reconnected() {
        turned = nil
        changed()
    }

    /// Now, and again after the animation: the angle may be known only then.
    private func changed() {
        level()
        again(after: 0.5)
    }

    private func again(after seconds: Double) {
        DispatchQueue.main.asyncAfter(deadline: .now() + seconds) { [weak self] in self?.level() }
    }

    /// A view in no window has no orientation.
    private func level() {
        guard let studio, let scene = window?.windowScene else { return }
        let interface = Int32(scene.interfaceOrientation.rawValue)
        let layer = Unmanaged.passUnretained(layer).toOpaque()
        let answer = onair_studio_show(studio.previewHandle(), layer, interface)
        if answer == ONAIR_BUSY {
            again(after: 0.05)
        } else if let rotation = Rotation(degrees: answer), rotation != turned {
            turned = rotation
            studio.turn(rotation: rotation)
        }
    }
}

extension Rotation {
    fileprivate init?(degrees: Int32) {
        switch degrees {
        case 0: self = .unturned
        case 90: self = .quarter
        case 180: self = .half
        case 270: self = .threeQuarters
        default: return nil
        }
    }
}
#endif
