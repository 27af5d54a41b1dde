"""Starts the real programs on free ports: gensetd from $GENSETD, redis-server, pymodbus slaves."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import requests

HERE = Path(__file__).parent
GENSETD = os.environ.get("GENSETD", str(HERE.parent.parent / "build/release/gensetd"))
PATIENCE = 30  # seconds until a test that waits fails; never what is asserted


def free_port(count=1):
    """The first of `count` ports in a row that nobody listens on."""
    for _ in range(200):
        sockets = []
        try:
            first = socket.socket()
            first.bind(("127.0.0.1", 0))
            sockets.append(first)
            port = first.getsockname()[1]
            for offset in range(1, count):
                other = socket.socket()
                sockets.append(other)
                other.bind(("127.0.0.1", port + offset))
            return port
        except (OSError, OverflowError):
            continue
        finally:
            for one in sockets:
                one.close()
    raise RuntimeError("no free ports")


def wait_until(condition, what="it"):
    """The first true result of `condition`, asked again and again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {PATIENCE} s")


class Program:
    """A process with its log, ended with the test."""

    def __init__(self, arguments, log, environment=None):
        self.log = log
        clean = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "ASAN_OPTIONS")}
        with open(log, "ab") as out:
            self.process = subprocess.Popen(arguments, stdout=out, stderr=out, cwd=log.parent, env={**clean, **(environment or {})})

    def text(self):
        return self.log.read_text()

    def lines(self, part):
        return [line for line in self.text().splitlines() if part in line]

    def stop(self, number=signal.SIGTERM):
        """Ends it and gives its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)


class Daemon(Program):
    def __init__(self, folder, settings, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {"HTTP_LISTEN": f"127.0.0.1:{self.port}", "DATABASE_URL": f"sqlite:///{folder}/registry.sqlite", **settings}
        super().__init__([GENSETD, "serve"], folder / "gensetd.log", environment)
        wait_until(self.answers, f"the start of gensetd ({self.text()})")

    def answers(self):
        assert self.process.poll() is None, self.text()
        try:
            return requests.get(self.url + "/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def get(self, path, **more):
        return requests.get(self.url + path, timeout=20, **more)

    def post(self, path, body, **more):
        return requests.post(self.url + path, json=body, timeout=40, **more)

    def patch(self, path, body):
        return requests.patch(self.url + path, json=body, timeout=20)

    def delete(self, path):
        return requests.delete(self.url + path, timeout=20)

    def add_site(self, code="MKZ"):
        return self.post("/api/sites", {"name": code, "code": code}).json()["id"]

    def add_device(self, port, site_id=1, **more):
        body = {"site_id": site_id, "name": f"Gen {port}", "device_type": "generator", "ip_address": "127.0.0.1", "port": port, "poll_interval": 0.2, "retry_delay": 0.1, **more}
        answer = self.post("/api/devices", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def reading(self, device_id):
        list_ = self.get("/api/metrics", params={"device_id": device_id}).json()
        return list_[0] if list_ else None

    def wait_for(self, device_id, condition, what):
        def look():
            reading = self.reading(device_id)
            return reading if reading and condition(reading) else None

        return wait_until(look, what)

    def wait_online(self, device_id):
        return self.wait_for(device_id, lambda reading: reading["online"], f"device {device_id} online")


@pytest.fixture
def programs():
    started = []
    yield started
    for program in reversed(started):
        program.kill()


@pytest.fixture
def start_daemon(programs, tmp_path):
    def start(port=None, **settings):
        daemon = Daemon(tmp_path, settings, port)
        programs.append(daemon)
        return daemon

    return start


@pytest.fixture
def start_simulator(programs, tmp_path):
    """Simulates HGM9520Ns, a port each; or with no number the demonstration plant (offsets 0, 1, 2, 10, 11, 12)."""

    def start(*options, port=None, devices=0):
        count = devices or 13
        port = port or free_port(count)
        arguments = [GENSETD, "simulate", "--port", str(port), "--devices", str(devices), *options]
        simulator = Program(arguments, tmp_path / f"simulator-{port}.log")
        simulator.port = port
        programs.append(simulator)
        wait_until(lambda: "Ctrl-C ends it" in simulator.text() or simulator.process.poll() is not None, "the simulator's start")
        assert simulator.process.poll() is None, simulator.text()
        return simulator

    return start


class Redis(Program):
    def __init__(self, folder, port=None):
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        super().__init__(["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"], folder / "redis.log")
        self.client = redis.Redis(port=self.port, decode_responses=True)
        wait_until(self.answers, "the start of redis-server")

    def answers(self):
        try:
            return self.client.ping()
        except redis.exceptions.RedisError:
            return False


@pytest.fixture
def start_redis(programs, tmp_path):
    def start(port=None):
        server = Redis(tmp_path, port)
        programs.append(server)
        return server

    return start


@pytest.fixture
def start_slave(programs, tmp_path):
    """A pymodbus server: `registers` is {address: value}, all others read 0."""

    def start(registers, framing="tcp", unit=1):
        port = free_port()
        pairs = [f"{address}={value}" for address, value in registers.items()]
        slave = Program([sys.executable, str(HERE / "slave.py"), str(port), framing, str(unit), *pairs], tmp_path / f"slave-{port}.log")
        slave.port = port
        programs.append(slave)

        def listens():
            assert slave.process.poll() is None, slave.text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(listens, "the slave's start")
        return slave

    return start
