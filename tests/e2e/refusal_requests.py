"""HTTP requests, WebSocket upgrades and WebSocket messages that gensetd refuses."""

import json
import re
import socket
import struct

from conftest import PATIENCE
from refusals import Refusal
from websocket_frames import BINARY, CLOSE, CONTINUATION, PING, TEXT, RawClient, close_payload, frame, upgrade

ADMINISTRATOR, READER = "admin-token", "read-token"
FOREIGN_ORIGIN = {"Origin": "https://evil.example"}
TEXT_OF_ANY = ["", 5, None]

SITE = {"name": "New", "code": "NEW"}
DEVICE = {"site_id": 1, "name": "New", "device_type": "generator", "ip_address": "10.0.0.9"}
TARGET = {"ip_address": "127.0.0.1"}

# Field: refused values.
SITE_FIELDS = {
    "name": [*TEXT_OF_ANY, "x" * 201, "two\nlines", " x"], "code": [*TEXT_OF_ANY, "x" * 65, "MKZ"], "network": [5, "x" * 201, "a\tb"],
    "description": [5, "x" * 2001, "\u0001"], "is_active": ["yes", 1, None], "id": [1], "created_at": ["2026-01-01T00:00:00.000Z"],
    "topology": [
        5, {}, {"blocks": []}, {"blocks": [{"gensets": [1], "x": 1}]}, {"blocks": [{"mains_device": "x", "gensets": [1]}]},
        {"blocks": [{"gensets": [0]}]}, {"blocks": [{"gensets": [1, 1]}]}, {"blocks": [{"gensets": [99]}]},
    ],
    "alarm_notes": [5, {"none": "x"}, {"alarm:": "x"}, {"site_offline": ""}, {"site_offline": "x" * 501}, {f"alarm:a.b{number}": "x" for number in range(201)}],
    "surprise": [1],
}
CONNECTION_FIELDS = {
    "ip_address": ["", 5, "10.0.0.256", "http://x", "a b", "0x7f000001", "224.0.0.1", "0.0.0.0"],
    "port": [0, 65536, "502", 1.5, None], "protocol": ["udp", 5], "slave_id": [-1, 256, "1"], "profile": ["none", 5, ""],
}
DEVICE_FIELDS = {
    **CONNECTION_FIELDS, "site_id": [0, 99, "1", None], "name": [*TEXT_OF_ANY, "x" * 201], "device_type": ["pump", 5],
    "is_active": ["yes"], "poll_interval": [0, 86401, True, "2"], "modbus_timeout": [0, 61], "retry_delay": [0, 3601],
    "offline_after": [0, 1001, 1.5], "connect_delay": [-1, 11, None], "description": [5, "x" * 2001], "rated_power_kw": [0, 100001, "x"],
    "nominal_voltage": [0, 100001], "battery_voltage": [0, 1001], "updated_at": ["2026-01-01T00:00:00.000Z"], "surprise": [1],
    "limits": [5, {"coolant_temp": {}}, {"coolant_temp": {"low": 5, "high": 5}}, {"coolant_temp": {"low": "x"}}, {"coolant_temp": {"middle": 1}}, {"none": {"low": 1}}],
    "inputs": [
        5, {"0": {"en": "x", "ru": "y"}}, {"33": {"en": "x", "ru": "y"}}, {"2": 5}, {"2": {"en": "x"}}, {"2": {"en": "", "ru": "y"}},
        {"2": {"en": "x", "ru": "y" * 101}}, {"2": {"en": "x", "ru": "y", "kind": "alarms"}}, {"2": {"en": "x", "ru": "y", "label": 1}},
    ],
}
SCAN_FIELDS = {
    **{name: CONNECTION_FIELDS[name] for name in ("ip_address", "port", "protocol")},
    "slave_ids": [5, [], "1-16", list(range(1, 18)), [1, 1], [256], [-1], ["1"], [1.5]], "slave_id": [1], "profile": ["hgm9520n"],
}
RAW_RANGES = [
    5, {}, {"address": 1}, {"address": 65536, "count": 1}, {"address": 0, "count": 126}, {"address": 0, "count": 0},
    {"address": 65535, "count": 2}, {"address": "0", "count": 1}, {"address": 0, "count": 1, "x": 1},
]
TIMES = ["yesterday", "2026-02-30T00:00:00Z", "2026-02-17T14:30:00", "2026-02-17T14:30:00.Z", ""]

