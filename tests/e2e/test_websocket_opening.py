"""The opening handshake of the WebSocket, RFC 6455, 4.2: a request that is not an upgrade is refused with the reason."""

import base64
import hashlib
import json
import socket

import pytest
from websocket_frames import CLOSE, CONTINUATION, PATIENCE, PING, PONG, TEXT, Frame, RawClient, close_payload, connect, frame, upgrade

pytestmark = pytest.mark.usefixtures("unnoticed")

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455, 1.3


@pytest.fixture
def client(websocket_daemon):
    with RawClient(socket.create_connection(("127.0.0.1", websocket_daemon.port), timeout=PATIENCE)) as one:
        yield one


def test_accept_is_made_of_the_key(client):
    client.send(upgrade("/ws/metrics", {"Sec-WebSocket-Key": KEY}))
    status, headers, _ = client.response()
    assert status == 101 and headers["upgrade"].lower() == "websocket" and headers["connection"].lower() == "upgrade"
    assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert headers["sec-websocket-accept"] == base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    assert "sec-websocket-protocol" not in headers and "sec-websocket-extensions" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Connection": "keep-alive, Upgrade"}, {"Connection": "upgrade"}, {"Upgrade": "WebSocket"}, {"Upgrade": "h2c, websocket"},
        {"Sec-WebSocket-Extensions": "x-webkit-deflate-frame"}, {"Sec-WebSocket-Protocol": "chat, superchat"},
    ],
    ids=str,
)
def test_equivalent_headers_are_accepted_and_no_unknown_protocol_is_chosen(websocket_daemon, headers):
    with connect(websocket_daemon, headers=headers) as client:
        assert "sec-websocket-protocol" not in client.headers and "sec-websocket-extensions" not in client.headers
        assert client.frames_until_pong() == []


@pytest.mark.parametrize(
    "headers, status, part",
    [
        ({"Sec-WebSocket-Key": None}, 400, "Sec-WebSocket-Key"),
        ({"Sec-WebSocket-Key": ""}, 400, "Sec-WebSocket-Key"),
        ({"Sec-WebSocket-Key": base64.b64encode(b"x" * 15).decode()}, 400, "16 bytes"),
        ({"Sec-WebSocket-Key": base64.b64encode(b"x" * 17).decode()}, 400, "16 bytes"),
        ({"Sec-WebSocket-Key": base64.b64encode(b"x" * 18).decode()}, 400, "16 bytes"),
        ({"Sec-WebSocket-Key": "!" + KEY[1:]}, 400, "base64"),
        ({"Sec-WebSocket-Key": KEY * 100}, 400, "16 bytes"),
        ({"Sec-WebSocket-Key": f"{KEY}\r\nSec-WebSocket-Key: {KEY}"}, 400, "one Sec-WebSocket-Key"),
        ({"Sec-WebSocket-Version": None}, 426, "version 13"),
        ({"Sec-WebSocket-Version": "8"}, 426, "version 13"),
        ({"Sec-WebSocket-Version": "14"}, 426, "version 13"),
        ({"Sec-WebSocket-Version": "013"}, 426, "version 13"),
        ({"Upgrade": None}, 426, "WebSocket"),
        ({"Upgrade": "h2c"}, 426, "WebSocket"),
        ({"Connection": None}, 426, "WebSocket"),
        ({"Connection": "keep-alive"}, 426, "WebSocket"),
        ({"Host": None}, 400, "Host"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_refused_upgrade_gets_the_reason_and_the_connection_stays(client, headers, status, part):
    client.send(upgrade("/ws/metrics", headers))
    answered, response, body = client.response()
    assert answered == status, body
    assert part in json.loads(body)["error"]["message"] and response["content-type"] == "application/json"
    if status == 426:
        assert response["upgrade"] == "websocket" and response["connection"] == "Upgrade"
        assert response.get("sec-websocket-version", "13") == "13"
    if "Sec-WebSocket-Version" in headers:
        assert response["sec-websocket-version"] == "13"
    client.send(upgrade("/ws/metrics"))
    assert client.response()[0] == 101


@pytest.mark.parametrize("method, status", [("POST", 405), ("DELETE", 405)])
def test_other_methods_are_not_an_upgrade(client, method, status):
    client.send(upgrade("/ws/metrics").replace(b"GET", method.encode(), 1))
    assert client.response()[0] == status


def test_http_1_0_has_no_upgrade(client):
    client.send(upgrade("/ws/metrics").replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    assert client.response()[0] == 426


def test_upgrade_in_pieces_is_accepted(client):
    client.send(upgrade("/ws/metrics"), 7)
    assert client.response()[0] == 101
    client.frame()
    client.send(frame(TEXT, "ping"))
    assert client.frame_in_response() == Frame(TEXT, b"pong", True, 0)


@pytest.mark.parametrize("path", ["/ws/metrics", "/ws/metrics?proto=2"])
@pytest.mark.parametrize("piece", [None, 40], ids=["at once", "in pieces"])
def test_frames_behind_the_handshake_are_the_first_ones(client, path, piece):
    client.send(upgrade(path) + frame(TEXT, "pi", fin=False) + frame(PING, "x") + frame(CONTINUATION, "ng"), piece)
    assert client.response()[0] == 101
    frames = [client.frame() for _ in range(3)]  # one is the snapshot
    assert [one for one in frames if one.opcode == PONG] == [Frame(PONG, b"x", True, 0)]
    assert frames.count(Frame(TEXT, b"pong", True, 0)) == 1
    assert [one for one in client.frames_until_pong() if one.payload == b"pong"] == [], "once"


def test_many_frames_behind_the_handshake_are_all_accepted(client):
    client.send(upgrade("/ws/metrics") + frame(TEXT, "ping") * 1_000)
    assert client.response()[0] == 101
    client.frame()
    assert [client.frame_in_response().payload for _ in range(1_000)] == [b"pong"] * 1_000
    assert client.frames_until_pong() == []


def test_close_behind_the_handshake_closes_the_connection(client):
    client.send(upgrade("/ws/metrics") + frame(CLOSE, close_payload(1000)))
    assert client.response()[0] == 101
    assert client.close_code() == 1000


def test_invalid_frames_behind_the_handshake_close_the_connection(client):
    client.send(upgrade("/ws/metrics") + b"GET / HTTP/1.1\r\n\r\n")
    assert client.response()[0] == 101
    assert client.close_code() == 1002
