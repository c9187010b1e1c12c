"""A line between browser and server that can be slow, or cut."""

import asyncio
import threading
import time


class Line:
    """Listens on a port of its own; `rate` (bits per second up, None: all there is) may change at any time."""

    def __init__(self, target):
        self.target = target
        self.rate = None
        self.refuses = False
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        threading.Thread(target=self.serve, args=(started,), daemon=True).start()
        started.wait()

    def serve(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.accept, "127.0.0.1", 0, limit=2048))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    def cut(self):
        """Every connection breaks, without a word."""
        self.loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in list(self.writers)])

    async def accept(self, reader, writer):
        if self.refuses:
            return writer.transport.abort()
        far_reader, far_writer = await asyncio.open_connection(*self.target)
        both = {writer, far_writer}
        self.writers |= both
        up = self.carry(reader, far_writer, lambda: self.rate)
        down = self.carry(far_reader, writer, lambda: None)
        await asyncio.gather(up, down)
        self.writers -= both

    async def carry(self, reader, writer, rate):
        owed = time.monotonic()
        try:
            while data := await reader.read(1400):
                if rate():
                    owed = max(owed, time.monotonic() - 0.02) + len(data) * 8 / rate()
                    await asyncio.sleep(max(0, owed - time.monotonic()))
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()
