"""kill -9 at any moment: acknowledged changes are kept, and none is stored partially."""

import os
import random
import shutil
import signal
import sqlite3
import time

import requests
from conftest import wait_until
from registry_client import RegistryClient
from scripted_controller import ScriptedController
from numbered_converter import PROFILES
from observers import Background, RedisObserver, RestObserver, Subscriber, WebSocketObserver, number_of

KILLS = int(os.environ.get("KILLS", 20))
SEED = int(os.environ.get("GENSETD_SEED", random.randrange(1, 1_000_000)))
LIFE_MAX = 0.8  # seconds from the start until it is killed at the latest
START_MAX = 0.15  # the same, of those that are killed while they start
CHANCE_AT_START = 0.25
CLIENTS = 3
UNITS = 3

STATUS_BITS, BREAKERS, ALARM_COUNT = 0, 114, 511
IN_AUTO = 1 << 9
ALARM_BITS = [1, 2, 7]  # shutdown, warning, block


class AlarmingController(ScriptedController):
    """Its registers are what the test sets."""

    def __init__(self):
        super().__init__("tcp")
        self.registers = {STATUS_BITS: IN_AUTO, BREAKERS: 0b0011}

    def value_of(self, address):
        return self.registers.get(address, 0)


class Operator(Background):
    """Acknowledges every alarm, and reads the journal, while the alarms of a controller start and end."""

    def __init__(self, controller, seed):
        super().__init__()
        self.controller = controller
        self.random = random.Random(f"operator {seed}")
        self.acknowledged = {}  # event id: the response
        self.listed = {}  # event id: code and onset, which never change
        self.number = 0

    def run(self):
        session = requests.Session()
        try:
            while not self.ending.is_set():
                bits = [bit for bit in ALARM_BITS if self.random.random() < 0.5]
                self.controller.registers[STATUS_BITS] = IN_AUTO | bool(bits) | sum(1 << bit for bit in bits)
                self.controller.registers[ALARM_COUNT] = len(bits)
                for alarm in session.get(self.url + "/api/alarms", timeout=60).json()["alarms"]:
                    if alarm["acknowledged_at"] is None:
                        self._acknowledge(session, alarm["id"])
                if self.random.random() < 0.1:
                    self.listed.update(self.journal(session.get(self.url + "/api/events", params={"limit": 50}, timeout=60).json()["events"]))
        except requests.RequestException:
            pass  # cut off

    def _acknowledge(self, session, event):
        self.number += 1
        response = session.post(f"{self.url}/api/events/{event}/ack", json={"by": f"Anna {self.number}"}, timeout=60)
        assert response.status_code in (200, 409), response.text  # 409: the alarm has just ended
        if response.ok:
            self.acknowledged[event] = response.json()

    @staticmethod
    def journal(events):
        return {event["id"]: (event["code"], event["onset"]) for event in events}

    def compare(self, events):
        """The errors in the complete journal of a started daemon."""
        there, journal = {event["id"]: event for event in events}, self.journal(events)
        wrong = [f"event {event} was listed as {known}, now {journal.get(event)}" for event, known in self.listed.items() if journal.get(event) != known]
        for event, answered in self.acknowledged.items():
            names = ("code", "onset", "acknowledged_at", "acknowledged_by")
            now = there.get(event, {})
            if any(now.get(name) != answered[name] for name in names) or now["state"] not in ("acknowledged", "closed"):
                wrong.append(f"event {event} was answered as {answered}, now {now}")
        self.listed.update(journal)
        return wrong


def whole_journal(daemon):
    events, cursor = [], None
    while True:
        page = daemon.get("/api/events", params={"limit": 1000, **({"cursor": cursor} if cursor else {})}).json()
        events += page["events"]
        cursor = page["next_cursor"]
        if cursor is None:
            return events


