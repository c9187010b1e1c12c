@_exported import Foundation
import UIKit

public struct AVLayerVideoGravity: Equatable {
    public static let resizeAspectFill = AVLayerVideoGravity()
}

open class AVCaptureVideoPreviewLayer: CALayer {
    public var videoGravity = AVLayerVideoGravity.resizeAspectFill
}
