"""More load than in operation: devices, clients, of which some do not read, and REST requests as fast as possible.

With LOAD_DEVICES=2000 LOAD_CLIENTS=1000 LOAD_SECONDS=600 and pytest -s this is the long run.
"""

import asyncio
import itertools
import os
import resource
import time

import pytest
import requests
import websockets
from conftest import PATIENCE, wait_until
from figures import grown, is_sanitized, latencies, print_table, process_figures, scrape
from metrics_text import of
from numbered_converter import PROFILES
from many_clients import ManyClients
from observers import Background, WebSocketObserver

CLIENTS = int(os.environ.get("LOAD_CLIENTS", 100))
DEVICES = int(os.environ.get("LOAD_DEVICES", 100))
SECONDS = float(os.environ.get("LOAD_SECONDS", 10))
SLOW = max(1, CLIENTS // 20)
DEVICES_OF_A_CLIENT = 20
SLOW_DEVICES_MAX = 200  # of a client that does not read: more than fits in its buffers in one interval
DEVICES_OF_A_SIMULATOR = 50  # it needs that many consecutive free ports
JUDGED_MAX = 100  # devices of which each value is looked at
POLL_INTERVAL = 2.0
REST_THREADS = 2
TOO_MANY = 20  # clients beyond the limit
MISSED_PART_MAX = 0.1  # of the cycles: a machine that does other work too stands still at times
# kB: what the sockets' buffers of many clients and the history of the devices take.
RESIDENT_MORE_MAX = 64 * 1024


class Caller(Background):
    """Sends REST requests one after the other."""

    def __init__(self, url, devices, number):
        super().__init__()
        self.url, self.devices, self.number = url, devices, number
        self.requests = 0

    def run(self):
        session = requests.Session()
        some = itertools.cycle(self.devices[self.number :: REST_THREADS])
        while not self.ending.is_set():
            device = next(some)
            for path in (f"/api/metrics?device_id={device}", f"/api/devices/{device}", f"/api/devices/{device}/diagnostics", "/health", "/metrics"):
                response = session.get(self.url + path, timeout=60)
                assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
                self.requests += 1
            if device == self.devices[self.number]:
                assert len(session.get(self.url + "/api/metrics", timeout=60).json()) == len(self.devices)


def windows(devices):
    """The devices of each client that reads: one watches all, and so do the others together."""
    yield devices
    ring = devices + devices
    for number in range(CLIENTS - SLOW - 1):
        begin = number * DEVICES_OF_A_CLIENT % len(devices)
        yield sorted(set(ring[begin : begin + DEVICES_OF_A_CLIENT]))


async def refusals(port, count):
    statuses = []
    for _ in range(count):
        try:
            async with websockets.connect(f"ws://127.0.0.1:{port}/ws/metrics", open_timeout=60):
                statuses.append(101)
        except websockets.InvalidStatusCode as refused:
            assert "Retry-After" in refused.headers
            statuses.append(refused.status_code)
    return statuses


@pytest.fixture
def descriptors():
    """As many as the administrator allows, for this process and those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if 4 * DEVICES + 4 * CLIENTS > hard:
        pytest.skip(f"{hard} descriptors are too few for {DEVICES} devices and {CLIENTS} clients")


def wait_for_all(count, total, what):
    """While their number grows."""
    seen = 0
    while seen < total:
        wait_until(lambda: count() > seen, f"more than {seen} of {total} {what}")
        seen = count()


def newest_of(daemon):
    return {reading["device_id"]: reading["timestamp"] for reading in daemon.get("/api/metrics").json()}


def test_load_delays_no_poll_and_no_client_that_reads(descriptors, start_daemon, start_simulator):
    counts = [min(DEVICES_OF_A_SIMULATOR, DEVICES - begin) for begin in range(0, DEVICES, DEVICES_OF_A_SIMULATOR)]
    simulators = [start_simulator("--pattern", devices=count) for count in counts]
    ports = [simulator.port + place for simulator, count in zip(simulators, counts) for place in range(count)]
    daemon = start_daemon(
        PROFILES=PROFILES, MODBUS_TIMEOUT="20", WEBSOCKET_CLIENTS_MAX=str(CLIENTS + 1), HTTP_CONNECTIONS_MAX=str(CLIENTS + 64), HTTP_REQUESTS_PER_CONNECTION="1000000"
    )
    pid = daemon.process.pid
    daemon.add_site()
    pattern = {"device_type": "ats", "profile": "pattern", "protocol": "tcp", "poll_interval": POLL_INTERVAL}
    devices = [daemon.add_device(port, **pattern) for port in ports]
    wait_for_all(lambda: of(scrape(daemon), "gensetd_devices_online"), DEVICES, "devices online")

    judged = devices[:JUDGED_MAX]
    judge = WebSocketObserver(daemon.port, dict.fromkeys(judged, 1), "?devices=" + ",".join(map(str, judged))).start()
    many_clients = ManyClients(daemon.port, windows(devices), devices[:SLOW_DEVICES_MAX], SLOW).start()
    wait_for_all(lambda: many_clients.connected, CLIENTS, "clients connected")
    assert not many_clients.wrong
    callers = [Caller(daemon.url, devices, number).start() for number in range(REST_THREADS)]
    wait_until(lambda: of(scrape(daemon), "gensetd_websocket_readings_conflated_total") > 0, "the first reading that is replaced for a slow client")

    before, scraped, begin = process_figures(pid), scrape(daemon), time.monotonic()
    refused = asyncio.run(refusals(daemon.port, TOO_MANY))
    resident = [before["resident kB"]]
    while time.monotonic() - begin < SECONDS:
        assert daemon.process.poll() is None, daemon.text()[-5000:]
        resident.append(process_figures(pid)["resident kB"])
        time.sleep(min(1, SECONDS / 10))
    after, rescraped, took = process_figures(pid), scrape(daemon), time.monotonic() - begin

    for one in [*callers, judge]:
        one.end()  # so that this process has time to read

    timestamps = newest_of(daemon)

    def up_to_date(clients):
        return sum(client.closed is not None or client.knows(timestamps) for client in clients)

    wait_for_all(lambda: up_to_date(many_clients.readers), len(many_clients.readers), "clients that read with the newest reading of each device")
    many_clients.let_read()
    wait_for_all(lambda: up_to_date(many_clients.slow), len(many_clients.slow), "slow clients with the newest readings")
    closed = [client.closed for client in many_clients.readers if client.closed]
    slow_closed = sum(client.closed is not None for client in many_clients.slow)
    many_clients.end()

    cycles, missed, failed = (grown(f"gensetd_cycles_{name}total", rescraped, scraped) for name in ("", "missed_", "failed_"))
    conflated = grown("gensetd_websocket_readings_conflated_total", rescraped, scraped)
    sent = grown("gensetd_websocket_messages_total", rescraped, scraped)
    print_table("process", [["", "before", "after"], *[[name, before[name], after[name]] for name in before], ["resident kB, most", "", max(resident)]])
    print_table("latencies, seconds at most", [["", "median", "99 %", "99.9 %"], *[[name, *values] for name, values in latencies(rescraped, scraped).items()]])
    rest = sum(caller.requests for caller in callers)
    rows = [
        ["cycles", cycles], ["of these due", round(took * DEVICES / POLL_INTERVAL)], ["missed", missed], ["failed", failed],
        ["WebSocket messages", sent], ["conflated", conflated],
    ]
    rows += [["slow clients closed", slow_closed], ["REST requests", rest], ["values checked", judge.values()], ["refused clients", len(refused)]]
    print_table(f"{DEVICES} devices, {CLIENTS} clients, {took:.0f} s", [["", "count"], *rows])

    wrong = [*judge.mistakes(), *many_clients.wrong, *[text for caller in callers for text in caller.wrong]]
    assert not wrong, "\n".join(wrong[:20])
    assert not closed, closed[:10]
    assert refused == [503] * TOO_MANY
    assert failed == 0 and cycles > 0 and missed <= MISSED_PART_MAX * cycles
    assert judge.values() and rest
    assert max(resident) <= before["resident kB"] * 1.25 + RESIDENT_MORE_MAX or is_sanitized(pid)
    wait_until(lambda: of(scrape(daemon), "gensetd_websocket_clients") == 0, f"no client left within {PATIENCE} s")