def integrity(folder):
    """Of a copy, as gensetd itself shall find the file as the kill left it."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for ending in ("", "-wal", "-journal"):
        if (folder / f"registry.sqlite{ending}").exists():
            shutil.copy(folder / f"registry.sqlite{ending}", copy / f"registry.sqlite{ending}")
    with sqlite3.connect(copy / "registry.sqlite") as database:
        return [row[0] for row in database.execute("PRAGMA integrity_check")]


def hashes_are_whole(client, subscriber):
    """Each hash equals the reading published with its number, in every field, and expires unless it is renewed."""
    found = 0
    for key in client.keys("device:*:metrics"):
        with client.pipeline() as pipeline:
            texts, ttl = pipeline.hgetall(key).ttl(key).execute()
        if not texts:
            continue
        assert ttl >= 0, f"{key} would stay for ever"
        assert key == f"device:{texts['device_id']}:metrics"
        same = wait_until(lambda: subscriber.published.get(number_of(texts)), f"the message of {texts}")
        assert texts == same
        found += 1
    return found


class Scene:
    """The daemon, its peers and all observers, over all kills."""

    def __init__(self, start_daemon, start_simulator, start_redis, folder, postgres=None):
        """Without `postgres` the registry is an SQLite file in `folder`."""
        self.folder, self.start_daemon, self.postgres = folder, start_daemon, postgres
        self.redis = start_redis()
        self.simulator = start_simulator("--pattern", "--one-port", "--protocol", "tcp", devices=UNITS)
        self.controller = AlarmingController()
        self.settings = {"PROFILES": PROFILES, "REDIS_URL": self.redis.url}
        if postgres:
            self.settings["DATABASE_URL"] = postgres.url()
        self.subscriber = Subscriber(self.redis.port).start()
        assert self.subscriber.is_there.wait(60)
        self.port, self.kills = None, 0
        daemon = self.start()
        pattern = {"device_type": "ats", "profile": "pattern", "protocol": "tcp"}
        site = daemon.add_site()
        self.units = {daemon.add_device(self.simulator.port, name=f"unit {unit}", slave_id=unit, **pattern): unit for unit in range(1, UNITS + 1)}
        self.alarming = daemon.add_device(self.controller.port, name="alarming")
        of_clients = {**pattern, "ip_address": "127.0.0.1", "port": self.simulator.port, "slave_id": 1, "poll_interval": 0.2}
        self.clients = [RegistryClient(f"client{number}", SEED, site, of_clients) for number in range(CLIENTS)]
        self.operator = Operator(self.controller, SEED)
        self.observers = [
            WebSocketObserver(self.port, self.units).start(),
            WebSocketObserver(self.port, self.units, "?proto=2").start(),
            RestObserver(daemon.url, self.units).start(),
            RedisObserver(self.redis.port, self.units).start(),
        ]

    def start(self, is_awaited=True):
        self.daemon = self.start_daemon(port=self.port, is_awaited=is_awaited, **self.settings)
        self.port = self.daemon.port
        return self.daemon

    def kill(self):
        assert self.daemon.process.poll() is None, self.daemon.text()
        self.daemon.process.send_signal(signal.SIGKILL)
        assert self.daemon.process.wait(60) == -signal.SIGKILL
        self.kills += 1

    def life(self, seconds):
        """From its start until it is killed, with all clients active."""
        for one in [*self.clients, self.operator]:
            one.begin(self.daemon.url)
        time.sleep(seconds)  # the moment of the kill, by seed
        self.kill()
        for one in [*self.clients, self.operator]:
            one.end()
            assert not one.wrong, one.wrong

    def judge_what_is_left(self):
        if self.postgres:
            # The database session still executes the statements of a killed gensetd.
            sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gensetd'"
            wait_until(lambda: self.postgres.psql(sessions) == "0", "the end of the sessions")
        else:
            assert integrity(self.folder) == ["ok"]
        return hashes_are_whole(self.redis.client, self.subscriber)

    def judge_the_start(self):
        """Before any change."""
        rows = {(kind, row["id"]): row for kind in ("sites", "devices") for row in self.daemon.get(f"/api/{kind}").json()}
        wrong = [text for client in self.clients for text in client.compare(rows)] + self.operator.compare(whole_journal(self.daemon))
        assert not wrong, "\n".join(wrong)
        assert {id for kind, id in rows if kind == "devices"} >= {*self.units, self.alarming}

    def judge_the_polling(self, before):
        for device in self.units:
            self.daemon.wait_for(device, lambda reading: reading["online"] and reading["timestamp"] > before[device], "polling after the start")

    def newest(self):
        """The timestamp of each device's newest message: of the life that ended."""
        stamps = dict.fromkeys(self.units, "")
        for texts in list(self.subscriber.published.values()):
            device = int(texts["device_id"])
            if device in stamps:
                stamps[device] = max(stamps[device], texts["timestamp"])
        return stamps

    def end(self):
        for one in [*self.observers, self.subscriber]:
            one.end()
        self.controller.close()
        return [mistake for observer in self.observers for mistake in observer.mistakes()] + self.subscriber.wrong

    def figures(self):
        answered, cut_off = (sum(getattr(client, name) for client in self.clients) for name in ("answered", "cut_off"))
        values = {observer.name: observer.values() for observer in self.observers}
        return f"{answered} changes answered, {cut_off} cut off, {len(self.operator.acknowledged)} acknowledgements, {len(self.operator.listed)} events, values checked: {values}"


def kill_again_and_again(scene, kills):
    moments = random.Random(f"moments {SEED}")
    print(f"seed {SEED}")
    hashes = 0
    for _ in range(kills):
        scene.life(moments.uniform(0, LIFE_MAX))
        while moments.random() < CHANCE_AT_START:
            scene.start(is_awaited=False)
            time.sleep(moments.uniform(0, START_MAX))
            scene.kill()
        hashes += scene.judge_what_is_left()
        before = scene.newest()
        scene.start()
        scene.judge_the_start()
        scene.judge_the_polling(before)
    mistakes = scene.end()
    print(f"{scene.kills} kills, {hashes} hashes compared, {scene.figures()}")
    assert not mistakes, "\n".join(mistakes[:20])
    assert hashes and all(observer.values() for observer in scene.observers)


def test_acknowledged_changes_survive_kills_at_any_moment(start_daemon, start_simulator, start_redis, tmp_path):
    scene = Scene(start_daemon, start_simulator, start_redis, tmp_path)
    kill_again_and_again(scene, KILLS)
    assert scene.operator.acknowledged and scene.operator.listed


def test_acknowledged_changes_survive_kills_with_postgresql(start_daemon, start_simulator, start_redis, start_postgres, tmp_path):
    kill_again_and_again(Scene(start_daemon, start_simulator, start_redis, tmp_path, start_postgres()), max(1, KILLS // 4))
