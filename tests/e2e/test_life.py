"""What happens when things break, change, stop and start again."""

import asyncio
import signal
import subprocess
import time

import pytest
import websockets
from conftest import GENSETD, free_port, wait_until


# A stop is promised within 2 s and takes some milliseconds; the operations that it must not wait for take 60 s. In between is
# room for a machine that is busy.
AT_ONCE = 15


def test_bodies_of_the_specification_work_and_the_device_is_offline_with_a_reason(start_daemon):
    daemon = start_daemon(MODBUS_TIMEOUT="0.3", MODBUS_RETRY_DELAY="0.1")
    site = daemon.post("/api/sites", {"name": "MKZ", "code": "MKZ", "network": "192.168.97.x"})
    assert site.status_code == 201 and site.json()["id"] == 1
    device = daemon.post(
        "/api/devices",
        {"site_id": 1, "name": "Gen1", "device_type": "generator", "ip_address": "192.168.97.10", "protocol": "tcp"},
    )
    assert device.status_code == 201 and device.headers["Location"] == "/api/devices/1"
    reading = daemon.wait_for(1, lambda reading: reading["error"], "an error")
    assert reading["online"] is False and reading["error"].startswith("192.168.97.10:502")
    assert reading["gen_uab"] is None and reading["last_seen"] is None
    first = reading["timestamp"]
    daemon.wait_for(1, lambda reading: reading["timestamp"] > first, "another attempt")
    daemon.wait_for(1, lambda reading: reading["timestamp"] > first, "another attempt")
    told = [line for line in daemon.lines("Gen1") if "audit:" not in line]
    assert len(told) == 1, "one line at the loss, not one each attempt"


def test_pulled_cable_keeps_the_values_and_the_device_returns(start_daemon, start_simulator):
    simulator = start_simulator(devices=1)
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(simulator.port)
    before = daemon.wait_online(device)
    simulator.kill()
    lost = daemon.wait_for(device, lambda reading: not reading["online"], "the loss")
    assert lost["error"].startswith(f"127.0.0.1:{simulator.port}")
    assert lost["last_seen"] < lost["timestamp"]
    assert lost["gen_status"] is not None and list(lost) == list(before)
    again = daemon.wait_for(device, lambda reading: reading["timestamp"] > lost["timestamp"], "another attempt")
    assert again["gen_uab"] == lost["gen_uab"]
    start_simulator(devices=1, port=simulator.port)
    daemon.wait_online(device)
    assert len(daemon.lines("offline:")) == 1 and len(daemon.lines("online again")) == 1


def test_devices_are_independent_of_a_dead_one(start_daemon, start_simulator):
    simulator = start_simulator("--silence", "1", devices=1)
    living = start_simulator(devices=1)
    daemon = start_daemon(MODBUS_TIMEOUT="20")
    daemon.add_site()
    daemon.add_device(simulator.port)
    device = daemon.add_device(living.port)
    first = daemon.wait_online(device)["timestamp"]
    for _ in range(5):
        first = daemon.wait_for(device, lambda reading: reading["timestamp"] > first, "the next cycle")["timestamp"]


def test_changes_of_the_registry_take_effect(start_daemon, start_simulator, start_redis):
    server = start_redis()
    simulator = start_simulator(devices=2)
    daemon = start_daemon(REDIS_URL=server.url)
    daemon.add_site()
    device = daemon.add_device(free_port())
    daemon.wait_for(device, lambda reading: reading["error"], "refusal")
    assert daemon.patch(f"/api/devices/{device}", {"port": simulator.port}).status_code == 200
    daemon.wait_online(device)
    key = f"device:{device}:metrics"
    wait_until(lambda: server.client.hget(key, "online") == "true", "the hash")

    daemon.patch(f"/api/devices/{device}", {"is_active": False})
    wait_until(lambda: not server.client.exists(key), "the key's end")
    assert daemon.get("/api/metrics").json() == []
    daemon.patch(f"/api/devices/{device}", {"is_active": True})
    daemon.wait_online(device)

    daemon.patch("/api/sites/1", {"code": "MKZ-2"})
    daemon.wait_for(device, lambda reading: reading["site_code"] == "MKZ-2", "the new code")
    daemon.patch("/api/sites/1", {"is_active": False})
    wait_until(lambda: not server.client.exists(key), "the key's end")
    daemon.patch("/api/sites/1", {"is_active": True})
    daemon.wait_online(device)
    wait_until(lambda: server.client.exists(key), "the key")

    assert daemon.delete("/api/sites/1").status_code == 409
    assert daemon.delete(f"/api/devices/{device}").status_code == 204
    wait_until(lambda: not server.client.exists(key), "the key's end")
    assert daemon.get(f"/api/metrics?device_id={device}").status_code == 404
    assert daemon.delete("/api/sites/1").status_code == 204


def test_changed_address_shows_no_value_of_the_old_one(start_daemon, start_simulator):
    simulator = start_simulator(devices=1)
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(simulator.port, retry_delay=60, poll_interval=60)
    before = daemon.wait_online(device)
    assert before["gen_status"] is not None
    daemon.patch(f"/api/devices/{device}", {"port": free_port()})
    now = daemon.wait_for(device, lambda reading: not reading["online"], "the new address")
    assert now["gen_status"] is None and now["last_seen"] is None and now["timestamp"] > before["timestamp"]


