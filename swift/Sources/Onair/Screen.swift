#if os(iOS)
import CoreMedia
import OnairFFI
import ReplayKit

extension Feed {
    /// Hands over what a broadcast upload extension is given.
    @discardableResult
    public func push(screen sample: CMSampleBuffer, kind: RPSampleBufferType) -> Pushed {
        Pushed(onair_push_screen(handle, sample, Int32(kind.rawValue)))
    }
}
#endif
