"""Limits of a client: beyond each limit there is a response, and other clients are not affected."""

import asyncio
import contextlib
import json
import re
import socket

import pytest
import requests
import websockets
from conftest import wait_until


def open_connection(daemon):
    return socket.create_connection(("127.0.0.1", daemon.port), timeout=30)


def rest_of(connection):
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def raw(daemon, data):
    with open_connection(daemon) as connection:
        connection.sendall(data)
        return rest_of(connection)


def error_code(response):
    return json.loads(response.split(b"\r\n\r\n", 1)[1])["error"]["code"]


def test_header_and_body_sizes_are_limited(start_daemon):
    daemon = start_daemon(HTTP_HEADER_MAX="2000", HTTP_BODY_MAX="1500")
    response = raw(daemon, b"GET /health HTTP/1.1\r\nX: " + b"a" * 3000 + b"\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 431") and b"2000 bytes" in response
    head = b"POST /api/sites HTTP/1.1\r\nContent-Type: application/json\r\n"
    for body in (b"Content-Length: 1501\r\n\r\n" + b" " * 1501, b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b" " * 1024 + b"\r\n400\r\n" + b" " * 1024):
        response = raw(daemon, head + body)
        assert response.startswith(b"HTTP/1.1 413") and b"1500 bytes" in response
    assert raw(daemon, head + b"Connection: close\r\nContent-Length: 1500\r\n\r\n" + b" " * 1500).startswith(b"HTTP/1.1 400"), "not too large, but no JSON"


@pytest.mark.parametrize("beginning", [b"G", b"GET /health HTTP/1.1\r\nX: a", b"POST /api/sites HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"])
def test_slow_sender_gets_408(start_daemon, beginning):
    daemon = start_daemon(HTTP_REQUEST_TIMEOUT="0.2")
    with open_connection(daemon) as connection:
        connection.sendall(beginning)
        response = rest_of(connection)
        assert response.startswith(b"HTTP/1.1 408") and error_code(response) == "request_too_slow"


def test_drops_of_a_request_do_not_keep_it_alive(start_daemon):
    daemon = start_daemon(HTTP_REQUEST_TIMEOUT="0.3")
    with open_connection(daemon) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\n")
        connection.settimeout(0.05)
        response = b""
        for _ in range(400):  # a header line every 50 ms, until the server has enough
            try:
                connection.sendall(b"X: a\r\n")
                response = connection.recv(65536)
                break
            except socket.timeout:
                continue
        assert response.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "beginning, drop",
    [
        (b"POST /api/sites HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n", b" "),
        (b"POST /api/sites HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"GET /ws/metrics HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", b"X: a\r\n"),
    ],
)
def test_drops_of_a_body_or_an_upgrade_do_not_keep_it_alive(start_daemon, beginning, drop):
    daemon = start_daemon(HTTP_REQUEST_TIMEOUT="0.3")
    with open_connection(daemon) as connection:
        connection.sendall(beginning)
        connection.settimeout(0.05)
        response = b""
        for _ in range(400):
            try:
                connection.sendall(drop)
                response = connection.recv(65536)
                break
            except socket.timeout:
                continue
        assert response.startswith(b"HTTP/1.1 408") and error_code(response) == "request_too_slow"
        connection.settimeout(30)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b"", "and it is closed"
    assert daemon.responds()


def test_connection_ends_after_its_requests(start_daemon):
    daemon = start_daemon(HTTP_REQUESTS_PER_CONNECTION="3")
    response = raw(daemon, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
    assert re.findall(rb"HTTP/1.1 (\d+)", response) == [b"200"] * 3
    assert response.count(b"Connection: close") == 1


def test_total_connections_are_limited_with_a_response(start_daemon):
    daemon = start_daemon(HTTP_CONNECTIONS_MAX="4", WEBSOCKET_CLIENTS_MAX="1")
    request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    held = []

    def hold():
        """One more, once the server has no older one left to end."""
        connection = open_connection(daemon)
        connection.sendall(request)
        held.append(connection)
        return connection.recv(65536)

    while (response := hold()).startswith(b"HTTP/1.1 200"):
        assert len(held) <= 4
    assert response.startswith(b"HTTP/1.1 503") and error_code(response) == "too_many_connections" and b"Retry-After: " in response
    assert len(held) <= 5
    for _ in range(50):  # more than are refused at once, silent ones too
        held.append(open_connection(daemon))
    assert daemon.process.poll() is None
    for connection in held:
        connection.close()
    wait_until(daemon.responds, "room again")


def test_connections_of_one_address_are_limited_with_a_response(start_daemon):
    """127.0.0.2 is a client like any other; 127.0.0.1 is the address of a reverse proxy, with all its clients."""
    daemon = start_daemon(HTTP_CONNECTIONS_PER_ADDRESS="3")
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def hold(address):
        connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=30, source_address=(address, 0))
        connection.sendall(request)
        return connection, connection.recv(65536)

    held = [hold("127.0.0.2") for _ in range(3)]
    assert all(response.startswith(b"HTTP/1.1 200") for _, response in held)
    for _ in range(3):
        connection, response = hold("127.0.0.2")
        assert response.startswith(b"HTTP/1.1 429") and error_code(response) == "too_many_connections" and b"Retry-After: 5\r\n" in response
        assert connection.recv(1) == b"", "it is closed, and takes no place"
        connection.close()
    for address in ("127.0.0.3", *["127.0.0.1"] * 6):
        other = hold(address)
        assert other[1].startswith(b"HTTP/1.1 200"), address
        held.append(other)
    held.pop(0)[0].close()

    def served_again():
        connection, response = hold("127.0.0.2")
        connection.close()
        return response.startswith(b"HTTP/1.1 200")

    wait_until(served_again, "the place of the one that left")
    for connection, _ in held:
        connection.close()


