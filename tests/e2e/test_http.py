"""REST and WebSocket at their edges: bad input, doors, limits, and slow clients."""

import asyncio
import json
import re
import socket
from datetime import datetime, timedelta, timezone

import pytest
import requests
import websockets
from conftest import free_port, wait_until
from metrics_text import of, samples


@pytest.fixture
def daemon(start_daemon):
    daemon = start_daemon()
    daemon.add_site()
    return daemon


def error_of(response):
    body = response.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "field"}, body
    assert "\n" not in body["error"]["message"]
    return body["error"]


DEVICE = {"site_id": 1, "name": "G", "device_type": "generator", "ip_address": "10.0.0.1"}


@pytest.mark.parametrize(
    "change, field",
    [
        ({"site_id": 99}, "site_id"), ({"name": ""}, "name"), ({"name": 5}, "name"), ({"device_type": "pump"}, "device_type"),
        ({"ip_address": "10.0.0.256"}, "ip_address"), ({"ip_address": "http://x"}, "ip_address"), ({"port": 0}, "port"), ({"port": 65536}, "port"),
        ({"port": "502"}, "port"), ({"protocol": "udp"}, "protocol"), ({"slave_id": 256}, "slave_id"), ({"slave_id": 0, "protocol": "rtu_over_tcp"}, "slave_id"),
        ({"profile": "unknown"}, "profile"), ({"poll_interval": 0}, "poll_interval"), ({"poll_interval": True}, "poll_interval"),
        ({"offline_after": 1.5}, "offline_after"), ({"surprise": 1}, "surprise"), ({"is_active": "yes"}, "is_active"),
    ],
)
def test_bad_field_is_named_and_nothing_is_stored(daemon, change, field):
    response = daemon.post("/api/devices", {**DEVICE, **change})
    assert response.status_code == 422 and error_of(response)["field"] == field
    assert daemon.get("/api/devices").json() == []


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/api/sites/99", 404), ("GET", "/api/sites/x", 404), ("GET", "/api/devices/1", 404), ("PATCH", "/api/devices/1", 404), ("DELETE", "/api/devices/1", 404),
        ("DELETE", "/api/sites/99", 404), ("GET", "/api/profiles/none", 404), ("GET", "/api/metrics?device_id=5", 404), ("GET", "/api/metrics?site_id=5", 404),
        ("GET", "/api/devices?site_id=5", 404), ("GET", "/nothing", 404), ("GET", "/api/sites/1/x", 404), ("PUT", "/api/sites", 405), ("POST", "/health", 405),
        ("GET", "/api/devices/test-connection", 405), ("PATCH", "/api/devices/read", 405), ("POST", "/", 405),
        ("POST", "/ws/metrics", 405), ("GET", "/api/metrics?device_id=x", 400), ("GET", "/api/metrics?device_id=1&device_id=1", 400),
        ("GET", "/api/metrics?device=1", 400), ("GET", "/health?x=1", 400), ("GET", "/ws/metrics", 426), ("GET", "/api/metrics?device_id=%zz", 400),
    ],
)
def test_refusals_have_the_status_that_http_means(daemon, method, path, status):
    response = requests.request(method, daemon.url + path, json={"name": "x"} if method in ("PATCH", "PUT", "POST") else None, timeout=20)
    assert response.status_code == status, response.text
    error_of(response)
    if status == 405:
        assert ("POST" if "/api/devices/" in path else "GET") in response.headers["Allow"].split(", ")


def test_bodies_that_are_not_json_objects(daemon):
    def send(body, kind="application/json", path="/api/sites"):
        return requests.post(daemon.url + path, data=body, headers={"Content-Type": kind}, timeout=20)

    for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"name":"\xff","code":"x"}', b'{"name":"a","code":"b"} {}', b"[" * 60000):
        response = send(body)
        assert response.status_code == 400 and error_of(response)["code"] == "malformed_json", body[:20]
    assert send(b"{}", "text/plain").status_code == 415
    assert send(b" " * 65537, path="/api/devices").status_code == 413
    assert send(b'{"name":"MKZ","code":"MKZ"}').status_code == 409
    assert len(daemon.get("/api/sites").json()) == 1


def raw(daemon, data, half_close=False):
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        response = b""
        while chunk := connection.recv(65536):
            response += chunk
        return response


