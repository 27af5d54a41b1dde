"""The wall clock of a running daemon is set."""

import asyncio
import json
import time
from datetime import datetime, timedelta

import pytest
import websockets
from conftest import PATIENCE, is_built_with_sanitizer, wait_until
from wall_clock import WallClock

HEALTHY, LOST = 1, 2
STEPS = {"an hour back": timedelta(hours=-1), "a fortnight back": timedelta(days=-14), "200 days ahead": timedelta(days=200)}


def parsed(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def shows(clock, text):
    """Whether a time of the daemon is one of this clock."""
    return abs(parsed(text) - clock.now()) < timedelta(seconds=PATIENCE)


@pytest.fixture
def clock(tmp_path):
    if is_built_with_sanitizer():
        pytest.skip("a sanitizer has functions of the clock of its own")
    return WallClock(tmp_path)


def events(daemon):
    return daemon.get("/api/events", params={"limit": 1000}).json()["events"]


def states(daemon, code):
    return {event["device_id"]: event["state"] for event in events(daemon) if event["code"] == code}


def newest_of_history(daemon):
    """The newest of ten buckets of the last ten seconds that has a value; none: null."""
    now = parsed(daemon.get("/api/alarms").json()["server_time"])
    period = {name: time.strftime("%Y-%m-%dT%H:%M:%S.000Z") for name, time in (("from", now - timedelta(seconds=10)), ("to", now + timedelta(seconds=1)))}
    buckets = daemon.get("/api/history", params={"device_id": HEALTHY, "fields": "gen_status", "points": 11, **period}).json()["fields"]["gen_status"]
    return next((bucket for bucket in reversed(buckets) if bucket), None)


async def next_batch_with(daemon, device):
    """A dashboard's next reading of the device, and the message that brings it."""
    async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics?proto=2", max_size=None) as client:
        while True:
            message = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
            for reading in message.get("data", []) if message["type"] == "batch" else []:
                if reading["device_id"] == device:
                    return reading, message


def check_that_all_goes_on(daemon, redis, clock):
    """Readings, dashboards, history and Redis follow the clock after each step."""
    before = daemon.reading(HEALTHY)
    reading = daemon.wait_for(HEALTHY, lambda one: shows(clock, one["timestamp"]) and one["seq"] > before["seq"], "a reading by the new clock")
    assert reading["online"] and reading["epoch"] == before["epoch"] and reading["last_seen"] == reading["timestamp"]
    pushed, message = asyncio.run(next_batch_with(daemon, HEALTHY))
    assert pushed["seq"] > reading["seq"] and shows(clock, message["server_time"]) and shows(clock, pushed["timestamp"])
    assert 0 <= pushed["age_ms"] < PATIENCE * 1000
    assert wait_until(lambda: newest_of_history(daemon), "history of the last ten seconds")
    wait_until(lambda: shows(clock, redis.client.hget(f"device:{HEALTHY}:metrics", "timestamp")), "the hash of a reading by the new clock")
    assert 0 < redis.client.ttl(f"device:{HEALTHY}:metrics") <= 30


@pytest.mark.parametrize("step", STEPS)
def test_clock_step_stops_no_polling_and_hides_no_loss(clock, start_daemon, start_simulator, start_redis, step):
    redis = start_redis()
    plants = {device: start_simulator(devices=1) for device in (HEALTHY, LOST)}
    daemon = start_daemon(EVENTS_OFFLINE_DELAY="2", EVENTS_KEEP_DAYS="1", REDIS_URL=redis.url, **clock.environment)
    for device, plant in plants.items():
        daemon.add_site(f"S{device}")
        assert daemon.add_device(plant.port, site_id=device) == device
        daemon.wait_online(device)
    kept = {event["id"] for event in events(daemon)}
    check_that_all_goes_on(daemon, redis, clock)

    clock.set(STEPS[step])
    check_that_all_goes_on(daemon, redis, clock)
    plants[LOST].kill()
    wait_until(lambda: states(daemon, "device_offline") == {LOST: "active"}, "the alarm of the lost device")
    check_that_all_goes_on(daemon, redis, clock)

    clock.set(timedelta())
    check_that_all_goes_on(daemon, redis, clock)
    assert states(daemon, "device_offline") == {LOST: "active"}
    start_simulator(devices=1, port=plants[LOST].port)
    daemon.wait_online(LOST)
    wait_until(lambda: states(daemon, "device_offline") == {LOST: "returned"}, "the return of the lost device")
    assert states(daemon, "device_interrupted") == {} and kept <= {event["id"] for event in events(daemon)}
    wait_until(lambda: len(daemon.lines("the wall clock was set")) == 2, "a line in the log for each step")


def test_age_grows_while_a_device_does_not_respond_whatever_the_clock_says(clock, start_daemon, start_simulator):
    plant = start_simulator(devices=1)
    daemon = start_daemon(**clock.environment)
    daemon.add_site()
    device = daemon.add_device(plant.port)
    daemon.wait_online(device)
    plant.kill()
    daemon.wait_for(device, lambda reading: not reading["online"], "the loss")
    ages = []
    for offset in (timedelta(), timedelta(days=-14), timedelta(days=200), timedelta()):
        clock.set(offset)
        began = time.monotonic()
        ages.append((asyncio.run(next_batch_with(daemon, device))[0]["age_ms"], began))
    for (age, began), (later_age, later_began) in zip(ages, ages[1:]):
        assert age < later_age and later_age - age < (later_began - began + PATIENCE) * 1000


def test_start_with_a_clock_200_days_ahead_deletes_no_event(clock, start_daemon):
    kept = set()
    for offset in (timedelta(), timedelta(days=200), timedelta(), timedelta(days=-14)):
        clock.set(offset)
        daemon = start_daemon(EVENTS_KEEP_DAYS="1", **clock.environment)
        wait_until(lambda: len(events(daemon)) > len(kept), "the start in the journal")
        found = {event["id"] for event in events(daemon)}  # after the deletion that follows each start
        assert kept < found
        kept = found
        daemon.stop()
