"""Faults of all peers, alone and together: the daemon does not restart, publishes no wrong value, and keeps no resources.

With FAULTS_SECONDS=3600 and pytest -s this is the soak program.
"""

import os
import random
import time

import pytest
import requests
from alarm_observer import AlarmObserver, journal_of
from conftest import is_built_with_sanitizer, wait_until
from faulty_controller import FaultyController
from figures import is_sanitized, latencies, print_table, process_figures, scrape
from history_observer import HistoryObserver
from metrics_text import of
from peer_faults import ClientPeers, ClockPeer, ControllerPeer, Faults, PostgresPeer, RedisPeer, SimulatorPeer
from pattern import machine_ms
from numbered_converter import PROFILES
from wall_clock import WallClock
from observers import Background, RedisObserver, RestObserver, Subscriber, WebSocketObserver, number_of

SECONDS = float(os.environ.get("FAULTS_SECONDS", 25))
SEED = int(os.environ.get("GENSETD_SEED", random.randrange(1, 1_000_000)))
UNITS = 3
# The growth of a heap that is used in another order, and the size of history and journal: kB.
RESIDENT_MORE_MAX = 64 * 1024
PRINT_EVERY = 60  # seconds
OFFLINE_DELAY = 2  # seconds
# The journal is pruned whenever it has grown by a tenth of this, and ends below it.
EVENTS_MAX = round(max(100, 4 * SECONDS))
# In each run, alone, and long enough that the daemon notes each step.
CLOCK_AT_FIRST, SECONDS_AT_FIRST = ["clock back by 14 days", "clock ahead by 200 days"], 2


class Editor(Background):
    """Changes a site's description all the time. A change with response 200 is stored; the result of others is unknown."""

    def __init__(self, url, site):
        super().__init__()
        self.path = f"{url}/api/sites/{site}"
        self.number = self.held = self.tried = self.refused = 0

    def run(self):
        while not self.ending.wait(0.1):
            self.tried = self.number = self.number + 1
            response = requests.patch(self.path, json={"description": str(self.number)}, timeout=60)
            if response.status_code == 200:
                self.held = self.number
            elif response.status_code == 503:
                self.refused += 1
            else:
                self.wrong.append(f"PATCH {self.path}: {response.status_code} {response.text}")

    def mistakes(self):
        there = int(requests.get(self.path, timeout=60).json()["description"])
        return self.wrong + ([] if self.held <= there <= self.tried else [f"the description {self.held} was stored, {there} is there"])