def test_bytes_that_are_not_a_request(daemon):
    assert raw(daemon, b"GET / HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431")
    assert raw(daemon, b"hello\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert raw(daemon, bytes(range(256)) * 4).startswith(b"HTTP/1.1 400")
    assert raw(daemon, b"GET /health HTTP/1.1\r\nConte", half_close=True) == b""
    assert daemon.responds()


def test_head_is_get_without_the_body_and_pipelined_responses_are_in_order(daemon):
    head = requests.head(daemon.url + "/api/sites", timeout=20)
    assert head.status_code == 200 and head.text == "" and int(head.headers["Content-Length"]) == len(daemon.get("/api/sites").text)
    request = b"GET /api/sites/1 HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"GET /api/sites/2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    response = raw(daemon, request)
    assert re.findall(rb"HTTP/1.1 (\d+)", response) == [b"200", b"404"]


def test_responses_carry_security_headers(daemon):
    page = daemon.get("/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert daemon.get("/api/sites").headers["Cache-Control"] == "no-store"


def upgrade_status(daemon, path, headers=None, subprotocols=None, origin=None):
    async def scene():
        try:
            async with websockets.connect(f"ws://127.0.0.1:{daemon.port}{path}", extra_headers=headers, subprotocols=subprotocols, origin=origin) as client:
                await client.recv()
                return 101, client.subprotocol
        except websockets.InvalidStatusCode as refused:
            return refused.status_code, None

    return asyncio.run(scene())


def test_bad_lists_are_refused_before_the_upgrade(daemon):
    for bad in ("", "1,", "a", "-1", "1,,2", "1;2", "0", "1&devices=2"):
        assert upgrade_status(daemon, f"/ws/metrics?devices={bad}")[0] == 400, bad
    assert upgrade_status(daemon, "/ws/metrics?device=1")[0] == 400
    assert upgrade_status(daemon, "/ws/other")[0] == 404
    assert upgrade_status(daemon, "/ws/metrics?devices=1,2,999")[0] == 101


def test_every_route_needs_the_token(start_daemon):
    daemon = start_daemon(API_TOKEN="s3cret-t0ken", LOG_LEVEL="debug")
    good = {"Authorization": "Bearer s3cret-t0ken"}
    for path in ("/api/sites", "/api/devices", "/api/metrics", "/metrics", "/api/profiles", "/api/openapi.json"):
        assert daemon.get(path).status_code == 401, path
        assert daemon.get(path, headers={"Authorization": "Bearer s3cret-t0kem"}).status_code == 401
        assert daemon.get(path, headers=good).status_code == 200
    for path in ("/health", "/"):
        assert daemon.get(path).status_code == 200
    assert daemon.post("/api/sites", {"name": "x", "code": "x"}).status_code == 401
    assert daemon.get("/api/sites", headers=good).json() == []
    assert upgrade_status(daemon, "/ws/metrics")[0] == 401
    assert upgrade_status(daemon, "/ws/metrics", headers=good)[0] == 101
    assert upgrade_status(daemon, "/ws/metrics", subprotocols=["gensetd", "gensetd.token.czNjcmV0LXQwa2Vu"]) == (101, "gensetd")
    assert upgrade_status(daemon, "/ws/metrics", subprotocols=["gensetd", "gensetd.token.czNjcmV0LXQwa2Vv"])[0] == 401
    assert "s3cret" not in daemon.text()


def test_pages_of_other_origins_are_refused(start_daemon):
    daemon = start_daemon(ALLOWED_ORIGINS="https://panel.example")
    body = {"name": "x", "code": "x"}
    assert daemon.post("/api/sites", body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert daemon.get("/api/sites").json() == []
    assert daemon.post("/api/sites", body, headers={"Origin": daemon.url}).status_code == 201
    allowed = daemon.get("/api/sites", headers={"Origin": "https://panel.example"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://panel.example"
    assert "Access-Control-Allow-Origin" not in daemon.get("/api/sites", headers={"Origin": "https://evil.example"}).headers
    ask = {"Origin": "https://panel.example", "Access-Control-Request-Method": "POST"}
    assert requests.options(daemon.url + "/api/sites", headers=ask, timeout=20).status_code == 204
    assert requests.options(daemon.url + "/api/sites", headers={**ask, "Origin": "https://evil.example"}, timeout=20).status_code == 403
    assert upgrade_status(daemon, "/ws/metrics", origin="https://evil.example")[0] == 403
    assert upgrade_status(daemon, "/ws/metrics", origin="https://panel.example")[0] == 101


def test_slow_client_receives_the_newest_readings_and_delays_no_other(start_daemon, start_redis):
    """Another process publishes far more than fits in the slow client's buffers."""
    server = start_redis()
    daemon = start_daemon(REDIS_URL=server.url)
    wait_until(lambda: server.client.pubsub_numsub("metrics:updates")[0][1] == 1, "the subscription")
    rounds, devices, filling = 400, 10, "x" * 8000
    start = datetime.now(timezone.utc)

    def message(number, device):
        stamp = (start + timedelta(milliseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        return json.dumps({"device_id": device, "site_code": "S", "timestamp": stamp, "number": number, "filling": filling})

    def open_socket(receive_buffer):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", daemon.port))
        return connection

    async def scene():
        url = f"ws://127.0.0.1:{daemon.port}/ws/metrics"
        loop = asyncio.get_running_loop()
        slow = await websockets.connect(url, sock=open_socket(4096), max_queue=1, read_limit=4096, ping_interval=None)
        quick = await websockets.connect(url, max_queue=None)
        assert json.loads(await slow.recv())["type"] == "snapshot"
        await quick.recv()

        def publish(first, last):
            with server.client.pipeline(transaction=False) as pipe:
                for number in range(first, last + 1):
                    for device in range(1, devices + 1):
                        pipe.publish("metrics:updates", message(number, device))
                pipe.execute()

        # In batches that the other one has seen: Redis drops a subscriber that falls far behind.
        newest = {}
        for last in range(20, rounds + 1, 20):
            await loop.run_in_executor(None, publish, last - 19, last)
            while len(newest) < devices or min(newest.values()) < last:
                got = json.loads(await asyncio.wait_for(quick.recv(), 30))
                assert got["number"] > newest.get(got["device_id"], 0)
                newest[got["device_id"]] = got["number"]

        taken, seen = 0, {}
        while len(seen) < devices or min(seen.values()) < rounds:
            got = json.loads(await asyncio.wait_for(slow.recv(), 30))
            assert got["number"] > seen.get(got["device_id"], 0)
            seen[got["device_id"]] = got["number"]
            taken += 1
        await slow.close()
        await quick.close()
        return taken

    taken = asyncio.run(scene())
    assert taken < rounds * devices / 4, "most were replaced by newer ones before they were sent"

    def all_counted():  # each reading, for each of the two clients: sent, beside the two snapshots, or replaced
        series = samples(daemon.get("/metrics").text)
        conflated = of(series, "gensetd_websocket_readings_conflated_total")
        return conflated >= rounds * devices - taken and of(series, "gensetd_websocket_messages_total") - 2 + conflated == 2 * rounds * devices

    wait_until(all_counted, "the count")


def test_silent_peer_is_pinged(start_daemon):
    """The server sends a ping within half of the 30 s of silence that disconnect a client."""
    daemon = start_daemon()
    key = (
        b"GET /ws/metrics HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=60) as connection:
        connection.sendall(key)
        data = b""
        while b'"data":[]}' not in data:
            data += connection.recv(4096)
        assert connection.recv(2) == b"\x89\x00", "an empty ping frame (RFC 6455, 5.5.2)"
        rest = b""
        while chunk := connection.recv(4096):  # no pong is sent: the server closes the connection
            rest += chunk


def test_connection_test_reports_its_findings(daemon, start_simulator):
    simulator = start_simulator()

    def test(**body):
        return daemon.post("/api/devices/test-connection", {"ip_address": "127.0.0.1", **body})

    good = test(port=simulator.port).json()
    assert good["success"] is True and good["error"] is None and good["address"] == 0 and good["raw_value"] is not None
    assert test(port=simulator.port + 2, profile="hgm9560").json()["success"] is True
    port = free_port()
    assert test(port=port).json()["error"].startswith(f"127.0.0.1:{port}: connection refused; ")
    assert "no-such-host.invalid" in test(ip_address="no-such-host.invalid").json()["error"]
    assert error_of(test(port=70000))["field"] == "port"
    assert error_of(test(profile="hgm9560", slave_id=0))["field"] == "slave_id"
    assert error_of(test(name="x"))["field"] == "name"
