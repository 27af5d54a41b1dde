"""What other processes do to the same Redis: their readings, their clocks, and their device ids."""

import asyncio
import json
import time
from datetime import datetime, timedelta, timezone

import pytest
import websockets
from conftest import Daemon, wait_until

FOREIGN_VALUE = 123456


def foreign(device, ahead=timedelta(), **more):
    """A reading from a poller without `seq` and `epoch`, whose clock is wrong."""
    stamp = (datetime.now(timezone.utc) + ahead).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return json.dumps({"device_id": device, "site_code": "X", "timestamp": stamp, "online": True, "gen_uab": FOREIGN_VALUE, **more})


@pytest.fixture
def two_daemons(programs, tmp_path, start_redis, start_slave):
    """On one Redis, each with a device 1 of its own."""
    server = start_redis()

    def start(*settings):
        daemons = []
        for number, more in enumerate(settings):
            folder = tmp_path / str(number)
            folder.mkdir()
            daemon = Daemon(folder, {"REDIS_URL": server.url, **more})
            programs.append(daemon)
            daemon.add_site()
            daemon.device = daemon.add_device(start_slave({0: 512}).port)
            daemon.wait_online(daemon.device)
            daemons.append(daemon)
        return server, *daemons

    return start


def metric(daemon, name):
    return next(float(line.split()[1]) for line in daemon.get("/metrics").text.splitlines() if line.startswith(name + " "))


def test_own_readings_win_over_those_of_a_clock_that_is_ahead(start_daemon, start_redis, start_slave):
    """Before the device is registered, and after: on REST, WebSocket and in the hash."""
    server = start_redis()
    slave = start_slave({0: 512})
    daemon = start_daemon(REDIS_URL=server.url, METRICS_TTL="3600")
    daemon.add_site()
    wait_until(lambda: server.client.pubsub_numsub("metrics:updates")[0][1] == 1, "the subscription")
    for hours in (20, 24 * 365):
        server.client.hset("device:1:metrics", mapping={"gen_uab": FOREIGN_VALUE, "only_theirs": 1})
        server.client.publish("metrics:updates", foreign(1, timedelta(hours=hours)))
    daemon.wait_for(1, lambda reading: reading.get("gen_uab") == FOREIGN_VALUE, "the other's reading")

    async def listen():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics") as client:
            snapshot = json.loads(await asyncio.wait_for(client.recv(), 30))
            assert [reading["gen_uab"] for reading in snapshot["data"]] == [FOREIGN_VALUE]
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, lambda: daemon.add_device(slave.port)) == 1
            # The first message of the device is its own already, not read yet.
            readings = []
            while not readings or not readings[-1]["online"] or len(readings) < 5:
                await loop.run_in_executor(None, lambda: server.client.publish("metrics:updates", foreign(1, timedelta(hours=20))))
                readings.append(json.loads(await asyncio.wait_for(client.recv(), 30)))
            return readings

    readings = asyncio.run(listen())
    assert all("epoch" in reading and reading["gen_uab"] != FOREIGN_VALUE for reading in readings), readings
    numbers = [reading["seq"] for reading in readings]
    assert numbers == sorted(set(numbers))
    assert daemon.reading(1)["gen_uab"] != FOREIGN_VALUE
    stored = wait_until(lambda: (texts := server.client.hgetall("device:1:metrics")) and texts.get("online") == "true" and texts, "the own hash")
    assert stored["epoch"] == readings[-1]["epoch"] and "only_theirs" not in stored


def test_readings_of_others_expire_by_their_arrival(start_daemon, start_redis):
    """A publisher whose clock is a minute behind does not flicker, and one that is an hour ahead does not stay."""
    server = start_redis()
    daemon = start_daemon(REDIS_URL=server.url, METRICS_TTL="4")
    wait_until(lambda: server.client.pubsub_numsub("metrics:updates")[0][1] == 1, "the subscription")
    begin = time.monotonic()
    clocks = {11: timedelta(minutes=-1), 12: timedelta(hours=1), 13: timedelta(days=400)}
    while time.monotonic() < begin + 8:
        for device, error in clocks.items():
            server.client.publish("metrics:updates", foreign(device, error, number=time.monotonic()))
        wait_until(lambda: {reading["device_id"] for reading in daemon.get("/api/metrics").json()} == set(clocks), "the others' readings")
        time.sleep(0.1)  # the pace of publishing
    wait_until(lambda: daemon.get("/api/metrics").json() == [], "the expiry")
    assert time.monotonic() - begin >= 8 + 3, "not before the last ones were four seconds old"


def test_two_daemons_with_the_same_device_are_reported(two_daemons):
    server, one, other = two_daemons({}, {})
    for daemon in (one, other):
        health = wait_until(lambda: (body := daemon.get("/health").json())["status"] == "degraded" and body, "the warning")
        assert f"another process also writes device:{daemon.device}:metrics; set REDIS_PREFIX" in health["redis"]
        assert health["ready"] is True
        assert metric(daemon, "gensetd_redis_shared_hashes") == 1 and metric(daemon, "gensetd_redis_up") == 1
        before = metric(daemon, "gensetd_redis_shared_messages_total")
        wait_until(lambda: metric(daemon, "gensetd_redis_shared_messages_total") > before + 3, "more of it")
        assert len(daemon.lines("another process publishes readings of device 1")) == 1, daemon.text()
    # Whichever daemon wrote last, a hash is one reading of one of them.
    epochs = {daemon.reading(1)["epoch"] for daemon in (one, other)}
    assert len(epochs) == 2
    seen = set()
    wait_until(lambda: seen.add(server.client.hget("device:1:metrics", "epoch")) or seen == epochs, "both in turn")
    assert one.delete("/api/devices/1").status_code == 204
    wait_until(lambda: one.lines("device:1:metrics is kept because another process writes it"), "the key that is left")
    assert server.client.exists("device:1:metrics") == 1
    stored = wait_until(lambda: (texts := server.client.hgetall("device:1:metrics"))["epoch"] == other.reading(1)["epoch"] and texts, "the other's hash")
    assert set(stored) == set(other.reading(1))


def test_prefixes_separate_daemons(two_daemons):
    server, one, other = two_daemons({"REDIS_PREFIX": "north:"}, {"REDIS_PREFIX": "south:"})
    wait_until(lambda: {"north:device:1:metrics", "south:device:1:metrics"} == set(server.client.keys()), "both hashes")
    for daemon, prefix in ((one, "north:"), (other, "south:")):
        assert server.client.hget(f"{prefix}device:1:metrics", "epoch") == daemon.reading(1)["epoch"]
        assert daemon.get("/health").json()["redis"] == "ok"
        assert metric(daemon, "gensetd_redis_shared_messages_total") == 0
        assert metric(daemon, "gensetd_redis_messages_received_total") > 0
    assert one.delete("/api/devices/1").status_code == 204
    wait_until(lambda: server.client.keys() == ["south:device:1:metrics"], "the key of one alone")
