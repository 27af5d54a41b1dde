"""A controller in the test's own process that responds to every read, and disturbs the reads that the test selects."""

import socket
import struct
import threading

COUNTING = 41


def crc(data):
    """Modbus serial line guide V1.02, 6.2.2."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def rtu(unit, payload):
    frame = bytes([unit]) + payload
    return frame + crc(frame)


class ScriptedController:
    """Speaks RTU over TCP, or Modbus TCP, on a free port. Every register's value is its address, but register 41 counts
    the requests: a late answer is not taken for the copy of one with the same values.

    `on(register, fault)`: the next request that covers `register` gets `fault(controller, answer, connection)` instead
    of its answer.
    """

    def __init__(self, framing="rtu"):
        self.framing = framing
        self.requests = 0
        self.silent = False
        self._faults = {}
        self._kept = b""
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def on(self, register, fault):
        with self._lock:
            self._faults[register] = fault

    def faults_left(self):
        with self._lock:
            return len(self._faults)

    def close(self):
        for one in [self._listener, *self._connections]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def value_of(self, address):
        return self.requests if address == COUNTING else address

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        length = 8 if self.framing == "rtu" else 12
        try:
            while request := connection.recv(length, socket.MSG_WAITALL):
                if len(request) == length:
                    self._respond(request, connection)
        except OSError:
            return

    def _respond(self, request, connection):
        head, body = (b"", request) if self.framing == "rtu" else (request[:4], request[6:])
        unit, function, first, count = struct.unpack(">BBHH", body[:6])
        assert function == 3
        registers = [self.value_of(address) for address in range(first, first + count)]
        payload = bytes([3, 2 * count]) + struct.pack(f">{count}H", *registers)
        response = rtu(unit, payload) if self.framing == "rtu" else head + struct.pack(">HB", 1 + len(payload), unit) + payload
        with self._lock:
            self.requests += 1
            register = next((one for one in self._faults if first <= one < first + count), None)
            fault = self._faults.pop(register) if register is not None else None
        if self.silent:
            return
        kept, self._kept = self._kept, b""
        if fault:
            fault(self, response, connection)
        else:
            connection.sendall(kept + response)

    # Faults of RTU over TCP.

    def lose(self, response, connection):
        pass

    def spoil(self, response, connection):
        connection.sendall(response[:-1] + bytes([response[-1] ^ 0xFF]))

    def double(self, response, connection):
        connection.sendall(response + response)

    def be_late(self, response, connection):
        """It is sent right before the response to the next request."""
        self._kept = response

    def refuse_as_busy(self, response, connection):
        connection.sendall(rtu(response[0], b"\x83\x06"))

    def refuse_address(self, response, connection):
        connection.sendall(rtu(response[0], b"\x83\x02"))

    def overhear(self, response, connection):
        """A response of unit 9 with seven registers is sent first."""
        connection.sendall(rtu(9, bytes([3, 14]) + bytes(range(14))) + response)

    def reset(self, response, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
