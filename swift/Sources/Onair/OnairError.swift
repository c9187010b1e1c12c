import Foundation

extension OnairError: LocalizedError {
    /// One sentence, with the cure if there is one; never a key or a password.
    public var errorDescription: String? {
        switch self {
        case .Destination(let message): return message
        case .Config(let message): return message
        case .Unavailable(let message): return message
        case .Start(let message): return message
        }
    }
}
