@_exported import Foundation

open class CALayer {
    public init() {}
}

public enum UIInterfaceOrientation: Int {
    case unknown, portrait, portraitUpsideDown, landscapeRight, landscapeLeft
}

@MainActor
public final class UIDevice {
    public static let current = UIDevice()
    public nonisolated static let orientationDidChangeNotification = Notification.Name("")

    public func beginGeneratingDeviceOrientationNotifications() {}
    public func endGeneratingDeviceOrientationNotifications() {}
}

@MainActor
open class UIWindowScene {
    public var interfaceOrientation: UIInterfaceOrientation { .unknown }
}

@MainActor
open class UIWindow {
    public var windowScene: UIWindowScene? { nil }
}

@MainActor
open class UIView {
    open class var layerClass: AnyClass { CALayer.self }
    public let layer = CALayer()
    public var window: UIWindow? { nil }

    public init(frame: CGRect) {}
    public convenience init() { self.init(frame: .zero) }
    public required init?(coder: NSCoder) {}

    open func layoutSubviews() {}
    open func didMoveToWindow() {}
}
