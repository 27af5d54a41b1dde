"""The program as it is shipped under valgrind: its compiled coroutines must not use freed memory. The sanitized
builds are another compiler's."""

import asyncio
import json
import signal

import pytest
import requests
import websockets
from conftest import PATIENCE, is_built_with_sanitizer, wait_until


@pytest.fixture
def report(tmp_path):
    if is_built_with_sanitizer():
        pytest.skip("a sanitizer sees to it")
    return tmp_path / "valgrind.log"


async def listen(daemon, query, messages, **more):
    async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics{query}", max_size=None, **more) as client:
        await client.send(json.dumps({"type": "no such"}))
        for _ in range(messages):
            await asyncio.wait_for(client.recv(), PATIENCE)


def listen_to_both_protocols(daemon):
    async def run():
        await asyncio.gather(listen(daemon, "", 6, compression=None), listen(daemon, "?proto=2", 6), listen(daemon, "?proto=2", 6, compression=None))

    asyncio.run(run())


def ask_for_everything(daemon, port):
    device = {"ip_address": "127.0.0.1", "port": port, "protocol": "tcp"}
    for path in ("/api/devices/test-connection", "/api/devices/read"):
        assert daemon.post(path, device).json()["success"] is True, path
    for path in ("/", "/api/docs", "/metrics?devices=1", "/health", "/api/metrics", "/api/profiles", "/api/events", "/api/alarms", "/api/sites", "/api/devices"):
        assert daemon.get(path).ok, path
    assert daemon.get("/api/history?device_id=1&fields=gen_uab&points=10").ok
    assert daemon.get("/api/devices/1/diagnostics").ok
    assert daemon.get("/api/history?device_id=1&fields=none").status_code == 400
    assert daemon.post("/api/sites", {"name": 1}).status_code == 422
    assert daemon.patch("/api/devices/1", {"name": "Renamed"}).ok
    assert daemon.get("/api/devices/99").status_code == 404


def test_no_freed_or_uninitialised_memory_is_used(report, start_daemon, start_simulator, start_redis):
    simulator = start_simulator(devices=2)
    redis = start_redis()
    valgrind = ["valgrind", "--quiet", "--error-exitcode=99", "--num-callers=40", f"--log-file={report}"]
    daemon = start_daemon(launcher=valgrind, REDIS_URL=redis.url, MODBUS_TIMEOUT="5")
    daemon.add_site()
    for index in range(2):
        daemon.add_device(simulator.port + index)
    daemon.wait_online(1)
    listen_to_both_protocols(daemon)
    ask_for_everything(daemon, simulator.port)

    redis.kill()
    wait_until(lambda: daemon.get("/health").json()["redis"] != "ok", "the loss of Redis")
    start_redis(redis.port)
    simulator.kill()
    daemon.wait_for(1, lambda reading: not reading["online"], "the loss of the controller")
    start_simulator(devices=2, port=simulator.port)
    daemon.wait_online(1)
    wait_until(lambda: daemon.get("/health").json()["redis"] == "ok", "the return of Redis")
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.delete("/api/devices/2").status_code == 204
    with requests.Session() as kept:
        assert kept.get(daemon.url + "/health", timeout=PATIENCE).ok
        assert daemon.stop() == 0, report.read_text()
    assert report.read_text() == ""
