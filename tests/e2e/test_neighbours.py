"""All neighbours fail, alone and together, and the daemon goes on: no restart, no wrong value, and nothing left behind.

With FAULTS_SECONDS=3600 and pytest -s this is the soak program.
"""

import os
import random
import time
from datetime import datetime, timezone

import pytest
import requests
from conftest import wait_until
from faulty_controller import FaultyController
from figures import is_sanitized, latencies, print_table, process_figures, scrape
from metrics_text import of
from neighbours import ClientNeighbours, ControllerNeighbour, Faults, PostgresNeighbour, RedisNeighbour, SimulatorNeighbour
from stories import PROFILES
from witnesses import Background, RedisWitness, RestWitness, Subscriber, WebSocketWitness, number_of

SECONDS = float(os.environ.get("FAULTS_SECONDS", 25))
SEED = int(os.environ.get("GENSETD_SEED", random.randrange(1, 1_000_000)))
UNITS = 3
# What a heap may grow by from being used in another order, and what history and journal hold: kB.
RESIDENT_MORE_MAX = 64 * 1024
TOLD_EVERY = 60  # seconds


class Editor(Background):
    """Changes a site's description all the time. What was answered 200 holds; of what was not, one cannot know."""

    def __init__(self, url, site):
        super().__init__()
        self.path = f"{url}/api/sites/{site}"
        self.number = self.held = self.tried = self.refused = 0

    def run(self):
        while not self.ending.wait(0.1):
            self.tried = self.number = self.number + 1
            answer = requests.patch(self.path, json={"description": str(self.number)}, timeout=60)
            if answer.status_code == 200:
                self.held = self.number
            elif answer.status_code == 503:
                self.refused += 1
            else:
                self.wrong.append(f"PATCH {self.path}: {answer.status_code} {answer.text}")

    def mistakes(self):
        there = int(requests.get(self.path, timeout=60).json()["description"])
        return self.wrong + ([] if self.held <= there <= self.tried else [f"the description {self.held} was stored, {there} is there"])


