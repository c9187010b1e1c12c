import CoreMedia
import CoreVideo
import OnairFFI

/// Where an application's own camera and microphone put their media, from any queue.
///
/// A feed may outlive its broadcast: then every push answers `.noFeed`.
public struct Feed: Sendable {
    let handle: UInt64

    /// Hands over a frame. No pixel is copied.
    @discardableResult
    public func push(video sample: CMSampleBuffer) -> Pushed {
        Pushed(onair_push_video(handle, sample))
    }

    /// Hands over a frame captured at a time of the host's clock (`CMClockGetHostTimeClock`).
    @discardableResult
    public func push(pixels: CVPixelBuffer, hostNanoseconds: Int64) -> Pushed {
        Pushed(onair_push_pixels(handle, pixels, hostNanoseconds))
    }

    /// Hands over audio: linear PCM of any layout, rate and number of channels.
    @discardableResult
    public func push(audio sample: CMSampleBuffer) -> Pushed {
        Pushed(onair_push_audio(handle, sample))
    }
}

/// The result of a push.
public enum Pushed: Sendable {
    case taken
    /// The broadcast was stopped.
    case noFeed
    /// The broadcast has no video, or no audio.
    case notWanted
    /// Not media of this kind.
    case notMedia
    /// It has no time.
    case noTime
    /// Something that cannot happen did. Please report it.
    case bug

    init(_ code: Int32) {
        switch code {
        case ONAIR_OK: self = .taken
        case ONAIR_NO_FEED: self = .noFeed
        case ONAIR_NOT_WANTED: self = .notWanted
        case ONAIR_NOT_MEDIA: self = .notMedia
        case ONAIR_NO_TIME: self = .noTime
        default: self = .bug
        }
    }
}

extension Broadcaster {
    /// Where video and audio go in. Get it once and keep it.
    public var feed: Feed {
        Feed(handle: feedHandle())
    }
}
