"""A controller with identifiable register values on its own port, which produces every fault of a TCP peer."""

import socket
import struct
import threading
import time

from pattern import value_at
from scripted_controller import rtu

LENGTHS = {"rtu": 8, "tcp": 12}
BYTE_EVERY = 0.01  # seconds
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets


class FaultyController:
    """Modbus TCP or RTU over TCP. set_fault() applies to present and future connections, until it is
    changed: `none`; `vanished`, nobody listens; `deaf`, connections are taken and nothing is read; `silent`, requests are
    read; `half_closed`, it sends its end in place of an answer; `drop_by_drop`, a byte at a time; `endless`, an answer
    has no end; `torn`, a reset in the middle of a response; `cut`, the end in the middle of a response."""

    FAULTS = ["vanished", "deaf", "silent", "half_closed", "drop_by_drop", "endless", "torn", "cut"]

    def __init__(self, framing, unit):
        self.framing, self.unit = framing, unit
        self.fault = "none"
        self.connections = []
        self.closing = False
        self.port = 0
        self._listen()

    def set_fault(self, fault):
        was_gone = self.fault == "vanished"
        self.fault = fault
        if fault == "vanished":
            self._end_listening()
        elif was_gone:
            self._listen()

    def close(self):
        if self.fault != "vanished":
            self._end_listening()

    def _listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _end_listening(self):
        # A thread that blocks in accept() keeps the socket open until it is shut down.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed by the other side
        self.connections = []

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections = [one for one in self.connections if one.fileno() != -1] + [connection]
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        length = LENGTHS[self.framing]
        try:
            with connection:
                while request := connection.recv(length, socket.MSG_WAITALL):
                    while self.fault == "deaf":
                        time.sleep(0.05)
                    if len(request) < length or not self._send(connection, self._respond(request)):
                        return
        except OSError:
            return

    def _respond(self, request):
        head, body = (b"", request) if self.framing == "rtu" else (request[:4], request[6:])
        unit, function, first, count = struct.unpack(">BBHH", body[:6])
        assert (unit, function) == (self.unit, 3)
        now_ms = time.time_ns() // 1_000_000
        registers = [value_at(unit, address, now_ms) for address in range(first, first + count)]
        payload = bytes([3, 2 * count]) + struct.pack(f">{count}H", *registers)
        return rtu(unit, payload) if self.framing == "rtu" else head + struct.pack(">HB", 1 + len(payload), unit) + payload

    def _send(self, connection, response):
        """Whether the connection continues."""
        fault = self.fault
        if fault == "silent":
            return True
        if fault == "half_closed":
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
            return False
        if fault in ("torn", "cut"):
            connection.sendall(response[: len(response) // 2])
            if fault == "torn":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return False
        if fault == "drop_by_drop":
            for place in range(len(response)):
                connection.sendall(response[place : place + 1])
                if self.fault == fault:
                    time.sleep(BYTE_EVERY)
            return True
        while fault == "endless" and self.fault == fault:
            connection.sendall(response * 20)
        if fault == "endless":
            return False  # bytes in the kernel's buffers are not a response to a later request
        connection.sendall(response)
        return True