class Plant:
    """The daemon with all its neighbours and witnesses."""

    def __init__(self, start_daemon, start_simulator, start_redis, start_postgres):
        chance = random.Random(f"plant {SEED}")

        def simulator(protocol):
            options = ["--pattern", "--one-port", "--protocol", protocol, "--baud", "115200", "--turnaround-ms", "5"]
            return lambda port: start_simulator(*options, port=port, devices=UNITS)

        self.redis, self.postgres = RedisNeighbour(start_redis), PostgresNeighbour(start_postgres)
        self.daemon = start_daemon(PROFILES=PROFILES, MODBUS_TIMEOUT="0.5", REDIS_URL=self.redis.url, DATABASE_URL=self.postgres.url)
        site = self.daemon.add_site()
        self.neighbours = {"Redis": self.redis.faults(), "PostgreSQL": self.postgres.faults(), "clients": ClientNeighbours(self.daemon.port).faults()}
        self.units = {}
        self.steady = [self._add(simulator("tcp")(None).port, "tcp", unit) for unit in range(1, UNITS + 1)]
        for protocol in ("tcp", "rtu_over_tcp"):
            neighbour = SimulatorNeighbour(simulator(protocol))
            for unit in range(1, UNITS + 1):
                self._add(neighbour.program.port, protocol, unit)
            self.neighbours[f"simulator {protocol}"] = neighbour.faults(f"simulator {protocol}")
        self.controllers = []
        for framing, protocol in (("tcp", "tcp"), ("rtu", "rtu_over_tcp")):
            for unit in (1, 2):
                controller = FaultyController(framing, unit)
                self.controllers.append(controller)
                self._add(controller.port, protocol, unit)
                self.neighbours[f"{framing} {unit}"] = ControllerNeighbour(controller, chance).faults(f"{framing} controller {unit}")
        self.subscriber = Subscriber(self.redis.port).start()
        self.witnesses = [
            WebSocketWitness(self.daemon.port, self.units).start(),
            WebSocketWitness(self.daemon.port, self.units, "?proto=2").start(),
            RestWitness(self.daemon.url, self.units).start(),
            RedisWitness(self.redis.port, self.units).start(),
        ]
        self.editor = Editor(self.daemon.url, site).start()

    def _add(self, port, protocol, unit):
        # Where every register has jumped each time, a serial line reads each part of it twice.
        more = {"poll_interval": 1} if protocol == "rtu_over_tcp" else {}
        device = self.daemon.add_device(port, name=f"{protocol} {port} {unit}", device_type="ats", profile="pattern", protocol=protocol, slave_id=unit, **more)
        self.units[device] = unit
        return device

    def wait(self, seconds):
        """While faults are there: the daemon lives and says so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.daemon.process.poll() is None, self.daemon.text()[-5000:]
            assert self.daemon.get("/health/ready").status_code == 200
            time.sleep(0.1)

    def is_right(self, device, reading, since):
        return reading is not None and reading["online"] and reading["error"] is None and reading["timestamp"] > since

    def hash_is_right(self, device, since):
        texts = self.redis.server.client.hgetall(f"device:{device}:metrics")
        if not texts or texts["online"] != "true" or texts["timestamp"] <= since:
            return False
        return texts == self.subscriber.published.get(number_of(texts))

    def recover(self):
        """How many seconds it takes until each way shows all devices right again."""
        since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        begin = time.monotonic()
        took = {}
        for witness in self.witnesses:
            for device in self.units:
                wait_until(lambda: self.is_right(device, witness.newest(device), since), f"{witness.name}: device {device} right again, {witness.newest(device)}")
            took[witness.name] = time.monotonic() - begin
        for device in self.units:
            wait_until(lambda: self.hash_is_right(device, since), f"the whole hash of device {device}")
        took["hashes"] = time.monotonic() - begin
        wait_until(lambda: self.daemon.get("/health").json()["status"] == "ok", f"health {self.daemon.get('/health').text}")
        took["health"] = time.monotonic() - begin
        site = self.editor.path.rsplit("/", 1)[1]
        wait_until(lambda: self.daemon.patch(f"/api/sites/{site}", {"network": "again"}).status_code == 200, "changes again")
        took["changes"] = time.monotonic() - begin
        return took

    def mistakes(self):
        return [mistake for witness in self.witnesses for mistake in witness.mistakes()] + self.subscriber.wrong

    def end(self):
        for one in [self.editor, *self.witnesses, self.subscriber]:
            one.end()
        for controller in self.controllers:
            controller.close()
        return self.mistakes() + self.editor.mistakes()


@pytest.fixture
def plant(start_daemon, start_simulator, start_redis, start_postgres):
    return Plant(start_daemon, start_simulator, start_redis, start_postgres)


def test_no_fault_of_a_neighbour_outlasts_it(plant):
    print(f"seed {SEED}")
    plant.recover()  # that is: everything is right for the first time
    pid = plant.daemon.process.pid
    before, scraped = process_figures(pid), scrape(plant.daemon)
    steady_before = {device: plant.witnesses[0].watches[device].successes for device in plant.steady}
    faults = Faults(plant.neighbours, SEED)
    begin = told = time.monotonic()
    try:
        while time.monotonic() - begin < SECONDS:
            faults.some(plant.wait)
            assert not plant.mistakes(), plant.mistakes()[:10]
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                print(f"{told - begin:.0f} s: {len(faults.told)} times faults, {process_figures(pid)}", flush=True)
        took = plant.recover()
    except BaseException:
        print("\n".join(faults.told))
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
    print_table("checked", [["", "values", "interruptions"], *[[one.name, one.values(), one.interruptions] for one in plant.witnesses]])
    print_table(f"faults in {SECONDS:.0f} s", [["", "times"], *sorted(faults.times.items())])
    print(f"{plant.editor.held} changes of the registry, {plant.editor.refused} refused")
    assert not mistakes, "\n".join(mistakes[:20])
    assert all(plant.witnesses[0].watches[device].successes > steady_before[device] for device in plant.steady)
    assert after["resident kB"] <= before["resident kB"] * 1.5 + RESIDENT_MORE_MAX or is_sanitized(pid)
    assert plant.daemon.process.pid == pid and plant.daemon.process.poll() is None