def test_lost_redis_stops_nothing_and_is_complete_after_its_return(start_daemon, start_simulator, start_redis):
    server = start_redis()
    simulator = start_simulator(devices=3)
    daemon = start_daemon(REDIS_URL=server.url)
    daemon.add_site()
    ids = [daemon.add_device(simulator.port + offset) for offset in range(3)]
    for device in ids:
        wait_until(lambda: server.client.hget(f"device:{device}:metrics", "online") == "true", "the hash")
    server.kill()
    wait_until(lambda: daemon.get("/health").json()["redis"] != "ok", "the notice")
    assert daemon.get("/health").status_code == 200
    stamp = daemon.reading(ids[0])["timestamp"]
    daemon.wait_for(ids[0], lambda reading: reading["timestamp"] > stamp, "polling without Redis")
    daemon.delete(f"/api/devices/{ids[2]}")
    again = start_redis(port=server.port)
    again.client.hset(f"device:{ids[2]}:metrics", "ghost", "1")
    for device in ids[:2]:
        wait_until(lambda: again.client.hlen(f"device:{device}:metrics") == 56 + 9, "the complete hash")
    wait_until(lambda: not again.client.exists(f"device:{ids[2]}:metrics"), "the removed device's key gone")
    wait_until(lambda: daemon.get("/health").json()["redis"] == "ok", "health")
    assert len([line for line in daemon.lines("Redis") if "warning" in line]) == 1, daemon.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_marks_devices_closes_clients_and_a_second_start_works_at_once(start_daemon, start_simulator, start_redis, number):
    server = start_redis()
    simulator = start_simulator()
    daemon = start_daemon(REDIS_URL=server.url)
    daemon.add_site()
    genset = daemon.add_device(simulator.port)
    switchboard = daemon.add_device(simulator.port + 2, device_type="ats")
    for device in (genset, switchboard):
        daemon.wait_online(device)

    async def scene():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics") as client:
            await client.recv()
            started = time.monotonic()
            status = await asyncio.get_running_loop().run_in_executor(None, daemon.stop, number)
            took = time.monotonic() - started
            messages = []
            try:
                while True:
                    messages.append(await asyncio.wait_for(client.recv(), 20))
            except websockets.ConnectionClosed:
                return status, took, messages, client.close_code

    status, took, messages, close_code = asyncio.run(scene())
    assert status == 0 and close_code == 1001
    assert took < AT_ONCE
    assert sum("gateway stopped" in message for message in messages) == 2
    for device in (genset, switchboard):
        stored = server.client.hgetall(f"device:{device}:metrics")
        assert stored["online"] == "false" and stored["error"] == "gateway stopped"
    second = start_daemon(port=daemon.port, REDIS_URL=server.url)
    second.wait_online(genset)
    assert simulator.stop(number) == 0


def test_stop_does_not_wait_for_hanging_devices_and_clients(start_daemon, start_simulator):
    simulator = start_simulator("--silence", "1", devices=2)
    daemon = start_daemon(MODBUS_TIMEOUT="60")
    daemon.add_site()
    daemon.add_device(simulator.port)
    daemon.add_device(1, ip_address="no-such-host.invalid")
    import socket

    with socket.create_connection(("127.0.0.1", daemon.port)) as half:
        half.sendall(b"GET /api/metr")
        started = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - started < AT_ONCE


def run(*arguments, **environment):
    return subprocess.run([GENSETD, *arguments], env={"PATH": "/usr/bin", **environment}, capture_output=True, text=True, timeout=60)


def test_sighup_without_tls_is_logged(start_daemon):
    daemon = start_daemon()
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.lines("SIGHUP ignored"), "the line")
    assert daemon.responds()
    assert daemon.stop() == 0


def test_option_overrides_environment_and_file(tmp_path):
    file = tmp_path / "gensetd.toml"
    file.write_text('log_level = "a"\npoll_interval = 0\n')
    ran = run("serve", "--config", str(file), "--log-level", "c", POLL_INTERVAL="b")
    assert "LOG_LEVEL: 'c' (from option --log-level)" in ran.stderr
    ran = run("serve", "--config", str(file), "--log-level", "info", POLL_INTERVAL="b")
    assert "POLL_INTERVAL: 'b' (from the environment)" in ran.stderr
    ran = run("serve", "--config", str(file), "--log-level", "info")
    assert f"POLL_INTERVAL: '0' (from {file}:2)" in ran.stderr


def test_technician_reads_a_controller(start_simulator):
    simulator = start_simulator()
    ran = run("read", f"127.0.0.1:{simulator.port}")
    assert ran.returncode == 0 and "gen_uab" in ran.stdout
    ran = run("read", f"127.0.0.1:{simulator.port + 2}", "--profile", "hgm9560", "--json")
    assert ran.returncode == 0 and '"device_type":"ats"' in ran.stdout
    ran = run("read", f"127.0.0.1:{simulator.port}", "--raw", "0:2")
    assert ran.returncode == 0 and len(ran.stdout.splitlines()) == 3
    ran = run("read", f"127.0.0.1:{simulator.port + 2}", "--timeout", "0.5")
    assert ran.returncode == 1 and f"127.0.0.1:{simulator.port + 2} unit 1: no answer within 0.5 s" in ran.stderr
