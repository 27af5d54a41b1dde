"""Thousands of WebSocket clients in one thread, some of which stop reading. They parse only the needed part of a message."""

import asyncio
import re
import socket
import struct
import threading

from peer_faults import UPGRADE
from observers import Background

CONNECTING_MAX = 50  # at a time
SMALL_BUFFER = 65_536  # bytes; smaller ones make a snapshot of many devices slow
READING = re.compile(rb'"device_id":(\d+),"site_code":"[^"]*","device_type":"[^"]*","timestamp":"([^"]*)"')
PING, CLOSE = 0x9, 0x8
EMPTY_PONG = b"\x8a\x80\0\0\0\0"  # masked, as a client's are (RFC 6455, 5.1)


class LightClient(asyncio.Protocol):
    """`newest`: the timestamp of the newest reading that it received of each device."""

    def __init__(self, devices, is_slow=False):
        self.devices, self.is_slow = devices, is_slow
        self.newest = dict.fromkeys(devices, "")
        self.received = bytearray()
        self.is_open = False
        self.snapshot = None  # a future
        self.closed = None  # why

    def knows(self, timestamps):
        return all(self.newest[device] >= timestamps[device] for device in self.devices)

    def connection_made(self, transport):
        self.transport = transport
        target = b"/ws/metrics?devices=" + ",".join(map(str, self.devices)).encode()
        transport.write(UPGRADE.replace(b"/ws/metrics", target))

    def connection_lost(self, error):
        self.closed = self.closed or repr(error)
        if not self.snapshot.done():
            self.snapshot.set_exception(ConnectionError(self.closed))
            self.snapshot.exception()  # when all end, it is not awaited any more

    def data_received(self, data):
        self.received += data
        begin = 0
        if not self.is_open:
            begin = self.received.find(b"\r\n\r\n") + 4
            if begin < 4:
                return
            self.is_open = self.received.startswith(b"HTTP/1.1 101")
            if not self.is_open:
                self.closed = self.received.decode()
                self.transport.abort()
                return
        while (end := self._frame_end(begin)) is not None:
            begin = end
        del self.received[:begin]

    def _frame_end(self, begin):
        """Reads the frame at this offset, if it is complete. A server's is not masked, and gensetd's are whole messages
        (RFC 6455, 5.2)."""
        left = len(self.received) - begin
        if left < 2 or (self.received[begin + 1] >= 126 and left < 10):
            return None  # not all of a head
        length, payload = self.received[begin + 1], begin + 2
        if length == 126:
            length, payload = struct.unpack_from(">H", self.received, payload)[0], payload + 2
        elif length == 127:
            length, payload = struct.unpack_from(">Q", self.received, payload)[0], payload + 8
        end = payload + length
        if len(self.received) < end:
            return None
        opcode = self.received[begin] & 0xF
        if opcode == PING:
            self.transport.write(EMPTY_PONG)
        elif opcode == CLOSE:
            self.closed = f"closed by the server: {bytes(self.received[payload:end])!r}"
        else:
            self._receive(payload, end)
        return end

    def _receive(self, begin, end):
        for device, timestamp in READING.findall(self.received, begin, end):
            self.newest[int(device)] = max(self.newest[int(device)], timestamp.decode())
        if not self.snapshot.done():
            self.snapshot.set_result(None)
            if self.is_slow:
                self.transport.pause_reading()


class ManyClients(Background):
    """`watched`: for each client that reads, its devices; `slow` more watch `slow_devices`, and read nothing behind
    their snapshot until let_read()."""

    def __init__(self, port, watched, slow_devices, slow):
        super().__init__()
        self.port = port
        self.readers = [LightClient(devices) for devices in watched]
        self.slow = [LightClient(slow_devices, is_slow=True) for _ in range(slow)]
        self.connected = 0
        self.may_read = threading.Event()

    def let_read(self):
        self.may_read.set()

    def run(self):
        asyncio.run(self._run())

    async def _run(self):
        turns = asyncio.Semaphore(CONNECTING_MAX)
        await asyncio.gather(*[self._connect(client, turns) for client in [*self.readers, *self.slow]])
        while not self.ending.is_set():
            await asyncio.sleep(0.1)
            if self.may_read.is_set():
                for client in self.slow:
                    client.transport.resume_reading()
        for client in [*self.readers, *self.slow]:
            client.transport.abort()

    async def _connect(self, client, turns):
        loop = asyncio.get_running_loop()
        client.snapshot = loop.create_future()
        async with turns:
            one = socket.socket()
            if client.is_slow:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            one.setblocking(False)
            await loop.sock_connect(one, ("127.0.0.1", self.port))
            await loop.create_connection(lambda: client, sock=one)
            await client.snapshot
            self.connected += 1
