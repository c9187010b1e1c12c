// Uses the package as an app does, wherever there is a Swift compiler: `main URL`, where a server
// listens at the URL. What needs a camera or Apple's buffers is compiled elsewhere and not run.
import Foundation
import Onair

let key = "KEY-THAT-NOBODY-SEES"

func expect(_ isSo: Bool, _ what: String) {
    guard isSo else {
        print("FAIL  \(what)")
        exit(1)
    }
    print("ok    \(what)")
}

func refusal(_ act: () throws -> Void) -> String {
    do {
        try act()
        return ""
    } catch {
        return error.localizedDescription
    }
}

func config(_ url: String) -> BroadcastConfig {
    BroadcastConfig(
        destinations: [Destination(url: url, key: key)],
        video: VideoConfig(width: 320, height: 180),
        audio: AudioConfig())
}

let destination = Destination(url: "rtmp://live.example/app", key: key)
expect(!"\(destination) \(String(reflecting: destination))".contains(key), "a destination prints no key")

let wrong = refusal { _ = try Broadcaster.start(config: config("http://live.example/app")) }
expect(wrong.contains("rtmp") && !wrong.contains(key), "a wrong URL is refused: \(wrong)")

let elsewhere = refusal { _ = try Studio.open(config: StudioConfig(facing: .back, rotation: .quarter)) }
expect(elsewhere.contains("iPhone"), "no camera here: \(elsewhere)")

let broadcaster = try Broadcaster.start(config: config(CommandLine.arguments[1]))
try broadcaster.setVideoBitrate(bits: 300_000)
broadcaster.mute(muted: true)

var wasLive = false
var report: Report?
for await event in broadcaster.events() {
    switch event {
    case .live:
        wasLive = true
        // Nothing is pushed: black and silence go out.
        while (broadcaster.stats().video?.frames ?? 0) < 2 {
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        broadcaster.stop()
    case .ended(let whole):
        report = whole
    default:
        break
    }
}
expect(wasLive, "it went live")
expect(report?.outcome == .stopped, "it ended as asked: \(String(describing: report?.reason))")