QUERIES = [
    *[f"/api/metrics?{query}" for query in ("device_id=x", "device_id=0", "device_id=1&device_id=1", "device_id=99", "site_id=x", "site_id=99", "device=1", "device_id=%zz")],
    *[f"/api/devices?{query}" for query in ("site_id=x", "site_id=99", "x=1")],
    *[f"/api/history?{query}" for query in (
        "", "device_id=x&fields=gen_freq", "fields=gen_freq", "device_id=1", "device_id=99&fields=gen_freq",
        "device_id=1&fields=none", "device_id=1&fields=,", "device_id=1&fields=" + ",".join(f"f{number}" for number in range(65)),
        "device_id=1&fields=gen_freq&points=0", "device_id=1&fields=gen_freq&points=2001",
        "device_id=1&fields=gen_freq&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "device_id=1&fields=gen_freq&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z",
        *[f"device_id=1&fields=gen_freq&from={time}" for time in TIMES],
    )],
    *[f"/api/events?{query}" for query in (
        "site_id=x", "device_id=0", "kind=none", "priority=0", "priority=5", "state=open", "limit=0", "limit=1001",
        "cursor=x", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "page=1", *[f"to={time}" for time in TIMES],
    )],
    "/metrics?devices=yes", "/metrics?x=1",
]
MISSING = [
    ("GET", "/nothing"), ("GET", "/api/nothing"), ("GET", "/api/sites/99"), ("GET", "/api/sites/x"), ("GET", "/api/sites/0"),
    ("GET", "/api/sites/1/x"), ("PATCH", "/api/sites/99"), ("DELETE", "/api/sites/99"), ("GET", "/api/devices/99"), ("GET", "/api/devices/x"),
    ("PATCH", "/api/devices/99"), ("DELETE", "/api/devices/99"), ("GET", "/api/devices/99/diagnostics"),
    ("GET", "/api/profiles/none"), ("DELETE", "/api/profiles/none"), ("POST", "/api/events/1/ack"), ("POST", "/api/events/x/ack"),
]
UPGRADES = [
    ("/ws/other", {}), *[(f"/ws/metrics?devices={ids}", {}) for ids in ("", "1,", "x", "0", "-1", "1&devices=2")],
    ("/ws/metrics?device=1", {}), ("/ws/metrics?proto=3", {}), ("/ws/metrics?proto=", {}), ("/ws/metrics?devices=%zz", {}),
    ("/ws/metrics", {"Authorization": None}), ("/ws/metrics", {"Authorization": "Bearer wrong"}),
    ("/ws/metrics", {"Authorization": None, "Sec-WebSocket-Protocol": "gensetd, gensetd.token.d3Jvbmc"}), ("/ws/metrics", {"Sec-WebSocket-Version": "8"}),
    ("/ws/metrics", {"Sec-WebSocket-Version": None}), ("/ws/metrics", {"Sec-WebSocket-Key": None}), ("/ws/metrics", {"Sec-WebSocket-Key": "short"}),
    ("/ws/metrics", {"Upgrade": None}), ("/ws/metrics", {"Upgrade": "h2c"}), ("/ws/metrics", {"Connection": None}),
    ("/ws/metrics", {"Host": None}), ("/ws/metrics", FOREIGN_ORIGIN),
]
MESSAGES = [
    "hello", "", "{", "[]", "5", "{}", '{"type":5}', '{"type":"none"}', '{"type":"resync","x":1}', '{"type":"sub","x":1}',
    '{"type":"sub","devices":5}', '{"type":"sub","devices":[0]}', '{"type":"sub","devices":["1"]}', '{"type":"sub","devices":[99]}',
    '{"type":"sub","devices":[1.5]}', '{"type":"sub","view":"small"}', '{"type":"sub","view":1}',
    '{"type":"sub","max_hz":0}', '{"type":"sub","max_hz":1000}', '{"type":"sub","max_hz":"1"}', "[" * 9, '{"type":"sub"} {}',
]
FRAMES = {
    "binary message": frame(BINARY, b"\0"), "unmasked frame": frame(TEXT, "ping", mask=None),
    "reserved bit": frame(TEXT, "ping", reserved=4), "reserved opcode": frame(3), "continuation of nothing": frame(CONTINUATION, "x"),
    "message inside a fragmented message": frame(TEXT, "pi", fin=False) + frame(TEXT, "ng"), "control frame of 126 bytes": frame(PING, b"x" * 126),
    "fragmented ping": frame(PING, fin=False), "text that is not UTF-8": frame(TEXT, b"\xff"),
    "message of 4097 bytes": frame(TEXT, "x" * 4097), "close frame of 1 byte": frame(CLOSE, b"x"),
    "close code 999": frame(CLOSE, close_payload(999)), "close reason that is not UTF-8": frame(CLOSE, close_payload(1000, b"\xff")),
}


