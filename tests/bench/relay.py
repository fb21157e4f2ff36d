"""A distance on loopback: passes on what comes, so many seconds later. ``python relay.py PORT TO_PORT SECONDS``."""

import asyncio
import sys


async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
    """Pass on one direction of a connection; what is on its way does not hold up what comes after it."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    delivery = asyncio.create_task(deliver(waiting, sink))
    try:
        while data := await source.read(256 * 1024):
            waiting.put_nowait((loop.time() + seconds, data))
    except ConnectionError:
        pass
    waiting.put_nowait((loop.time() + seconds, b""))
    await asyncio.gather(delivery, return_exceptions=True)


async def deliver(waiting: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter) -> None:
    """Hand over each piece when it is due; the empty one is the end."""
    loop = asyncio.get_running_loop()
    while True:
        due, data = await waiting.get()
        await asyncio.sleep(max(0.0, due - loop.time()))
        if not data:
            sink.close()
            return
        sink.write(data)
        await sink.drain()


async def relay(port: int, to: int, seconds: float) -> None:
    """Listen, and connect for each that comes."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(carry(reader, back, seconds), carry(there, writer, seconds))

    server = await asyncio.start_server(meet, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(relay(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
