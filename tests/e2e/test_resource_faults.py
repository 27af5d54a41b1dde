"""Failed allocations, a hanging thread, too few file descriptors."""

import json
import os
import resource
import socket
import time

import pytest
import requests
from conftest import GENSETD, PATIENCE, Program, free_port, is_built_with_sanitizer, wait_until
from figures import scrape
from metrics_text import of
from fault_injection import FaultInjector

ROUNDS = int(os.environ.get("FAULT_ROUNDS", 60))

preloaded = pytest.mark.skipif(is_built_with_sanitizer(), reason="a sanitizer has an allocator of its own")


@pytest.fixture
def fault_injection(tmp_path):
    return FaultInjector(tmp_path)


def metric(daemon, name):
    return of(scrape(daemon), name)


def exceptions(daemon):
    lines = [line for line in daemon.get("/metrics").text.splitlines() if line.startswith("gensetd_task_exceptions_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def all_read_again(daemon, devices, since):
    """Each device online, by a cycle after `since` of its own readings."""
    readings = {reading["device_id"]: reading for reading in daemon.get("/api/metrics").json()}
    return all(device in readings and readings[device]["online"] and readings[device]["timestamp"] > since.get(device, "") for device in devices)


def timestamps(daemon):
    return {reading["device_id"]: reading["timestamp"] for reading in daemon.get("/api/metrics").json()}


@preloaded
@pytest.mark.parametrize("thread", ["poll", "gensetd"])
def test_an_allocation_that_fails_ends_one_task_and_nothing_else(fault_injection, start_daemon, start_simulator, thread):
    simulator = start_simulator(devices=4)
    daemon = start_daemon(POLL_THREADS="2", **fault_injection.settings())
    daemon.add_site()
    devices = [daemon.add_device(simulator.port + place, poll_interval=0.1) for place in range(4)]
    for device in devices:
        daemon.wait_online(device)
    failed = 0
    for number in range(1, ROUNDS + 1):
        # Each round another moment of the cycle; at times several in a row, as when memory is short for a while.
        fault_injection.fail_allocation(number * 3, times=1 + number % 3 * 4, thread=thread)
        wait_until(lambda: fault_injection["fail_in"] == 0 or daemon.process.poll() is not None, "the failure")
        assert daemon.process.poll() is None, f"round {number}: {daemon.text()[-3000:]}"
        failed += 1
    since = timestamps(daemon)
    wait_until(lambda: all_read_again(daemon, devices, since), f"all devices read again after {failed} failures ({daemon.text()[-3000:]})")
    if thread == "poll":
        assert exceptions(daemon) > 0, "some of the failures ended a task"
        assert daemon.lines("unexpected error (out of memory; raise the limit")
        health = daemon.get("/health").json()
        assert health["status"] == "degraded" and "within the last minute" in health["tasks"], health
    assert len(daemon.lines("unexpected error")) < 60, "the log is not flooded"
    # All else works too.
    wait_until(lambda: all(daemon.get("/health").json()[part] == "ok" for part in ("registry", "poller", "descriptors")), "the health")
    added = daemon.add_device(simulator.port, slave_id=1, name="one more")
    daemon.wait_online(added)
    assert daemon.stop() == 0


@preloaded
def test_a_hanging_polling_thread_is_reported_everywhere_and_recovers(fault_injection, start_daemon, start_simulator):
    simulator = start_simulator(devices=6)
    daemon = start_daemon(POLL_THREADS="2", **fault_injection.settings())
    daemon.add_site()
    devices = [daemon.add_device(simulator.port + place) for place in range(6)]
    for device in devices:
        daemon.wait_online(device)
    assert metric(daemon, "gensetd_poll_threads") == 2 and metric(daemon, "gensetd_poll_threads_hanging") == 0

    fault_injection["hang"] = 1
    wait_until(lambda: daemon.get("/health").status_code == 503, "the health that says it")
    health = daemon.get("/health")
    assert health.json()["status"] == "failing" and "has not responded for" in health.json()["poller"]
    assert "polling thread" in health.json()["poller"]
    assert daemon.get("/health/ready").status_code == 503
    assert daemon.get("/health/live").status_code == 200
    assert metric(daemon, "gensetd_poll_threads_hanging") == 1
    cycles = metric(daemon, "gensetd_cycles_total")
    assert cycles > 0, "counters stay while their thread hangs"

    # Its devices are offline with the reason; those of the other thread are still polled.
    stale = wait_until(lambda: [reading for reading in daemon.get("/api/metrics").json() if not reading["online"]], "its devices offline")
    assert 0 < len(stale) < 6
    for reading in stale:
        assert "polling thread" in reading["error"] and "has not responded" in reading["error"]
        assert reading["gen_freq"] is not None and reading["last_seen"] < reading["timestamp"], "the last known values, with their age"
    others = [device for device in devices if device not in {reading["device_id"] for reading in stale}]
    since = timestamps(daemon)
    wait_until(lambda: all_read_again(daemon, others, since), "the other devices going on")
    # Requests that need that thread get a response.
    assert daemon.get(f"/api/devices/{stale[0]['device_id']}/diagnostics").status_code == 200
    assert daemon.get("/metrics", params={"devices": "1"}).status_code == 200
    assert len(daemon.lines("has not responded")) == 1, "one line"

    since = timestamps(daemon)
    fault_injection["hang"] = 0
    wait_until(lambda: all_read_again(daemon, devices, since), "all devices again")
    wait_until(lambda: daemon.get("/health").json()["status"] == "ok", "the health again")
    assert len(daemon.lines("responds again")) == 1
    assert daemon.stop() == 0


@preloaded
def test_readings_of_a_recovered_thread_keep_their_order(fault_injection, start_daemon, start_simulator):
    simulator = start_simulator(devices=2)
    daemon = start_daemon(POLL_THREADS="1", **fault_injection.settings())
    daemon.add_site()
    device = daemon.add_device(simulator.port)
    daemon.wait_online(device)
    fault_injection["hang"] = 1
    offline = daemon.wait_for(device, lambda reading: not reading["online"], "the device offline")
    fault_injection["hang"] = 0
    seen = [offline]
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        seen.append(daemon.reading(device))
    assert seen[-1]["online"]
    numbers = [reading["seq"] for reading in seen]
    assert numbers == sorted(numbers)
    first_online = next(reading for reading in seen if reading["online"])
    assert first_online["last_seen"] > offline["timestamp"], "measured after the hang"


@preloaded
def test_the_watchdog_is_not_fed_while_a_polling_thread_hangs(fault_injection, programs, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        environment = {"HTTP_LISTEN": f"127.0.0.1:{free_port()}", "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000", "POLL_THREADS": "2"}
        daemon = Program([GENSETD, "serve"], tmp_path / "gensetd.log", {**environment, **fault_injection.settings()})
        programs.append(daemon)
        assert manager.recv(4096).startswith(b"READY=1")
        assert manager.recv(4096) == b"WATCHDOG=1"
        fault_injection["hang"] = 1
        wait_until(lambda: daemon.lines("has not responded"), "the hang seen")
        manager.settimeout(2)
        with pytest.raises(TimeoutError):
            for _ in range(1000):  # messages sent before
                manager.recv(4096)
        fault_injection["hang"] = 0
        manager.settimeout(PATIENCE)
        assert manager.recv(4096) == b"WATCHDOG=1"
        assert daemon.stop() == 0


@preloaded
def test_a_stop_does_not_wait_for_a_thread_that_hangs(fault_injection, start_daemon):
    daemon = start_daemon(POLL_THREADS="2", **fault_injection.settings())
    fault_injection["hang"] = 1
    wait_until(lambda: daemon.lines("has not responded"), "the hang seen")
    assert daemon.stop() == 0
    assert daemon.lines("stopped")


@preloaded
def test_a_main_thread_that_hangs_is_logged(fault_injection, start_daemon):
    daemon = start_daemon(POLL_THREADS="1", **fault_injection.settings())
    fault_injection["hang"] = 2
    wait_until(lambda: daemon.lines("main thread has not responded"), "the line")
    fault_injection["hang"] = 0
    wait_until(lambda: daemon.lines("main thread responds again"), "the line of its end")
    assert daemon.stop() == 0


def limit_descriptors(count):
    return ("prlimit", f"--nofile={count}:{count}")


def test_http_stays_reachable_with_too_few_descriptors_for_all_controllers(start_daemon, start_simulator):
    simulator = start_simulator(devices=70)
    daemon = start_daemon(launcher=limit_descriptors(64), POLL_THREADS="1")
    daemon.add_site()
    devices = [daemon.add_device(simulator.port + place) for place in range(70)]
    wait_until(lambda: daemon.lines("open files is too low"), "the line")
    online = wait_until(lambda: [reading for reading in daemon.get("/api/metrics").json() if reading["online"]], "devices online")
    assert 4 <= len(online) < 64
    refused = wait_until(lambda: [reading for reading in daemon.get("/api/metrics").json() if "no file descriptor left" in (reading["error"] or "")], "a device that says it")
    assert "LimitNOFILE" in refused[0]["error"] and not refused[0]["online"]
    # Several clients at a time, again and again.
    sessions = [requests.Session() for _ in range(6)]
    for _ in range(20):
        for session in sessions:
            health = session.get(daemon.url + "/health", timeout=5).json()
            assert health["status"] == "degraded" and "64 open files" in health["descriptors"]
    for session in sessions:
        session.close()
    assert metric(daemon, "gensetd_links_without_descriptor") > 0
    assert len(daemon.lines("open files is too low")) == 1, "one line however long it lasts"
    assert not daemon.lines("cannot accept connections")
    for device in devices[4:]:
        assert daemon.delete(f"/api/devices/{device}").status_code == 204
    wait_until(lambda: daemon.lines("file descriptors suffice again"), "the line of its end")
    wait_until(lambda: daemon.get("/health").json()["descriptors"] == "ok", "the health")
    for device in devices[:4]:
        daemon.wait_online(device)
    assert len(daemon.lines("suffice again")) == 1
    assert daemon.stop() == 0


def test_http_clients_cannot_take_the_descriptors_of_controllers(start_daemon, start_simulator):
    simulator = start_simulator(devices=4)
    daemon = start_daemon(launcher=limit_descriptors(64), POLL_THREADS="1")
    connections = []
    for _ in range(80):
        connections.append(socket.create_connection(("127.0.0.1", daemon.port), timeout=10))
    site = wait_until(lambda: create_site_on(connections), "a connection that is served")
    assert site == 201
    for connection in connections[16:]:
        connection.close()
    daemon.add_device(simulator.port)
    daemon.wait_online(1)
    for connection in connections[:16]:
        connection.close()


def create_site_on(connections):
    body = json.dumps({"name": "MKZ", "code": "MKZ"}).encode()
    head = b"POST /api/sites HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    connections[0].sendall(head + body)
    return int(connections[0].recv(65536).split(b" ")[1])


def test_the_soft_limit_is_raised_to_the_hard_one(start_daemon):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    daemon = start_daemon(launcher=("prlimit", f"--nofile=80:{min(hard, 4096)}"))
    assert metric(daemon, "process_max_fds") == min(hard, 4096)


def test_too_few_descriptors_for_the_daemon_itself_are_an_error_text(start_daemon):
    daemon = start_daemon(is_awaited=False, launcher=limit_descriptors(40), POLL_THREADS="4")
    assert daemon.process.wait(PATIENCE) == 2
    assert "LimitNOFILE" in daemon.text() and daemon.text().count("\n") == 1
