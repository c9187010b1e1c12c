@_exported import CoreMedia
@_exported import Foundation

public enum RPSampleBufferType: Int {
    case video = 1
    case audioApp, audioMic
}

open class RPBroadcastSampleHandler {
    public init() {}

    open func broadcastStarted(withSetupInfo setupInfo: [String: NSObject]?) {}
    open func processSampleBuffer(_ sampleBuffer: CMSampleBuffer, with sampleBufferType: RPSampleBufferType) {}
    open func broadcastFinished() {}
    public func finishBroadcastWithError(_ error: Error) {}
}
