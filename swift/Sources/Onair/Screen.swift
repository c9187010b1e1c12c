#if os(iOS)
import CoreMedia
import OnairFFI
import ReplayKit

extension Feed {
    /// Hands over a sample that a broadcast upload extension got.
    @discardableResult
    public func push(screen sample: CMSampleBuffer, kind: RPSampleBufferType) -> Pushed {
        Pushed(onair_push_screen(handle, sample, Int32(kind.rawValue)))
    }
}
#endif