def shown(data):
    """Bytes as a short text on one line."""
    text = data if isinstance(data, str) else data.decode("latin-1")
    text = json.dumps(re.sub(r"(.)\1{30,}", lambda run: f"{run[1]}…{len(run[0])}", text), ensure_ascii=False)
    return text[1:-1].replace('\\"', '"')


def request_bytes(method, target, body=None, headers=None):
    """A header of None is left out. `body`: bytes, or a value to send as JSON."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    usual = {"Host": "localhost", "Authorization": f"Bearer {ADMINISTRATOR}", "Connection": "close"}
    if body is not None:
        usual |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in {**usual, **(headers or {})}.items() if value is not None]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode() + (body or b"")


def verdict_of(status, body):
    error = json.loads(body)["error"] if body.startswith(b'{"error"') else {}
    return Refusal(" ".join(str(part) for part in (status, error.get("code"), error.get("field")) if part is not None), error.get("message", ""))


class RefusalRecorder:
    """Sends requests to one daemon and keeps what was refused: {input: Refusal}."""

    def __init__(self, daemon, hidden=()):
        self.daemon = daemon
        self.hidden = hidden  # values that differ in each run, and their placeholders
        self.found = {}

    def keep(self, given, refusal):
        for value, name in self.hidden:
            given, refusal = given.replace(value, name), Refusal(refusal.verdict, refusal.text.replace(value, name))
        assert given not in self.found, f"requested twice: {given}"
        self.found[given] = refusal

    def exchange(self, data, source="127.0.0.1"):
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=PATIENCE, source_address=(source, 0)) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        assert head, "no response"
        return verdict_of(int(head.split()[1]), body)

    def request(self, method, target, body=None, headers=None):
        parts = [method, target, "" if body is None else shown(body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False))]
        parts += [f"[{name}: {'-' if value is None else shown(value)}]" for name, value in (headers or {}).items()]
        self.keep(" ".join(part for part in parts if part), self.exchange(request_bytes(method, target, body, headers)))

    def raw(self, name, data):
        self.keep(f"{name}: {shown(data)}", self.exchange(data))

    def upgrade(self, path, headers):
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=PATIENCE) as connection:
            client = RawClient(connection)
            client.send(upgrade(path, {"Authorization": f"Bearer {ADMINISTRATOR}", **headers}))
            status, _, body = client.response()
        self.keep(" ".join([f"upgrade {path}", *[f"[{name}: {value or '-'}]" for name, value in headers.items()]]), verdict_of(status, body))

    def frames(self, name, data):
        """On the dashboard's protocol: the error message, or the close frame."""
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=PATIENCE) as connection:
            client = RawClient(connection)
            client.send(upgrade("/ws/metrics?proto=2", {"Authorization": f"Bearer {ADMINISTRATOR}"}))
            assert client.response()[0] == 101
            client.send(data)
            while True:
                one = client.frame()
                if one.opcode == CLOSE:
                    code = struct.unpack(">H", one.payload[:2])[0] if one.payload else "without code"
                    return self.keep(name, Refusal(f"close {code}", one.payload[2:].decode()))
                message = json.loads(one.payload) if one.opcode == TEXT else {}
                if message.get("type") == "error":
                    return self.keep(name, Refusal(f"error {message['code']}", message["message"]))


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


