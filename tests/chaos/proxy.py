"""TCP proxies that can misbehave as a network does: hold back what was sent, or forget a connection without a word."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

_CHUNK = 64 * 1024


class Network:
    """The event loop of all proxies, in a thread of its own. `with Network() as network:`"""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._proxies: list[Proxy] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def proxy(self, target: int) -> "Proxy":
        """A new listener on a port of its own, which forwards to the port `target` of this machine."""
        proxy = Proxy(self, target)
        self._proxies.append(proxy)
        proxy.port = asyncio.run_coroutine_threadsafe(proxy.listen(), self._loop).result(10)
        return proxy

    def call(self, function: Callable[[], T]) -> T:
        """What `function` returns, run in the loop's thread."""

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _end(self) -> None:
        for proxy in self._proxies:
            proxy.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Proxy:
    """Forwards every connection; what is done to it concerns the connections of that moment, not later ones."""

    port: int

    def __init__(self, network: Network, target: int) -> None:
        self._network, self._target = network, target
        self._links: set[_Link] = set()

    def stall(self) -> Callable[[], None]:
        """Hold back all bytes in both directions; the function that is returned lets them go on."""
        links = self._network.call(lambda: {link for link in self._links if link.flows.is_set()})
        self._network.call(lambda: [link.flows.clear() for link in links])
        return lambda: self._network.call(lambda: [link.flows.set() for link in links]) and None

    def forget(self) -> int:
        """Forward nothing any more, not even the end: both sides are left with half a connection. Returns how many."""
        links = self._network.call(lambda: set(self._links))
        self._network.call(lambda: [link.forget() for link in links])
        return len(links)

    def cut(self) -> int:
        """Reset the connections, as a firewall does that was restarted. Returns how many."""
        links = self._network.call(lambda: set(self._links))
        self._network.call(lambda: [link.abort() for link in links])
        return len(links)

    def close(self) -> None:
        self._server.close()

    async def listen(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()  # as refused as a proxy can make it
            return
        link = _Link(writer, far_writer)
        self._links.add(link)
        pumps = [
            asyncio.ensure_future(link.pump(reader, far_writer)),
            asyncio.ensure_future(link.pump(far_reader, writer)),
        ]
        link.tasks = [asyncio.current_task(), *pumps]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # the network ends; a stream's callback would complain
        finally:
            for pump in pumps:
                pump.cancel()
            self._links.discard(link)
            link.abort()


class _Link:
    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self._writers = writers
        self.flows = asyncio.Event()
        self.flows.set()
        self._forgotten = False
        self.tasks: list[asyncio.Task[None] | None] = []
        """Held, because the loop holds them weakly: a forgotten connection would be collected, and closed."""

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while True:
                data = await reader.read(_CHUNK)
                await self.flows.wait()
                if self._forgotten:
                    await asyncio.Event().wait()
                if not data:
                    return
                writer.write(data)
                await writer.drain()

    def forget(self) -> None:
        self._forgotten = True

    def abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
