"""Values of independent slaves against the specification's formulas, through every way out."""

import asyncio
import json

import websockets
from conftest import wait_until

GENSET = {
    0: (1 << 9) | 1, 114: 0b1101, 140: 3985, 155: 5001, 180: 65286, 181: 65535, 198: 64615, 220: 65516, 234: 32766, 260: 9, 270: 1234, 271: 56, 273: 77, 274: 5, 275: 2, 511: 3,
}
SWITCHBOARD = {0: 1 << 10, 40: 9, 55: 398, 64: 5001, 95: 1234, 109: 65526, 110: 65535, 142: 271, 193: 3, 203: 34464, 204: 1, 211: 40000}


def test_tcp_values_are_those_of_a_pymodbus_slave(start_daemon, start_slave):
    slave = start_slave(GENSET)
    daemon = start_daemon()
    daemon.add_site()
    reading = daemon.wait_online(daemon.add_device(slave.port))
    assert reading["mode_auto"] is True and reading["mode_stop"] is False and reading["alarm_common"] is True
    assert (reading["mains_normal"], reading["mains_load"], reading["gen_normal"], reading["gen_closed"]) == (True, False, True, True)
    assert reading["gen_status"] == 9
    assert (reading["run_hours"], reading["run_minutes"], reading["start_count"]) == (1234, 56, 77)
    assert reading["energy_kwh"] == 2 * 65536 + 5
    assert reading["alarm_count"] == 3
    assert reading["gen_uab"] == 398.5 and reading["gen_freq"] == 50.01 and reading["pf_a"] == -0.921
    assert reading["power_total"] == -25
    assert reading["coolant_temp"] == -20 and reading["oil_temp"] is None
    assert reading["error"] is None and reading["last_seen"] == reading["timestamp"]


def test_rtu_over_tcp_values_are_those_of_a_pymodbus_slave(start_daemon, start_slave):
    slave = start_slave(SWITCHBOARD, framing="rtu", unit=3)
    daemon = start_daemon()
    daemon.add_site()
    response = daemon.get("/api/metrics")
    assert response.json() == []
    reading = daemon.wait_online(daemon.add_device(slave.port, device_type="ats", slave_id=3))
    assert reading["device_type"] == "ats"
    assert reading["mode_manual"] is True and reading["genset_status"] == 9
    assert reading["mains_uab"] == 398 and reading["mains_freq"] == 50.01
    assert reading["mains_ia"] == 123.4
    assert reading["mains_total_p"] == -1  # words 65526 and 65535: -10 tenths
    assert reading["battery_v"] == 27.1 and reading["busbar_switch"] == 3
    assert reading["accum_kwh"] == 10000 and reading["maint_hours"] == 40000
    raw = daemon.get("/api/metrics").text
    assert '"mains_freq":50.01,' in raw and '"mains_ia":123.4,' in raw


def test_hash_rest_and_messages_agree(start_daemon, start_redis, start_slave):
    server = start_redis()
    slave = start_slave(GENSET)
    daemon = start_daemon(REDIS_URL=server.url)
    listener = server.client.pubsub(ignore_subscribe_messages=True)
    listener.subscribe("metrics:updates")
    daemon.add_site()
    device = daemon.add_device(slave.port)
    message = wait_until(lambda: listener.get_message(timeout=1), "a message")
    published = json.loads(message["data"])
    assert published["device_id"] == device and published["online"] is True
    names = list(published)
    assert names[:6] == ["device_id", "site_code", "device_type", "timestamp", "online", "error"] and names[-3:] == ["last_seen", "seq", "epoch"]

    def hash_of_the_reading():
        stored = server.client.hgetall(f"device:{device}:metrics")
        reading = daemon.reading(device)
        return (stored, reading) if stored and (stored["epoch"], stored["seq"]) == (reading["epoch"], str(reading["seq"])) else None

    stored, reading = wait_until(hash_of_the_reading, "the hash of the newest reading")
    assert set(stored) == set(reading)
    for name, value in reading.items():
        expected = value if isinstance(value, str) else json.dumps(value)
        assert stored[name] == expected, name
    assert 25 <= server.client.ttl(f"device:{device}:metrics") <= 30


def test_every_message_of_the_stream_is_a_newer_reading(start_daemon, start_simulator):
    simulator = start_simulator(devices=3)
    daemon = start_daemon()
    daemon.add_site()
    ids = [daemon.add_device(simulator.port + offset) for offset in range(3)]
    for device in ids:
        daemon.wait_online(device)

    async def listen(path):
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}{path}") as client:
            snapshot = json.loads(await asyncio.wait_for(client.recv(), 20))
            messages = [json.loads(await asyncio.wait_for(client.recv(), 20)) for _ in range(15)]
            await client.send("ping")
            while (text := await asyncio.wait_for(client.recv(), 20)) != "pong":
                messages.append(json.loads(text))
            return snapshot, messages

    snapshot, messages = asyncio.run(listen("/ws/metrics"))
    assert snapshot["type"] == "snapshot"
    assert [reading["device_id"] for reading in snapshot["data"]] == ids
    newest = {reading["device_id"]: reading["seq"] for reading in snapshot["data"]}
    assert len({reading["epoch"] for reading in snapshot["data"] + messages}) == 1
    for message in messages:
        assert message["seq"] > newest[message["device_id"]]
        newest[message["device_id"]] = message["seq"]

    snapshot, messages = asyncio.run(listen(f"/ws/metrics?devices={ids[1]},999"))
    assert [reading["device_id"] for reading in snapshot["data"]] == [ids[1]]
    assert {message["device_id"] for message in messages} == {ids[1]}


def test_readings_of_another_process_reach_stream_and_rest(start_daemon, start_redis):
    server = start_redis()
    daemon = start_daemon(REDIS_URL=server.url)

    async def scene():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics") as client:
            await client.recv()
            from datetime import datetime, timezone

            def foreign(value):
                now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
                return json.dumps({"device_id": 77, "site_code": "YKZ", "timestamp": now, "online": True, "value": value})

            loop = asyncio.get_running_loop()
            for garbage in ("not JSON", "[]", '{"device_id":"x"}', "{" * 1000):
                await loop.run_in_executor(None, lambda: server.client.publish("metrics:updates", garbage))
            # The subscription may start a moment after the daemon.
            for _ in range(300):
                await loop.run_in_executor(None, lambda: server.client.publish("metrics:updates", foreign(1)))
                try:
                    return json.loads(await asyncio.wait_for(client.recv(), 0.1))
                except asyncio.TimeoutError:
                    continue

    message = asyncio.run(scene())
    assert message["device_id"] == 77 and message["value"] == 1
    assert daemon.reading(77)["value"] == 1
    assert daemon.get("/api/metrics", params={"device_id": 78}).status_code == 404
