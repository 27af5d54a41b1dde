"""WS /ws/metrics?proto=2: the protocol made for dashboards, against the running program."""

import asyncio
import json
import random

import pytest
import websockets

PATIENCE = 30


@pytest.fixture
def daemon(start_daemon, start_simulator):
    plant = start_simulator(devices=3)
    daemon = start_daemon()
    daemon.add_site()
    daemon.devices = [daemon.add_device(plant.port + index) for index in range(3)]
    for device_id in daemon.devices:
        daemon.wait_online(device_id)
    return daemon


def connect(daemon, query="?proto=2", **more):
    return websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics{query}", max_size=None, **more)


async def receive(client):
    return json.loads(await asyncio.wait_for(client.recv(), PATIENCE))


async def receive_type(client, kind):
    while True:
        message = await receive(client)
        if message["type"] == kind:
            return message


def test_snapshot_then_batches_with_seq_and_full_readings(daemon):
    async def run():
        async with connect(daemon) as client:
            snapshot = await receive(client)
            assert snapshot["type"] == "snapshot" and snapshot["view"] == "full" and snapshot["poll_interval"] == 2
            assert [one["device_id"] for one in snapshot["data"]] == daemon.devices and snapshot["alarms"] == []
            plain = daemon.reading(daemon.devices[0])
            assert [*plain, "cadence_ms", "age_ms"] == list(snapshot["data"][0])
            assert snapshot["epoch"] == plain["epoch"] != ""
            seq = snapshot["seq"]
            batches = []
            while len(batches) < 5:
                message = await receive(client)
                seq += 1
                # The plant is running: events may arrive in between.
                assert message["type"] in ("batch", "event") and message["seq"] == seq and message["epoch"] == snapshot["epoch"]
                batches += [message] if message["type"] == "batch" else []
            cadence = batches[-1]["data"][0]["cadence_ms"]
            assert cadence is None or 150 <= cadence <= 1000
            assert all(0 <= one["age_ms"] < PATIENCE * 1000 for one in batches[-1]["data"])

    asyncio.run(run())


def test_registry_changes_and_removed_devices_are_notified(daemon):
    async def run():
        async with connect(daemon) as client:
            before = (await receive(client))["config_rev"]
            daemon.delete(f"/api/devices/{daemon.devices[1]}")
            removed = await receive_type(client, "removed")
            assert removed["device_ids"] == [daemon.devices[1]]
            assert (await receive_type(client, "config"))["config_rev"] == before + 1
            await client.send('{"type":"resync"}')
            snapshot = await receive_type(client, "snapshot")
            assert len(snapshot["data"]) == 2 and snapshot["config_rev"] == before + 1

    asyncio.run(run())


def test_bad_messages_get_an_error_and_the_socket_stays_open(daemon):
    async def run():
        async with connect(daemon) as client:
            await receive(client)
            for text, code in [("nonsense", "malformed_json"), ('{"type":"sub","devices":[999]}', "unknown_device"), (b"\x01", "not_text")]:
                await client.send(text)
                assert (await receive_type(client, "error"))["code"] == code
            await client.send(json.dumps({"type": "sub", "devices": [daemon.devices[2]], "view": "overview", "max_hz": 20}))
            snapshot = await receive_type(client, "snapshot")
            assert [one["device_id"] for one in snapshot["data"]] == [daemon.devices[2]]
            assert "gen_status" in snapshot["data"][0] and "power_a" not in snapshot["data"][0]

    asyncio.run(run())


def test_each_new_subscription_brings_batches_of_its_devices(daemon):
    async def run():
        async with connect(daemon) as client:
            await receive(client)
            for wanted in (None, daemon.devices[:1], daemon.devices[:2], daemon.devices[:2], None, None):
                await client.send(json.dumps({"type": "sub", "devices": wanted, "view": "full", "max_hz": 10}))
                await receive_type(client, "snapshot")
                missing = set(wanted or daemon.devices)
                while missing:
                    told = {one["device_id"] for one in (await receive_type(client, "batch"))["data"]}
                    assert told <= set(wanted or daemon.devices)
                    missing -= told

    asyncio.run(run())


