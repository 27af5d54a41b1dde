"""A converter whose responses the test decides: it accepts TCP connections, splits the bytes into RTU requests, and records them."""

import os
import socket
import struct
import threading
import time
import tty

REQUEST_LENGTH = 8  # read holding registers: unit, function, first, count, CRC


def crc16(data):
    """CRC-16/Modbus, in wire order: low byte first (serial line guide V1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def request_frame(unit, first, count):
    frame = struct.pack(">BBHH", unit, 3, first, count)
    return frame + crc16(frame)


def response_frame(unit, values):
    frame = struct.pack(">BBB", unit, 3, 2 * len(values)) + struct.pack(f">{len(values)}H", *values)
    return frame + crc16(frame)


def exception_frame(unit, code):
    frame = bytes([unit, 0x83, code])
    return frame + crc16(frame)


class Request:
    def __init__(self, connection, frame):
        self.connection = connection  # counts from 0
        self.unit, _, self.first, self.count = struct.unpack(">BBHH", frame[:6])
        self.time = time.monotonic()

    def addresses(self):
        return range(self.first, self.first + self.count)

    def __repr__(self):
        return f"#{self.connection} unit {self.unit} {self.first}:{self.count}"


class Converter:
    """`answer(converter, request)` is called for each request; it may send() any bytes to the connection of the request. By
    default registers read as `registers.get((unit, address), 0)` and units that are not in `units` stay silent."""

    def __init__(self, units=(1,), registers=None, response=None):
        self.units, self.registers = set(units), registers or {}
        self.response = response or (lambda converter, request: converter.send_response(request))
        self.requests, self.connections = [], []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        # A thread that blocks in accept() keeps the socket open until it is shut down.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop_all()

    def drop_all(self):
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed by the other side

    def values(self, request):
        return [self.registers.get((request.unit, address), 0) for address in request.addresses()]

    def send(self, request, data):
        try:
            self.connections[request.connection].sendall(data)
        except OSError:
            pass  # the client has disconnected, so the response is dropped

    def send_response(self, request):
        if request.unit in self.units:
            self.send(request, response_frame(request.unit, self.values(request)))

    def seen(self, unit=None):
        with self.lock:
            return [request for request in self.requests if unit is None or request.unit == unit]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(len(self.connections) - 1,), daemon=True).start()

    def _serve(self, index):
        received = b""
        while True:
            try:
                data = self.connections[index].recv(4096)
            except OSError:
                return
            if not data:
                return
            received += data
            while len(received) >= REQUEST_LENGTH:
                frame, received = received[:REQUEST_LENGTH], received[REQUEST_LENGTH:]
                assert crc16(frame[:-2]) == frame[-2:], frame.hex()
                request = Request(index, frame)
                with self.lock:
                    self.requests.append(request)
                self.response(self, request)


class SerialBridge:
    """The near end of a pseudo terminal as one TCP port, as a converter does it; `device` is the far end."""

    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)  # until the slave program sets it: no echo
        self.device = os.ttyname(slave)
        self.slave = slave  # kept open, so that the near end stays open while the slave program starts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.clients = []
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._from_line, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            self.clients.append(client)
            threading.Thread(target=self._to_line, args=(client,), daemon=True).start()

    def _to_line(self, client):
        while data := client.recv(4096):
            os.write(self.master, data)
        self.clients.remove(client)

    def _from_line(self):
        while True:
            data = os.read(self.master, 4096)
            for client in list(self.clients):
                client.sendall(data)
