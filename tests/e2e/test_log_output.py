"""Whatever becomes of standard error: the daemon serves, polls and stops. And signals that mean nothing to it do not end it."""

import os
import signal
import subprocess
import time

import pytest
import requests
from conftest import GENSETD, PATIENCE, free_port, wait_until
from metrics_text import of, samples


class Daemon:
    """Its standard error is a descriptor of the test."""

    def __init__(self, folder, standard_error, launcher=(), **settings):
        self.url = f"http://127.0.0.1:{free_port()}"
        environment = {"PATH": os.environ["PATH"], "HTTP_LISTEN": self.url[7:], "ALLOW_LOOPBACK_DEVICES": "1", "DATABASE_URL": f"sqlite:///{folder}/r.sqlite", **settings}
        self.process = subprocess.Popen([*launcher, GENSETD, "serve"], stdout=standard_error, stderr=standard_error, stdin=subprocess.DEVNULL, env=environment, cwd=folder)
        wait_until(self.responds, "the start")

    def responds(self):
        assert self.process.poll() is None
        try:
            return requests.get(self.url + "/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def post(self, path, body):
        return requests.post(self.url + path, json=body, timeout=PATIENCE)

    def add_controller(self, port):
        self.post("/api/sites", {"name": "MKZ", "code": "MKZ"})
        self.post("/api/devices", {"site_id": 1, "name": "G", "device_type": "generator", "ip_address": "127.0.0.1", "port": port, "poll_interval": 0.2})

    def online(self):
        """The newest reading that is online, or None."""
        readings = requests.get(self.url + "/api/metrics", timeout=PATIENCE).json()
        return readings[0] if readings and readings[0]["online"] else None

    def goes_on_polling(self):
        since = wait_until(self.online, "a reading")["seq"]
        wait_until(lambda: self.online() and self.online()["seq"] > since, "a newer reading")

    def stop(self):
        """Exit status and seconds."""
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(PATIENCE), time.monotonic() - began


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(*arguments, **settings):
        started.append(Daemon(tmp_path, *arguments, **settings))
        return started[-1]

    yield begin
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.wait()


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            pass


def fill(descriptor):
    os.set_blocking(descriptor, False)
    for piece in (b"x" * 65_536, b"x"):
        try:
            while os.write(descriptor, piece):
                pass
        except BlockingIOError:
            pass
    os.set_blocking(descriptor, True)


def test_log_reader_that_exits_does_not_end_the_daemon(start, pipe, start_simulator):
    daemon = start(pipe[1])
    daemon.add_controller(start_simulator(devices=1).port)
    os.close(pipe[1])
    os.close(pipe[0])
    assert daemon.post("/api/sites", {"name": "A", "code": "A"}).status_code == 201, "its audit line has no reader"
    daemon.goes_on_polling()
    wait_until(lambda: of(samples(requests.get(daemon.url + "/metrics", timeout=PATIENCE).text), "gensetd_log_lines_dropped_total") > 0, "the count of lost lines")
    status, seconds = daemon.stop()
    assert status == 0 and seconds < 5


def test_unread_log_delays_neither_requests_nor_polling_and_the_stop_by_two_seconds(start, pipe, start_simulator):
    fill(pipe[1])
    daemon = start(pipe[1], LOG_LEVEL="debug")
    daemon.add_controller(start_simulator(devices=1).port)
    for number in range(300):
        assert daemon.post("/api/sites", {"name": "x" * 200, "code": str(number), "description": "y" * 1_900}).status_code == 201
    daemon.goes_on_polling()
    status, seconds = daemon.stop()
    assert status == 0 and seconds < 6, "two of the daemon itself at most, two of the log"


def test_failed_start_ends_while_the_log_is_not_read(tmp_path, pipe):
    fill(pipe[1])
    environment = {"PATH": os.environ["PATH"], "HTTP_LISTEN": "192.0.2.1:1", "ALLOW_ANONYMOUS": "1", "DATABASE_URL": f"sqlite:///{tmp_path}/r.sqlite"}
    assert subprocess.run([GENSETD, "serve"], stderr=pipe[1], env=environment, timeout=PATIENCE).returncode == 2


def test_log_on_a_full_disk_loses_only_its_lines(start, start_simulator):
    with open("/dev/full", "wb") as full:
        daemon = start(full)
    daemon.add_controller(start_simulator(devices=1).port)
    daemon.goes_on_polling()
    assert daemon.stop()[0] == 0


def test_no_file_or_connection_takes_the_place_of_a_closed_standard_error(start, pipe, start_simulator):
    daemon = start(pipe[1], ("sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"))
    daemon.add_controller(start_simulator(devices=1).port)
    daemon.goes_on_polling()
    for number in (0, 1, 2):
        assert os.readlink(f"/proc/{daemon.process.pid}/fd/{number}") == "/"
    assert daemon.stop()[0] == 0


@pytest.mark.parametrize("name", ["SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXFSZ", "SIGHUP"])
def test_unused_signal_does_not_end_the_daemon(start_daemon, name):
    daemon = start_daemon()
    for _ in range(3):
        daemon.process.send_signal(getattr(signal, name))
    assert daemon.get("/health").json()["status"] == "ok"
    assert daemon.stop() == 0


def test_output_that_cannot_be_written_is_a_failure():
    with open("/dev/full", "wb") as full:
        ran = subprocess.run([GENSETD, "profiles"], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE)
    assert ran.returncode == 2 and ran.stderr == b"gensetd: standard output cannot be written\n"