def filled(path):
    return re.sub(r"\{\w+\}", lambda part: "hgm9520n" if "profiles" in path else "1", path)


def refuse_routes(recorder, description):
    """Each route: without a token, with one that only reads, an unknown parameter, a method that it does not support."""
    for path, methods in description["paths"].items():
        for method in sorted(method.upper() for method in methods if method in ("get", "post", "put", "patch", "delete")):
            is_open = path.startswith("/health") or path == "/api/docs"
            if path == "/ws/metrics":
                continue
            if not is_open:
                recorder.request(method, filled(path), headers={"Authorization": None})
            if method != "GET":
                recorder.request(method, filled(path), headers={"Authorization": f"Bearer {READER}"})
                recorder.request(method, filled(path), headers=FOREIGN_ORIGIN)
            elif path != "/api/docs":
                recorder.request(method, filled(path) + "?unknown=1")
        recorder.request("POST" if "put" in methods else "PUT", filled(path))


def refuse_profiles(recorder):
    """Uploads and removals of register maps."""
    toml = {"Content-Type": "application/toml"}
    mine = b'name = "mine"\nextends = "hgm9520n"\n'
    for name in ("Mine", "a.b", "x" * 65, "hgm9520n", "other"):
        recorder.request("PUT", f"/api/profiles/{name}", mine, toml)
    for body in (b"", b"[", b"name = 5", b"\xff", mine + b"x = 1\n", mine + b'protocol = "udp"\n', mine.replace(b"hgm9520n", b"none"), mine.replace(b"hgm9520n", b"mine")):
        recorder.request("PUT", "/api/profiles/mine", body, toml)
    recorder.request("PUT", "/api/profiles/mine", mine)
    recorder.request("PUT", "/api/profiles/mine", mine, {"Content-Type": None})
    recorder.request("PUT", "/api/profiles/mine", b" " * 262_145, toml)
    for query in ("force=2", "force=", "x=1"):
        recorder.request("PUT", f"/api/profiles/mine?{query}", mine, toml)
        recorder.request("DELETE", f"/api/profiles/mine?{query}")
    for name in ("hgm9520n", "hgm9560?force=1"):
        recorder.request("DELETE", f"/api/profiles/{name}")


def refuse_bodies(recorder, alarm, event):
    for method, path, sound in (
        ("POST", "/api/sites", SITE), ("POST", "/api/devices", DEVICE), ("POST", "/api/devices/test-connection", TARGET),
        ("POST", "/api/devices/read", TARGET), ("POST", "/api/scan", TARGET), ("PATCH", "/api/sites/1", {}), ("PATCH", "/api/devices/1", {}),
    ):
        for body in (b"", b"{", b"[]", b"5", b'{"name":"\xff"}', b"{} {}", b"[" * 40):
            recorder.request(method, path, body)
        recorder.request(method, path, sound, {"Content-Type": "text/plain"})
        recorder.request(method, path, sound, {"Content-Type": None})
    for name in SITE:
        recorder.request("POST", "/api/sites", without(SITE, name))
    for name in DEVICE:
        recorder.request("POST", "/api/devices", without(DEVICE, name))
    for name, values in SITE_FIELDS.items():
        for value in values:
            recorder.request("POST", "/api/sites", {**SITE, name: value})
        recorder.request("PATCH", "/api/sites/2", {name: values[-1]})
    for name, values in DEVICE_FIELDS.items():
        if name == "ip_address":
            values = values[:-2]  # a refused address is only found when the device is polled
        for value in values:
            recorder.request("POST", "/api/devices", {**DEVICE, name: value})
        recorder.request("PATCH", "/api/devices/1", {name: values[-1]})
    for slave_id in (0, 248):
        recorder.request("POST", "/api/devices", {**DEVICE, "protocol": "rtu_over_tcp", "slave_id": slave_id})
    for path in ("/api/devices/test-connection", "/api/devices/read"):
        recorder.request("POST", path, {})
        for name, values in {**CONNECTION_FIELDS, "surprise": [1]}.items():
            for value in values:
                recorder.request("POST", path, {**TARGET, name: value})
    recorder.request("POST", "/api/scan", {})
    for name, values in SCAN_FIELDS.items():
        for value in values:
            recorder.request("POST", "/api/scan", {**TARGET, name: value})
    recorder.request("POST", "/api/scan", {**TARGET, "protocol": "rtu_over_tcp", "slave_ids": [248]})
    for value in RAW_RANGES:
        recorder.request("POST", "/api/devices/read", {**TARGET, "raw": value})
    recorder.request("PATCH", "/api/devices/3", {"name": "x"})  # its row is damaged
    recorder.request("DELETE", "/api/sites/1")
    recorder.request("DELETE", "/api/devices/1")
    recorder.request("PATCH", "/api/devices/1", {"site_id": 2})
    for body in ({"by": ""}, {"by": 5}, {"by": "x" * 101}, {"who": "x"}, b"[]"):
        recorder.request("POST", f"/api/events/{alarm}/ack", body)
    recorder.request("POST", f"/api/events/{alarm}/ack", {})  # it is acknowledged already
    recorder.request("POST", f"/api/events/{event}/ack", {})  # it is no alarm


