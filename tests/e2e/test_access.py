"""Access rights: each route without a token, with a wrong one and with each of the two; device addresses; audit lines."""

import asyncio
import base64
import json
import socket

import pytest
import requests
import websockets
from conftest import free_port, wait_until
from test_description import bodies, headers_of, in_order, operation, send, start_of_gateway, target_of

ALL, READ, WRONG = "all-s3cret/+", "read-s3cret.~", "all-s3cret/-"
TOKENS = {"API_TOKEN": ALL, "READ_TOKEN": READ}


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


def error_of(response):
    return response.json()["error"]


def socket_status(daemon, **more):
    async def scene():
        try:
            async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics", **more) as client:
                assert json.loads(await client.recv())["type"] == "snapshot"
                return 101
        except websockets.InvalidStatusCode as refused:
            return refused.status_code

    return asyncio.run(scene())


def token_subprotocol(token):
    return "gensetd.token." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


SITE = {"name": "N", "code": "N"}
DEVICE = {"site_id": 1, "name": "G", "device_type": "generator", "ip_address": "10.0.0.1", "is_active": False}
OPEN_DOORS = ("/health", "/health/live", "/health/ready", "/", "/api/docs", "/api/docs.js", "/api/docs.css")


def test_each_route_with_each_token_a_wrong_token_and_no_token(start_daemon):
    """Every operation of the description, so that a new operation is tested as soon as it is described."""
    daemon = start_daemon(**TOKENS, LOG_LEVEL="debug")
    sent = bodies(1)

    def ask(method, path, token):
        target = target_of(path, event) if path.startswith("/api/events/") else target_of(path)
        return send(daemon, method, target, sent.get((method, path)), {**headers_of(path), **bearer(token)})

    event = start_of_gateway(daemon, bearer(READ))
    for method, path in (("post", "/api/sites"), ("post", "/api/devices")):
        assert ask(method, path, ALL).status == 201
    for method, path in in_order():
        if operation(method, path).get("security") == []:
            assert path in OPEN_DOORS, path
            continue
        for token in (None, WRONG, ALL + "x", ALL[:-1], "", " "):
            response = ask(method, path, token)
            assert response.status == 401 and response.headers["WWW-Authenticate"] == "Bearer", (method, path, token)
        response = ask(method, path, READ)
        if method == "get":
            assert response.status in (101, 200), (method, path, response.body)
        else:
            error = json.loads(response.body)["error"]
            assert response.status == 403 and error["code"] == "read_only_token" and "API_TOKEN" in error["message"], (method, path)
        assert ask(method, path, ALL).status in (101, 200, 201, 204, 409), (method, path)
    assert send(daemon, "head", "/api/sites").status == 401 and send(daemon, "head", "/api/sites", headers=bearer(READ)).status == 200
    for path in OPEN_DOORS:
        for token in (None, WRONG, READ, ALL):
            assert ask("get", path, token).status == 200, path
    assert "s3cret" not in daemon.text()


def test_the_websocket_accepts_only_clients_that_may_read(start_daemon):
    daemon = start_daemon(**TOKENS, LOG_LEVEL="debug")
    for token, status in ((None, 401), (WRONG, 401), (READ, 101), (ALL, 101)):
        assert socket_status(daemon, extra_headers=bearer(token)) == status
        if token:
            assert socket_status(daemon, subprotocols=["gensetd", token_subprotocol(token)]) == status
    assert socket_status(daemon, extra_headers=bearer(READ), origin="https://evil.example") == 403
    assert "s3cret" not in daemon.text()


def hosted(daemon, host, path="/api/sites", method="GET", body=None):
    return requests.request(method, daemon.url + path, json=body, headers={"Host": host}, timeout=20)


