"""A WebSocket client that can be wrong: frames are made and read by hand (RFC 6455, 5.2), over a raw socket."""

import base64
import json
import os
import socket
import struct
import time
from dataclasses import dataclass

PATIENCE = 30  # seconds until a test that waits fails
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
TCP_CLOSED = 7  # tcp_info's tcpi_state, also in TIME-WAIT
MASK = b"\x37\xfa\x21\x3d"  # of the examples in RFC 6455, 5.7


def masked(payload, mask=MASK):
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if any(mask) else payload


def frame(opcode, payload=b"", fin=True, reserved=0, mask=MASK, form=None):
    """`reserved`: RSV1 is 4, RSV2 2, RSV3 1. `mask` None: not masked. `form`: 126 or 127, where a shorter length would do."""
    if isinstance(payload, str):
        payload = payload.encode()
    length = len(payload)
    form = form or (127 if length > 0xFFFF else 126 if length > 125 else length)
    extended = {126: struct.pack(">H", length & 0xFFFF), 127: struct.pack(">Q", length)}.get(form, b"")
    head = bytes([(128 if fin else 0) | reserved << 4 | opcode, (0 if mask is None else 128) | form]) + extended
    return head + payload if mask is None else head + mask + masked(payload, mask)


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + reason


@dataclass
class Frame:
    opcode: int
    payload: bytes
    fin: bool
    reserved: int


def is_unasked(one):
    """Whether the daemon sends such a frame by itself at any time: keep-alive, heartbeats and events, which may be compressed."""
    if one.opcode != TEXT or one.payload == b"pong":
        return one.opcode == PING
    return bool(one.reserved) or json.loads(one.payload)["type"] in ("hb", "event")


def upgrade(path, headers=()):
    """An opening handshake; a header in `headers` replaces the usual one, or with None leaves it out."""
    usual = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    usual["Sec-WebSocket-Key"] = base64.b64encode(os.urandom(16)).decode()
    lines = [f"{name}: {value}" for name, value in {**usual, **dict(headers)}.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


class RawClient:
    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(PATIENCE)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, piece=None):
        """With `piece`, in writes of that many bytes, which arrive one by one."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin in range(0, len(data), piece or max(len(data), 1)):
            self.socket.sendall(data[begin : begin + (piece or len(data))])

    def fill(self, length):
        """Whether that many bytes arrived before the end."""
        while len(self.bytes) < length:
            more = self.socket.recv(65536)
            if not more:
                return False
            self.bytes += more
        return True

    def take(self, length):
        assert self.fill(length), f"the connection ended after {self.bytes!r}"
        data, self.bytes = self.bytes[:length], self.bytes[length:]
        return data

    def response(self):
        """Status, headers (names in lower case) and body of an HTTP response."""
        while b"\r\n\r\n" not in self.bytes:
            assert self.fill(len(self.bytes) + 1), self.bytes
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return int(first.split()[1]), headers, self.take(int(headers.get("content-length", 0)))

    def frame(self):
        """The next frame; what every server must keep to is checked (RFC 6455, 5.1, 5.2, 5.5)."""
        first, second = self.take(2)
        assert second < 128, "a server does not mask"
        length = second
        if second == 126:
            length = struct.unpack(">H", self.take(2))[0]
            assert length > 125, "the shortest length"
        elif second == 127:
            length = struct.unpack(">Q", self.take(8))[0]
            assert length > 0xFFFF, "the shortest length"
        one = Frame(first & 15, self.take(length), first >= 128, first >> 4 & 7)
        assert one.opcode in (CONTINUATION, TEXT, CLOSE, PING, PONG)
        assert one.opcode < 8 or (one.fin and length <= 125 and not one.reserved)
        return one

    def frame_in_response(self):
        """The next frame but those that the daemon sends by itself at any time."""
        while is_unasked(one := self.frame()):
            pass
        return one

    def frames_until_pong(self):
        """Sends 'ping' and returns the messages before its 'pong': the connection works, and earlier messages were received.
        Omitted is what the daemon sends by itself at any time."""
        self.send(frame(TEXT, "ping"))
        before = []
        while (one := self.frame()) != Frame(TEXT, b"pong", True, 0):
            if not is_unasked(one):
                before.append(one)
        return before

    def close_code(self):
        """The code of the server's close frame (None: it has none), after which the connection ends."""
        while (one := self.frame()).opcode != CLOSE:
            pass
        assert len(one.payload) != 1
        one.payload[2:].decode()
        assert not self.fill(1), f"nothing comes after a close frame: {self.bytes!r}"
        return struct.unpack(">H", one.payload[:2])[0] if one.payload else None

    def was_reset(self):
        """Closes this side, waits for the other and returns whether it closed in order."""
        self.socket.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + PATIENCE
        while self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != TCP_CLOSED:
            assert time.monotonic() < deadline, "the connection did not end"
            time.sleep(0.01)
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def connect(daemon, path="/ws/metrics", headers=()):
    """A client after a successful upgrade; its snapshot is read."""
    client = RawClient(socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE))
    client.send(upgrade(path, headers))
    status, client.headers, _ = client.response()
    assert status == 101, client.headers
    client.snapshot = client.frame()
    return client