class Plant:
    """The daemon with all its peers and observers."""

    def __init__(self, clock, start_daemon, start_simulator, start_redis, start_postgres):
        chance = random.Random(f"plant {SEED}")
        self.clock = clock

        def simulator(protocol):
            options = ["--pattern", "--one-port", "--protocol", protocol, "--baud", "115200", "--turnaround-ms", "5"]
            return lambda port: start_simulator(*options, port=port, devices=UNITS)

        self.redis, self.postgres = RedisPeer(start_redis), PostgresPeer(start_postgres)
        events = {"EVENTS_OFFLINE_DELAY": str(OFFLINE_DELAY), "EVENTS_KEEP_DAYS": "1", "EVENTS_MAX": str(EVENTS_MAX)}
        peers = {"REDIS_URL": self.redis.url, "DATABASE_URL": self.postgres.url}
        self.daemon = start_daemon(PROFILES=PROFILES, MODBUS_TIMEOUT="0.5", **events, **peers, **clock.environment)
        self.site = self.daemon.add_site()
        self.peers = {"Redis": self.redis.faults(), "PostgreSQL": self.postgres.faults(), "clients": ClientPeers(self.daemon.port).faults()}
        if clock.is_movable:
            self.peers["clock"] = ClockPeer(clock, random.Random(f"clock {SEED}")).faults()
        self.units = {}
        self.steady = [self._add(simulator("tcp")(None).port, "tcp", unit) for unit in range(1, UNITS + 1)]
        for protocol in ("tcp", "rtu_over_tcp"):
            peer = SimulatorPeer(simulator(protocol))
            for unit in range(1, UNITS + 1):
                self._add(peer.program.port, protocol, unit)
            self.peers[f"simulator {protocol}"] = peer.faults(f"simulator {protocol}")
        self.controllers = []
        for framing, protocol in (("tcp", "tcp"), ("rtu", "rtu_over_tcp")):
            for unit in (1, 2):
                controller = FaultyController(framing, unit)
                self.controllers.append(controller)
                self._add(controller.port, protocol, unit)
                self.peers[f"{framing} {unit}"] = ControllerPeer(controller, chance).faults(f"{framing} controller {unit}")
        alarming = FaultyController("tcp", 3)
        self.controllers.append(alarming)
        alarming_device = self.daemon.add_device(alarming.port, self.daemon.add_site("ALARMS"), device_type="ats", profile="pattern", protocol="tcp", slave_id=3)
        judged = {**self.units, alarming_device: 3}
        self.subscriber = Subscriber(self.redis.port).start()
        self.dashboard = WebSocketObserver(self.daemon.port, judged, "?proto=2", clock=clock).start()
        self.observers = [
            WebSocketObserver(self.daemon.port, judged, clock=clock).start(),
            self.dashboard,
            RestObserver(self.daemon.url, judged, clock=clock).start(),
            RedisObserver(self.redis.port, judged, clock=clock).start(),
        ]
        self.alarms = AlarmObserver(self.daemon, alarming_device, alarming, OFFLINE_DELAY, clock, SEED).start()
        self.history = HistoryObserver(self.daemon, self.steady[0], 1, clock).start()
        self.editor = Editor(self.daemon.url, self.site).start()

    def _add(self, port, protocol, unit):
        # Where every register has jumped each time, a serial line reads each part of it twice.
        more = {"poll_interval": 1} if protocol == "rtu_over_tcp" else {}
        device = self.daemon.add_device(port, self.site, name=f"{protocol} {port} {unit}", device_type="ats", profile="pattern", protocol=protocol, slave_id=unit, **more)
        self.units[device] = unit
        return device

    def wait(self, seconds):
        """During faults: the daemon runs and reports that it does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.daemon.process.poll() is None, self.daemon.text()[-5000:]
            assert self.daemon.get("/health/ready").status_code == 200
            time.sleep(0.1)

    def is_right(self, watch, since):
        reading = watch.last
        return reading is not None and reading["online"] and reading["error"] is None and watch.moment > since

    def hash_is_right(self, device, since):
        texts = self.redis.server.client.hgetall(f"device:{device}:metrics")
        if not texts or texts["online"] != "true":
            return False
        number = number_of(texts)
        moments = self.clock.moments(texts["timestamp"], self.subscriber.received_ms.get(number, 0))
        return bool(moments) and moments[-1] > since and texts == self.subscriber.published.get(number)

    def recover(self):
        """How many seconds it takes until each way shows all devices right again."""
        since = machine_ms()
        begin = time.monotonic()
        took = {}
        for observer in self.observers:
            for device in self.units:
                wait_until(lambda: self.is_right(observer.watches[device], since), f"{observer.name}: device {device} right again, {observer.newest(device)}")
            took[observer.name] = time.monotonic() - begin
        for device in self.units:
            wait_until(lambda: self.hash_is_right(device, since), f"the whole hash of device {device}")
        took["hashes"] = time.monotonic() - begin
        wait_until(lambda: self.daemon.get("/health").json()["status"] == "ok", f"health {self.daemon.get('/health').text}")
        took["health"] = time.monotonic() - begin
        wait_until(lambda: self.daemon.patch(f"/api/sites/{self.site}", {"network": "again"}).status_code == 200, "changes again")
        took["changes"] = time.monotonic() - begin
        return took

    def mistakes(self):
        return [mistake for observer in self.observers for mistake in observer.mistakes()] + self.subscriber.wrong + self.alarms.wrong + self.history.wrong

    def journal_mistakes(self):
        """No event is missing or doubled."""
        events = journal_of(self.daemon)
        ids = {event["id"] for event in events}
        rows = self.postgres.server.psql("SELECT count(*), count(DISTINCT id) FROM events")
        lost = {number: event for number, event in self.dashboard.events.items() if number not in ids}
        wrong = [f"journal: {lost} are gone"] if lost else []
        if rows != f"{len(ids)}|{len(events)}" or len(events) > EVENTS_MAX:
            wrong.append(f"journal: {rows} rows, {len(events)} listed, {len(ids)} different, at most {EVENTS_MAX}")
        return wrong + self.alarms.judge_journal(events)

    def end(self):
        for one in [self.editor, self.alarms, self.history, *self.observers, self.subscriber]:
            one.end()
        self.history.compare_all()
        for controller in self.controllers:
            controller.close()
        return self.mistakes() + self.journal_mistakes() + self.editor.mistakes()


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path, is_movable=not is_built_with_sanitizer())


@pytest.fixture
def plant(clock, start_daemon, start_simulator, start_redis, start_postgres):
    return Plant(clock, start_daemon, start_simulator, start_redis, start_postgres)


def test_daemon_recovers_from_every_fault_of_its_peers(plant):
    print(f"seed {SEED}")
    plant.recover()  # that is: everything is right for the first time
    pid = plant.daemon.process.pid
    before, scraped = process_figures(pid), scrape(plant.daemon)
    steady_before = {device: plant.observers[0].watches[device].successes for device in plant.steady}
    faults = Faults(plant.peers, SEED)
    begin = printed_at = time.monotonic()
    try:
        for fault in CLOCK_AT_FIRST if plant.clock.is_movable else []:
            faults.these({"clock": fault}, SECONDS_AT_FIRST, plant.wait)
        while time.monotonic() - begin < SECONDS:
            faults.some(plant.wait)
            assert not plant.mistakes(), plant.mistakes()[:10]
            if time.monotonic() - printed_at > PRINT_EVERY:
                printed_at = time.monotonic()
                print(f"{printed_at - begin:.0f} s: {len(faults.log)} times faults, {plant.clock.steps.total()} steps of the clock, {process_figures(pid)}", flush=True)
        took = plant.recover()
    except BaseException:
        print("\n".join(faults.log))
        raise

    def are_back():
        now = process_figures(pid)
        return now["descriptors"] <= before["descriptors"] and now["threads"] <= before["threads"]

    wait_until(are_back, f"descriptors and threads as before ({before}, now {process_figures(pid)})")
    after, rescraped = process_figures(pid), scrape(plant.daemon)
    mistakes = plant.end()
    held = {when: round(of(series, "gensetd_history_bytes") / 1000) for when, series in (("before", scraped), ("after", rescraped))}
    print_table("process", [["", "before", "after"], *[[name, before[name], after[name]] for name in before], ["of it history kB", held["before"], held["after"]]])
    print_table("latencies, seconds at most", [["", "median", "99 %", "99.9 %"], *[[name, *values] for name, values in latencies(rescraped, scraped).items()]])
    print_table("right again", [["", "seconds"], *[[name, f"{seconds:.1f}"] for name, seconds in took.items()]])
    print_table("checked", [["", "values", "interruptions"], *[[one.name, one.values(), one.interruptions] for one in plant.observers]])
    journal = [["alarms", len(plant.alarms.alarms)], ["interruptions", plant.alarms.interruptions], ["events", len(plant.dashboard.events)]]
    print_table("journal and history", [["", "times"], *journal, ["history compared", plant.history.compared]])
    latest = [[fault, f"{seconds:.1f}"] for fault, seconds in sorted(plant.alarms.latest.items())]
    print_table(f"an alarm after the loss of a controller, its delay {OFFLINE_DELAY} s", [["", "seconds at most"], *latest])
    print_table(f"faults in {SECONDS:.0f} s", [["", "times"], *sorted(faults.times.items())])
    noted = len(plant.daemon.lines("the wall clock was set"))
    print_table("steps of the clock", [["", "times"], *sorted(plant.clock.steps.items()), ["noted in the log", noted]])
    print(f"{plant.editor.held} changes of the registry, {plant.editor.refused} refused")
    assert not mistakes, "\n".join(mistakes[:20])
    assert {len(observer.epochs()) for observer in plant.observers} == {1}
    # Two steps within a second are noted as one.
    assert len(CLOCK_AT_FIRST) < noted <= plant.clock.steps.total() or not plant.clock.is_movable
    assert of(rescraped, "gensetd_events_dropped_total") == 0
    assert all(plant.observers[0].watches[device].successes > steady_before[device] for device in plant.steady)
    assert after["resident kB"] <= before["resident kB"] * 1.5 + RESIDENT_MORE_MAX or is_sanitized(pid)
    assert plant.daemon.process.pid == pid and plant.daemon.process.poll() is None