def upgrade_with_host(daemon, host):
    """The status line of an upgrade whose Host is this; the client library would write its own."""
    lines = ["GET /ws/metrics HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, f"Origin: http://{host}", "", ""]).encode())
        return int(connection.recv(4096).split(b" ")[1])


def test_page_of_another_host_name_is_refused(start_daemon):
    """DNS rebinding: for the browser the page and the API have the same origin, and no token is needed."""
    daemon = start_daemon(ALLOWED_ORIGINS="http://panel.example:3000")
    name = socket.gethostname()
    for host in ("evil.example", f"evil.example:{daemon.port}", "127.0.0.1.evil.example", f"{name}.evil.example", "localhost.evil.example:80"):
        for method, path, body in (("GET", "/api/sites", None), ("GET", "/metrics", None), ("POST", "/api/sites", SITE), ("HEAD", "/api/metrics", None)):
            response = hosted(daemon, host, path, method, body)
            assert response.status_code == 403, (host, method, path)
            if method != "HEAD":
                assert error_of(response)["code"] == "forbidden_host" and "ALLOWED_ORIGINS" in error_of(response)["message"]
        assert upgrade_with_host(daemon, host) == 403
        for path in OPEN_DOORS:
            assert hosted(daemon, host, path).status_code == 200, "there is nothing in it to protect"
    assert daemon.get("/api/sites").json() == []
    for host in (f"127.0.0.1:{daemon.port}", "10.1.2.3", "[::1]:8010", "localhost", "LocalHost:8010", name, f"{name}:8010", "panel.example", "panel.example:3000"):
        assert hosted(daemon, host).status_code == 200, host
        assert upgrade_with_host(daemon, host) == 101, host
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as connection:
        connection.sendall(b"GET /api/sites HTTP/1.0\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.0 200"), "no Host: no browser"


def test_with_a_token_any_host_is_accepted(start_daemon):
    daemon = start_daemon(**TOKENS)
    headers = {**bearer(READ), "Host": "gensetd.plant.example"}
    assert requests.get(daemon.url + "/api/sites", headers=headers, timeout=20).status_code == 200
    assert hosted(daemon, "evil.example").status_code == 401


def test_token_in_a_url_is_ignored(start_daemon):
    daemon = start_daemon(**TOKENS)
    for query in (f"?token={ALL}", f"?access_token={ALL}", f"?api_token={ALL}"):
        assert daemon.get("/api/sites" + query).status_code == 401


REFUSED = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "255.255.255.255"]


def test_addresses_that_cannot_be_a_controllers_are_refused(start_daemon):
    daemon = start_daemon(ALLOW_LOOPBACK_DEVICES="0")
    daemon.add_site()
    made = daemon.post("/api/devices", DEVICE).json()
    for address in REFUSED:
        for method, path, body in (
            ("POST", "/api/devices/test-connection", {}), ("POST", "/api/devices/read", {}), ("POST", "/api/scan", {}), ("POST", "/api/devices", DEVICE),
            ("PATCH", "/api/devices/1", {}),
        ):
            response = requests.request(method, daemon.url + path, json={**body, "ip_address": address}, timeout=20)
            assert response.status_code == 422 and error_of(response)["code"] == "address_not_allowed", (method, path, address)
            assert error_of(response)["field"] == "ip_address"
    assert daemon.get("/api/devices").json() == [made]


def test_loopback_can_be_allowed_and_other_special_addresses_cannot(start_daemon):
    daemon = start_daemon(ALLOW_LOOPBACK_DEVICES="1")
    port = free_port()
    assert "connection refused" in daemon.post("/api/devices/test-connection", {"ip_address": "127.0.0.1", "port": port}).json()["error"]
    assert daemon.post("/api/devices/test-connection", {"ip_address": "169.254.0.1"}).status_code == 422