@pytest.mark.parametrize("query", ["", "?proto=2"])
def test_too_large_message_is_closed_also_when_it_is_compressed(daemon, query):
    async def run():
        async with connect(daemon, query) as client:
            await receive(client)
            await client.send("x" * 4097)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await receive_any(client)
            assert closed.value.rcvd.code == 1009

    asyncio.run(run())


async def receive_any(client):
    return await asyncio.wait_for(client.recv(), PATIENCE)


@pytest.mark.parametrize("query, status", [("?proto=3", 400), ("?proto=2&devices=x", 400), ("?proto=2&view=full", 400)])
def test_bad_address_is_refused_before_the_upgrade(daemon, query, status):
    async def run():
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            async with connect(daemon, query):
                pass
        assert refused.value.status_code == status

    asyncio.run(run())


def test_compression_is_for_dashboards_that_offer_it(daemon, start_daemon):
    async def extensions(one, query, compression):
        async with connect(one, query, compression=compression) as client:
            await receive(client)
            await receive(client)
            return [type(extension).__name__ for extension in client.extensions]

    assert asyncio.run(extensions(daemon, "?proto=2", "deflate")) == ["PerMessageDeflate"]
    assert asyncio.run(extensions(daemon, "?proto=2", None)) == []
    assert asyncio.run(extensions(daemon, "", "deflate")) == []  # the specification's protocol is never compressed


def test_compression_can_be_switched_off(start_daemon):
    daemon = start_daemon(WEBSOCKET_COMPRESSION="0")

    async def run():
        async with connect(daemon) as client:
            await receive(client)
            return client.extensions

    assert asyncio.run(run()) == []


class Page:
    """The state of a dashboard."""

    def __init__(self):
        self.devices, self.seq, self.lost = {}, 0, False

    def take(self, message):
        if message["type"] == "snapshot":
            self.devices, self.lost = {}, False
        elif message["seq"] != self.seq + 1:
            self.lost = True
        self.seq = message["seq"]
        for device_id in message.get("device_ids", []):
            self.devices.pop(device_id, None)
        for reading in message.get("data", []):
            self.devices[reading["device_id"]] = reading


def test_client_that_loses_messages_reaches_the_same_state(daemon):
    async def listen(loss, until):
        chance, page, last = random.Random(7), Page(), False
        async with connect(daemon) as client:
            while not (last and not page.lost):
                message = await receive(client)
                last = last or until.is_set()
                if message["type"] != "snapshot" and not last and chance.random() < loss:
                    continue
                page.take(message)
                if page.lost:
                    await client.send('{"type":"resync"}')
        return page

    async def run():
        until = asyncio.Event()
        clients = [asyncio.create_task(listen(loss, until)) for loss in (0, 0.4)]
        await asyncio.sleep(1.5)  # for losses to happen, not for anything to be true
        await asyncio.to_thread(daemon.delete, f"/api/devices/{daemon.devices[0]}")
        await asyncio.sleep(0.5)
        until.set()
        return await asyncio.gather(*clients)

    whole, lossy = asyncio.run(run())
    assert set(whole.devices) == set(lossy.devices) == set(daemon.devices[1:])
    for device_id, reading in whole.devices.items():
        assert list(reading) == list(lossy.devices[device_id]) and reading["online"] == lossy.devices[device_id]["online"]


def test_stop_sends_the_last_readings_and_a_reason(daemon):
    async def run():
        async with connect(daemon) as client:
            page = Page()
            page.take(await receive(client))
            daemon.process.terminate()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    page.take(await receive(client))
            assert closed.value.rcvd.code == 1001
            assert {one["error"] for one in page.devices.values()} == {"gateway stopped"}

    asyncio.run(run())