def test_websockets_of_one_address_count_as_its_connections(start_daemon):
    daemon = start_daemon(HTTP_CONNECTIONS_PER_ADDRESS="2")

    async def scene():
        def connect():
            return websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics", local_addr=("127.0.0.2", 0))

        async with connect() as first, connect() as second:
            await first.recv(), await second.recv()
            with pytest.raises(websockets.InvalidStatusCode) as refused:
                await connect()
            assert refused.value.status_code == 429

    asyncio.run(scene())


def test_websocket_clients_and_their_messages_are_limited(start_daemon):
    daemon = start_daemon(WEBSOCKET_CLIENTS_MAX="2", WEBSOCKET_MESSAGE_MAX="100")
    url = f"ws://127.0.0.1:{daemon.port}/ws/metrics"

    async def scene():
        first = await websockets.connect(url)
        second = await websockets.connect(url)
        for client in (first, second):
            await client.recv()
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(url)
        assert refused.value.status_code == 503 and "Retry-After" in refused.value.headers
        await first.send("x" * 100)
        await first.send("ping")
        assert await first.recv() == "pong", "100 bytes are not too many"
        await first.send("x" * 101)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await first.recv()
        assert closed.value.rcvd.code == 1009
        await second.send(["x" * 60, "x" * 60])  # in two frames
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await second.recv()
        assert closed.value.rcvd.code == 1009

    asyncio.run(scene())

    def again():
        async def client():
            async with websockets.connect(url) as one:
                return await one.recv()

        try:
            return asyncio.run(client())
        except websockets.InvalidStatusCode:
            return None

    wait_until(again, "room for another client")


def masked(head, payload=b""):
    """A frame of a client, its mask zero (RFC 6455, 5.2)."""
    return head + b"\0\0\0\0" + payload


LONG = b"\xff\xff\xff\xff\xff\xff\xff\xff"
HEAD = (
    b"GET /ws/metrics HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.mark.parametrize(
    "frames, codes",
    [
        (masked(b"\x81\xff\x7f" + LONG[1:]), {1009}),
        (masked(b"\x81\xfe\x10\x01"), {1009}),
        (masked(b"\x01\x80") + masked(b"\x00\xc0", b"x" * 64) * 100, {1009}),
        (masked(b"\x81\xff" + LONG), {1002, 1009}),
        (b"\x81\x04ping", {1002}),
        (masked(b"\xf1\x80"), {1002}),
        (masked(b"\x80\x80"), {1002}),
        (masked(b"\x89\xfe\x00\x7e", b"x" * 126), {1002}),
        (masked(b"\x81\x82", b"\xff\xff"), {1007}),
    ],
    ids=[
        "announced endless", "announced a byte too much", "endless in small parts", "length with the highest bit", "not masked",
        "reserved bits", "goes on with nothing", "large ping", "no UTF-8",
    ],
)
def test_bad_frames_end_their_client_alone(start_daemon, frames, codes):
    daemon = start_daemon()
    with open_connection(daemon) as connection, open_connection(daemon) as other:
        for one in (connection, other):
            one.sendall(HEAD)
            data = b""
            while b'"data":[]}' not in data:
                data += one.recv(4096)
        connection.sendall(frames)
        with contextlib.suppress(ConnectionError):
            end = rest_of(connection)
            assert end[:1] == b"\x88" and int.from_bytes(end[2:4], "big") in codes, end
        other.sendall(masked(b"\x81\x84", b"ping"))
        assert other.recv(16) == b"\x81\x04pong"
    assert daemon.process.poll() is None


def test_responses_have_the_headers_that_keep_a_browser_safe(start_daemon):
    daemon = start_daemon()
    for path in ("/", "/index.html", "/api/docs", "/health", "/api/sites", "/nothing"):
        headers = requests.get(daemon.url + path, timeout=20).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin" and headers["Cross-Origin-Resource-Policy"] == "same-origin"
    for path in ("/", "/api/docs"):
        page = requests.get(daemon.url + path, timeout=20).text
        assert "style=" not in page and not re.search(r"<script(?![^>]*\bsrc=)", page) and not re.search(r"\son\w+=", page), path