def refuse_headers(recorder):
    for token in ("Bearer wrong", f"Basic {ADMINISTRATOR}", f"bearer{ADMINISTRATOR}", "Bearer "):
        recorder.request("GET", "/api/sites", headers={"Authorization": token})
    recorder.request("OPTIONS", "/api/sites", headers={**FOREIGN_ORIGIN, "Access-Control-Request-Method": "POST"})
    recorder.request("POST", "/", {})
    recorder.request("GET", "/ws/metrics")
    recorder.request("POST", "/api/devices", b" " * 65537)
    recorder.request("GET", "/", headers={"X-Long": "a" * 17000})
    recorder.request("POST", "/api/sites", b"{}", {"Content-Length": "+2"})
    recorder.request("POST", "/api/sites", b"{}", {"Transfer-Encoding": "gzip", "Content-Length": None})
    for host in (None, "a b", "host:port", "user@host"):
        recorder.request("GET", "/api/devices", headers={"Host": host})
    for target in ("nothing", "*", "ftp://localhost/", "http:///x", "http://user@localhost/"):
        recorder.request("GET", target)
    recorder.raw("two hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")
    recorder.raw("no request", b"hello\r\n\r\n")
    recorder.raw("no version", b"GET /\r\n\r\n")
    recorder.raw("version 3", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n")
    recorder.raw("space in a header's name", b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n")
    recorder.raw("bad chunk", b"POST /api/sites HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")


def refuse_by_limits(recorder):
    """A daemon without tokens, with two connections, one WebSocket and a second for a request."""
    recorder.request("GET", "/api/sites", headers={"Host": "evil.example"})
    recorder.request("POST", "/api/sites", SITE, {"Host": "evil.example"})
    recorder.request("POST", "/api/sites", SITE, FOREIGN_ORIGIN)
    recorder.request("POST", "/api/devices/test-connection", TARGET)  # loopback addresses are not allowed
    recorder.request("POST", "/api/devices/read", TARGET)
    recorder.request("POST", "/api/scan", TARGET)
    recorder.upgrade("/ws/metrics", {"Host": "evil.example"})
    recorder.raw("request that does not end", b"GET / HTTP/1.1\r\nHost: a\r\n")
    with socket.create_connection(("127.0.0.1", recorder.daemon.port), timeout=PATIENCE) as connection:
        RawClient(connection).send(upgrade("/ws/metrics"))
        connection.recv(1)
        recorder.upgrade("/ws/metrics?devices=1", {})
        with socket.create_connection(("127.0.0.1", recorder.daemon.port), timeout=PATIENCE, source_address=("127.0.0.2", 0)):
            recorder.keep("second connection from 127.0.0.2", recorder.exchange(request_bytes("GET", "/health"), "127.0.0.2"))
            with socket.create_connection(("127.0.0.1", recorder.daemon.port), timeout=PATIENCE):
                recorder.keep("connection beyond HTTP_CONNECTIONS_MAX", recorder.exchange(request_bytes("GET", "/health")))
