// A broadcast upload extension: the whole screen on air. Add it as the principal class of a
// "Broadcast Upload Extension" target that links Onair. It may use 50 MB, all told.
import Onair
import ReplayKit

final class SampleHandler: RPBroadcastSampleHandler {
    private var broadcaster: Broadcaster?
    private var feed: Feed?

    override func broadcastStarted(withSetupInfo setupInfo: [String: NSObject]?) {
        // From the app, by an app group or the setup info: never in the source.
        let url = setupInfo?["url"] as? String ?? ""
        let key = setupInfo?["key"] as? String
        let config = BroadcastConfig(
            destinations: [Destination(url: url, key: key)],
            video: VideoConfig(width: 720, height: 1280),
            audio: AudioConfig()
        )
        do {
            let broadcaster = try Broadcaster.start(config: config)
            feed = broadcaster.feed
            self.broadcaster = broadcaster
        } catch {
            finishBroadcastWithError(error)
        }
    }

    override func processSampleBuffer(
        _ sample: CMSampleBuffer, with type: RPSampleBufferType
    ) {
        feed?.push(screen: sample, kind: type)
    }

    override func broadcastFinished() {
        broadcaster?.stop()
    }
}
