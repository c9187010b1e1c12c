/// What happens to a broadcast, in order: `for await event in broadcaster.events()`.
extension Events: AsyncSequence {
    public typealias Element = Event

    public struct Iterator: AsyncIteratorProtocol {
        let events: Events

        public mutating func next() async -> Event? {
            await events.next()
        }
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(events: self)
    }
}

/// What happens in a studio, in order: `for await event in studio.events()`.
extension StudioEvents: AsyncSequence {
    public typealias Element = StudioEvent

    public struct Iterator: AsyncIteratorProtocol {
        let events: StudioEvents

        public mutating func next() async -> StudioEvent? {
            await events.next()
        }
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(events: self)
    }
}
