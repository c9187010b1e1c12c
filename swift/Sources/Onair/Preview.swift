#if os(iOS)
import AVFoundation
import OnairFFI
import SwiftUI
import UIKit

/// What a studio's camera sees: `StudioPreview(studio: studio)`.
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
    override public class var layerClass: AnyClass {
        AVCaptureVideoPreviewLayer.self
    }

    /// Shows what this studio's camera sees.
    public func show(_ studio: Studio) {
        guard let layer = layer as? AVCaptureVideoPreviewLayer,
            let pointer = onair_studio_session(studio.previewHandle())
        else { return }
        let session = Unmanaged<AVCaptureSession>.fromOpaque(pointer).takeRetainedValue()
        layer.videoGravity = .resizeAspectFill
        if layer.session !== session {
            layer.session = session
        }
    }
}
#endif
