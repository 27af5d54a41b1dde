"""Responses and snapshots of thousands of devices: complete for clients that read them, and small in memory for those that do not."""

import asyncio
import json
import re
import socket
from datetime import datetime, timezone
from pathlib import Path

import pytest
import requests
import websockets
from conftest import PATIENCE, wait_until
from figures import is_sanitized
from test_http import raw

DEVICES, FILLING = 2_500, "x" * 2_000  # 5 MB in all
CLIENTS = 40
# Pieces, buffers and the pending devices of each client: a tenth of a complete copy for each client.
MEMORY_FOR_CLIENTS = CLIENTS * DEVICES * len(FILLING) // 10
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"


@pytest.fixture
def daemon(start_daemon, start_redis):
    """Another process publishes readings of many devices."""
    server = start_redis()
    daemon = start_daemon(REDIS_URL=server.url, METRICS_TTL="3600")
    wait_until(lambda: server.client.pubsub_numsub("metrics:updates")[0][1] == 1, "the subscription")

    def publish(number):
        stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        for first in range(1, DEVICES + 1, 250):
            with server.client.pipeline(transaction=False) as pipe:
                for device in range(first, first + 250):
                    pipe.publish("metrics:updates", json.dumps({"device_id": device, "site_code": "S", "timestamp": stamp, "number": number, "filling": FILLING}))
                pipe.execute()
            last = first + 249
            wait_until(lambda: (daemon.reading(last) or {}).get("number") == number if number > 1 or daemon.get(f"/api/metrics?device_id={last}").ok else False, "the readings")

    daemon.publish = publish
    publish(1)
    return daemon


def ids_of(readings):
    return [reading["device_id"] for reading in readings]


def test_large_list_is_complete_in_every_version_of_http(daemon):
    response = daemon.get("/api/metrics")
    assert response.headers["Transfer-Encoding"] == "chunked" and "Content-Length" not in response.headers
    assert ids_of(response.json()) == list(range(1, DEVICES + 1))
    head = requests.head(daemon.url + "/api/metrics", timeout=20)
    assert head.status_code == 200 and head.text == ""
    with requests.Session() as session:  # the connection stays open after chunks
        assert [session.get(daemon.url + path, timeout=20).status_code for path in ("/api/metrics", "/api/sites", "/api/metrics")] == [200, 200, 200]
    old = raw(daemon, b"GET /api/metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, body = old.split(b"\r\n\r\n", 1)
    assert b"chunked" not in head and json.loads(body) == response.json()
    small = daemon.get("/api/metrics?device_id=7")
    assert "Content-Length" in small.headers and ids_of(small.json()) == [7]


async def snapshot_of(daemon, query):
    async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics{query}", max_size=None) as client:
        return json.loads(await asyncio.wait_for(client.recv(), PATIENCE))


@pytest.mark.parametrize("query", ["", "?proto=2"])
def test_large_snapshot_is_one_message(daemon, query):
    assert ids_of(asyncio.run(snapshot_of(daemon, query))["data"]) == list(range(1, DEVICES + 1))


def memory_of(daemon):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{daemon.process.pid}/status").read_text())[1]) * 1024


def connect_and_read_nothing(daemon, request):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", daemon.port))
    client.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\n".encode() + (UPGRADE.encode() if "/ws/" in request else b"") + b"\r\n")
    return client


@pytest.mark.parametrize("request_line", ["GET /ws/metrics", "GET /ws/metrics?proto=2", "GET /api/metrics"])
def test_clients_that_read_nothing_hold_no_copy_each(daemon, request_line):
    asyncio.run(snapshot_of(daemon, "?proto=2"))
    daemon.get("/api/metrics")
    before = memory_of(daemon)
    clients = [connect_and_read_nothing(daemon, request_line) for _ in range(CLIENTS)]
    try:
        # Each client's first message is of another moment, and all readings that they received are replaced.
        for number in (2, 3):
            daemon.publish(number)
        if not is_sanitized(daemon.process.pid):
            assert memory_of(daemon) - before < MEMORY_FOR_CLIENTS
    finally:
        for client in clients:
            client.close()
    assert ids_of(daemon.get("/api/metrics").json()) == list(range(1, DEVICES + 1))