@pytest.mark.parametrize("name", ["localhost", "127.1", "0x7f.0.0.1", "2130706433"])
def test_name_that_resolves_to_a_refused_address_is_not_connected_to(start_daemon, start_simulator, name):
    """Also spellings that the resolver maps to 127.0.0.1: the address of the connection decides."""
    simulator = start_simulator("--trace", devices=1)
    daemon = start_daemon(ALLOW_LOOPBACK_DEVICES="0")
    daemon.add_site()
    for path in ("/api/devices/test-connection", "/api/devices/read"):
        response = daemon.post(path, {"ip_address": name, "port": simulator.port})
        assert response.status_code in (200, 422), response.text
        if response.status_code == 200:
            assert response.json()["success"] is False and "ALLOW_LOOPBACK_DEVICES=1" in response.json()["error"]
    response = daemon.post("/api/scan", {"ip_address": name, "port": simulator.port})
    assert response.status_code == 422 or (response.json()["units"] == [] and "ALLOW_LOOPBACK_DEVICES=1" in response.json()["error"]), response.text
    response = daemon.post("/api/devices", {**DEVICE, "ip_address": name, "port": simulator.port, "is_active": True})
    if response.status_code == 201:
        reading = daemon.wait_for(1, lambda reading: reading["error"], "the first cycle")
        assert reading["online"] is False and "loopback" in reading["error"] and reading["gen_uab"] is None
    assert simulator.lines("connect") == [] and simulator.lines("reads") == []


def test_device_that_was_registered_before_is_not_polled_at_a_refused_address(start_daemon, start_simulator):
    simulator = start_simulator(devices=1)
    daemon = start_daemon()
    daemon.add_site()
    daemon.add_device(simulator.port)
    daemon.wait_online(1)
    daemon.stop()
    daemon = start_daemon(ALLOW_LOOPBACK_DEVICES="0")
    reading = daemon.wait_for(1, lambda reading: reading["error"], "the first cycle")
    assert reading["online"] is False and f"127.0.0.1:{simulator.port}: a loopback address" in reading["error"]


def test_each_change_of_the_registry_leaves_an_audit_line(start_daemon):
    daemon = start_daemon(**TOKENS)

    def ask(method, path, body=None, token=ALL):
        return requests.request(method, daemon.url + path, json=body, headers=bearer(token), timeout=20)

    ask("POST", "/api/sites", SITE)
    ask("POST", "/api/devices", DEVICE)
    ask("PATCH", "/api/sites/1", {"description": "North\naudit: forged"})
    ask("PATCH", "/api/devices/1", {"ip_address": "10.0.0.2", "poll_interval": 0.5})
    ask("PATCH", "/api/devices/1", {"ip_address": "10.0.0.2"})
    ask("PATCH", "/api/devices/1", {"port": 0})
    ask("PATCH", "/api/devices/1", {"port": 503}, READ)
    ask("PATCH", "/api/devices/1", {"port": 503}, WRONG)
    ask("DELETE", "/api/devices/1")
    ask("DELETE", "/api/sites/1")
    told = wait_until(lambda: (lines := daemon.lines("audit: API_TOKEN")) and len(lines) >= 6 and lines, "the audit lines")
    told = [line[line.index("audit: ") :] for line in told]
    expected = [
        'added site 1: {"id":1,"name":"N",', 'added device 1: {"id":1,', r'changed site 1: description "" -> "North\naudit: forged"',
        'changed device 1: ip_address "10.0.0.1" -> "10.0.0.2", poll_interval null -> 0.5', 'removed device 1: {"id":1,', 'removed site 1: {"id":1,',
    ]
    assert len(told) == len(expected) == len(daemon.lines("audit: "))
    for line, end in zip(told, expected):
        assert line.startswith("audit: API_TOKEN from 127.0.0.1:") and line.split(" ", 4)[4].startswith(end), line
    assert "s3cret" not in daemon.text()


def test_without_tokens_the_audit_line_contains_that(start_daemon):
    daemon = start_daemon()
    daemon.add_site()
    wait_until(lambda: daemon.lines("audit: anonymous from 127.0.0.1:"), "the audit line")
