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

/// The same for UIKit.
public final class StudioPreviewView: UIView {
    private var studio: Studio?
    private var turned: Rotation?
    private var observers: [NSObjectProtocol] = []

    override public class var layerClass: AnyClass {
        AVCaptureVideoPreviewLayer.self
    }

    override public init(frame: CGRect) {
        super.init(frame: frame)
        (layer as? AVCaptureVideoPreviewLayer)?.videoGravity = .resizeAspectFill
        // Then the layer has another connection, which is not turned yet.
        let changes: [Notification.Name] = [
            .AVCaptureSessionDidStartRunning, .AVCaptureInputPortFormatDescriptionDidChange,
        ]
        observers = changes.map { change in
            NotificationCenter.default.addObserver(forName: change, object: nil, queue: .main) {
                [weak self] _ in
                MainActor.assumeIsolated { self?.level() }
            }
        }
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) {
        fatalError("it is made in code")
    }

    deinit {
        observers.forEach(NotificationCenter.default.removeObserver)
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
        level()
    }

    override public func didMoveToWindow() {
        super.didMoveToWindow()
        level()
    }

    private func level() {
        guard let studio else { return }
        let interface = window?.windowScene?.interfaceOrientation ?? .portrait
        let layer = Unmanaged.passUnretained(layer).toOpaque()
        let answer = onair_studio_show(studio.previewHandle(), layer, Int32(interface.rawValue))
        if answer == ONAIR_BUSY {
            DispatchQueue.main.asyncAfter(deadline: .now() + 0.05) { [weak self] in self?.level() }
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
