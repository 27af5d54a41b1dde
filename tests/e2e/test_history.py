"""GET /api/history: the readings of the last hour in buckets, against readings received one by one."""

import asyncio
import json
import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
import websockets
from conftest import wait_until
from scripted_controller import ScriptedController


def printed(time):
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def parsed(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def daemon(start_daemon, start_simulator):
    plant = start_simulator(devices=1)
    daemon = start_daemon()
    daemon.add_site()
    daemon.plant = plant
    daemon.device = daemon.add_device(plant.port, poll_interval=0.1)
    daemon.wait_online(daemon.device)
    return daemon


def history(daemon, **query):
    response = daemon.get("/api/history", params={"device_id": daemon.device, **query})
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_float=Decimal, parse_int=Decimal)


def test_buckets_agree_with_every_received_reading(daemon):
    async def listen():
        heard = []
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics") as client:
            await client.recv()
            while len(heard) < 40:
                heard.append(json.loads(await asyncio.wait_for(client.recv(), 30), parse_float=Decimal, parse_int=Decimal))
        return heard

    heard = asyncio.run(listen())
    begin, end = parsed(heard[0]["timestamp"]), parsed(heard[-1]["timestamp"])
    response = history(daemon, fields="gen_uab,mode_auto", to=printed(end), points=5, **{"from": printed(begin)})
    step = timedelta(milliseconds=int(response["step_ms"]))
    assert len(response["fields"]["gen_uab"]) == 5 and list(response["fields"]) == ["gen_uab", "mode_auto"]
    for index, bucket in enumerate(response["fields"]["gen_uab"]):
        inside = [one["gen_uab"] for one in heard if begin + index * step <= parsed(one["timestamp"]) < min(end, begin + (index + 1) * step)]
        assert bucket[:2] == [min(inside), max(inside)]
        assert abs(bucket[2] - sum(inside) / len(inside)) <= Decimal("0.005")
    assert response["fields"]["mode_auto"][0] == [Decimal(heard[0]["mode_auto"])] * 3


class Recorder(ScriptedController):
    """Responds with another voltage each time, records it, and stops responding after forty times."""

    MAINS_UAB = 120

    def __init__(self):
        self.said = []
        super().__init__("tcp")

    def value_of(self, address):
        if address == self.MAINS_UAB + 1:
            return 0  # its high word
        if address != self.MAINS_UAB:
            return super().value_of(address)
        self.silent = len(self.said) == 40
        if not self.silent:
            self.said.append(random.randrange(0, 6000))
        return self.said[-1]


def test_history_agrees_with_the_controllers_values(start_daemon):
    controller = Recorder()
    daemon = start_daemon()
    daemon.add_site()
    begin = datetime.now(timezone.utc) - timedelta(seconds=1)
    daemon.device = daemon.add_device(controller.port, poll_interval=0.1)
    daemon.wait_for(daemon.device, lambda reading: reading["last_seen"] and not reading["online"], "the silence after forty readings")
    bucket = history(daemon, fields="mains_uab", points=1, to=printed(datetime.now(timezone.utc)), **{"from": printed(begin)})["fields"]["mains_uab"][0]
    said = [Decimal(one) / 10 for one in controller.said]
    assert bucket[:2] == [min(said), max(said)]
    assert abs(bucket[2] - sum(said) / len(said)) <= Decimal("0.005")
    controller.close()


def test_loss_of_connection_is_a_gap(daemon):
    wait_until(lambda: history(daemon, fields="gen_uab", points=1)["fields"]["gen_uab"][0], "a reading")
    daemon.plant.kill()
    lost = daemon.wait_for(daemon.device, lambda reading: not reading["online"], "the loss")
    begin = parsed(lost["timestamp"]) + timedelta(milliseconds=1)
    response = history(daemon, fields="gen_uab", points=3, to=printed(begin + timedelta(seconds=3)), **{"from": printed(begin)})
    assert response["fields"]["gen_uab"] == [None] * 3
    earlier = history(daemon, fields="gen_uab", points=1)
    assert earlier["fields"]["gen_uab"][0] is not None


@pytest.mark.parametrize(
    "query, status, field",
    [
        ("fields=gen_uab", 400, "device_id"), ("device_id=1", 400, "fields"), ("device_id=1&fields=", 400, "fields"), ("device_id=1&fields=a,,b", 400, "fields"),
        ("device_id=1&fields=no_such", 400, "fields"), ("device_id=99&fields=gen_uab", 404, "device_id"), ("device_id=1&fields=gen_uab&points=0", 400, "points"),
        ("device_id=1&fields=gen_uab&points=2001", 400, "points"), ("device_id=1&fields=gen_uab&from=today", 400, "from"),
        ("device_id=1&fields=gen_uab&from=2026-01-02T00:00:00.000Z&to=2026-01-01T00:00:00.000Z", 400, "from"),
        ("device_id=1&fields=gen_uab&from=1990-01-02T00:00:00.000Z&to=2026-01-01T00:00:00.000Z", 400, "from"), ("device_id=1&fields=gen_uab&step=1", 400, "step"),
    ],
)
def test_bad_query_is_refused_and_named(daemon, query, status, field):
    response = daemon.get(f"/api/history?{query}")
    assert response.status_code == status and response.json()["error"]["field"] == field, response.text


def test_device_that_was_never_read_has_gaps_only(start_daemon):
    daemon = start_daemon()
    daemon.add_site()
    daemon.device = daemon.add_device(1)
    response = history(daemon, fields="gen_uab,gen_status", points=10)
    assert response["fields"] == {"gen_uab": [None] * 10, "gen_status": [None] * 10}
