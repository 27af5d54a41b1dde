"""A start that cannot succeed ends soon, with exit status 2 and one line with the reason; gensetd waits for a peer that may start later."""

import os
import signal
import sqlite3
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from bad_starts import CASES, PASSWORD, TALKS, fill, in_sqlite, postgres_at, server, sqlite_at, tmpfs
from conftest import GENSETD, NOBODY_UID, PATIENCE, Program, free_port, wait_until


def start(folder, settings, words=(), **more):
    """Runs a daemon that is to end by itself."""
    settings = dict(settings)
    config = ["--config", settings.pop("config")] if "config" in settings else []
    environment = {"PATH": os.environ["PATH"], "HTTP_LISTEN": "127.0.0.1:0", "DATABASE_URL": f"sqlite:///{folder}/default.sqlite", **settings}
    return subprocess.run([GENSETD, "serve", *config, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=folder, **more)


def assert_refused(ran, parts):
    assert ran.returncode == 2 and ran.stdout == "", ran
    lines = ran.stderr.splitlines()
    assert len(lines) == 1 and ran.stderr.endswith("\n"), ran.stderr
    for part in parts:
        assert part in lines[0], lines[0]
    assert PASSWORD not in ran.stderr and "soci" not in ran.stderr.lower() and "sqlite3_" not in ran.stderr


@pytest.mark.parametrize("name", CASES)
def test_bad_setting_or_file(tmp_path, name):
    prepare, parts = CASES[name]
    assert_refused(start(tmp_path, prepare(tmp_path)), parts)


@pytest.mark.parametrize("talk, part", [
    ("silent", "timeout expired"), ("hangs up", "closed the connection"), ("speaks HTTP", "invalid response"),
    ("stalls after the login", "not ready within 10 s"),
])
def test_server_that_is_not_a_working_postgres(tmp_path, talk, part):
    with server(TALKS[talk]) as port:
        assert_refused(start(tmp_path, postgres_at(f"127.0.0.1:{port}/d")), [part, f"127.0.0.1:{port}", "check DATABASE_URL"])


@pytest.mark.parametrize("words, part", [(["--no-such"], "--no-such"), (["--poll-interval"], "--poll-interval"), (["surplus"], "surplus")])
def test_bad_command_line(tmp_path, words, part):
    assert_refused(start(tmp_path, {}, words), [part, "--help"])


def test_database_of_another_program_is_left_as_it_is(tmp_path):
    file = tmp_path / "r.sqlite"
    settings = in_sqlite(file, "CREATE TABLE invoices (id INTEGER)")
    before = file.read_bytes()
    assert_refused(start(tmp_path, settings), ["another program"])
    assert file.read_bytes() == before and sorted(path.name for path in tmp_path.iterdir()) == ["r.sqlite"]


def test_database_that_another_program_has_locked(tmp_path):
    file = tmp_path / "r.sqlite"
    in_sqlite(file, "PRAGMA user_version = 0")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert_refused(start(tmp_path, sqlite_at(file)), ["database is locked", "no other program locks the file"])
    holder.close()


def test_port_in_use(start_daemon, tmp_path):
    daemon = start_daemon()
    assert_refused(start(tmp_path, {"HTTP_LISTEN": f"127.0.0.1:{daemon.port}"}), [f"127.0.0.1:{daemon.port}", "another program listens there"])
    assert daemon.responds()


def test_sighup_during_the_start_does_not_end_the_daemon(tmp_path):
    asked = threading.Event()
    with server(lambda connection: asked.set()) as port:
        environment = {"PATH": os.environ["PATH"], "HTTP_LISTEN": "127.0.0.1:0", **postgres_at(f"127.0.0.1:{port}/d")}
        process = subprocess.Popen([GENSETD, "serve"], env=environment, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        assert asked.wait(PATIENCE)
        process.send_signal(signal.SIGHUP)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2 and "timeout expired" in errors


def test_expired_certificate_is_logged_and_polling_continues(tmp_path, programs):
    words = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "k.pem", "-subj", "/CN=127.0.0.1"]
    subprocess.run(["openssl", "req", "-new", *words, "-out", "r.pem"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", "r.pem", "-signkey", "k.pem", "-days", "-1", "-out", "c.pem"], cwd=tmp_path, check=True, capture_output=True)
    daemon = Program([GENSETD, "serve"], tmp_path / "gensetd.log", {"HTTP_LISTEN": "127.0.0.1:0", "TLS_CERT": "c.pem", "TLS_KEY": "k.pem"})
    programs.append(daemon)
    wait_until(lambda: daemon.lines("gensetd serves https://"), "the start")
    assert len(daemon.lines("the certificate has expired")) == 1
    assert daemon.stop() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    "settings, parts",
    [
        ({"DATABASE_URL": "sqlite:///r.sqlite"}, ["r.sqlite", "is not writable", "give gensetd's user the right"]),
        ({"DATABASE_URL": "sqlite:///open/r.sqlite"}, ["open/r.sqlite", "not readable and writable"]),
        ({"config": "settings.toml"}, ["settings.toml", "Permission denied"]),
    ],
)
def test_missing_permissions(settings, parts):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "open").mkdir()
        (folder / "open").chmod(0o777)
        for file in ("open/r.sqlite", "settings.toml"):
            (folder / file).touch(0o600)
        assert_refused(start(folder, settings, user=NOBODY_UID, group=NOBODY_UID), parts)


def test_folder_that_cannot_be_written(tmp_path):
    with tmpfs(tmp_path / "disk", "-o", "ro") as disk:
        assert_refused(start(tmp_path, sqlite_at(disk / "r.sqlite")), [str(disk), "is not writable"])


def test_full_disk_that_is_freed(tmp_path):
    with tmpfs(tmp_path / "disk", "-o", "size=1m") as disk:
        filler = fill(disk)
        assert_refused(start(tmp_path, sqlite_at(disk / "r.sqlite")), ["disk is full", "has room"])
        filler.unlink()
        ran = subprocess.run(
            [GENSETD, "registry", "export", str(tmp_path / "out.json")],
            env={"PATH": os.environ["PATH"], **sqlite_at(disk / "r.sqlite")}, capture_output=True, text=True, timeout=60,
        )
        assert ran.returncode == 2, "what the failed start left is no registry"
        stopped_by_the_port = start(tmp_path, {**sqlite_at(disk / "r.sqlite"), "HTTP_LISTEN": "192.0.2.1:1", "ALLOW_ANONYMOUS": "1"})
        assert_refused(stopped_by_the_port, ["HTTP_LISTEN"])
        with sqlite3.connect(disk / "r.sqlite") as registry:
            assert registry.execute("SELECT count(*) FROM devices").fetchone() == (0,)


def test_disk_that_becomes_full_refuses_changes_and_stops_no_polling(start_daemon, start_simulator, tmp_path):
    simulator = start_simulator(devices=1)
    with tmpfs(tmp_path / "disk", "-o", "size=1m") as disk:
        daemon = start_daemon(**sqlite_at(disk / "r.sqlite"))
        daemon.add_site()
        device = daemon.add_device(simulator.port)
        daemon.wait_online(device)
        filler = fill(disk)

        def refused():  # the last pages of the log have some room
            response = daemon.post("/api/devices", {"site_id": 1, "name": "x" * 200, "device_type": "ats", "ip_address": "192.0.2.9", "description": "x" * 900})
            return response.status_code != 201 and (response.status_code, response.json()["error"])

        status, error = wait_until(refused, "the refusal")
        assert status == 503 and error["code"] == "registry_full", error
        assert str(disk) in error["message"] and "nothing was changed" in error["message"]
        health = daemon.get("/health").json()
        assert health["status"] == "degraded" and health["registry"].startswith("the disk of the database is full; changes are refused"), health
        assert "until there is room" in health["registry"] and daemon.get("/health/ready").status_code == 200
        for _ in range(20):
            assert refused()
        full = lambda: [line for line in daemon.lines("is full") if "events: " not in line]
        wait_until(full, "the log line, which another thread writes")
        assert len(full()) == 1, "however many are refused"
        stamp = daemon.reading(device)["timestamp"]
        daemon.wait_for(device, lambda reading: reading["timestamp"] > stamp and reading["online"], "polling on a full disk")
        known = daemon.get("/api/devices").json()
        with sqlite3.connect(f"file:{disk}/r.sqlite?mode=ro", uri=True) as registry:
            assert registry.execute("SELECT count(*) FROM devices").fetchone() == (len(known),), "nothing is half-written"
        filler.unlink()
        assert daemon.post("/api/sites", {"name": "n", "code": "n"}).status_code == 201
        assert not daemon.lines("does not answer")
        wait_until(lambda: daemon.get("/health").json()["status"] == "ok", "the health")  # events are tried each second
        wait_until(lambda: daemon.lines("there is room on the disk again, changes are stored"), "the line of its end")
        assert daemon.stop() == 0
        daemon = start_daemon(**sqlite_at(disk / "r.sqlite"))
        assert daemon.get("/api/devices").json() == known and len(daemon.get("/api/sites").json()) == 2
        assert daemon.stop() == 0


def test_journal_waits_while_the_disk_is_full(start_daemon, start_simulator, tmp_path):
    simulator = start_simulator(devices=1)
    with tmpfs(tmp_path / "disk", "-o", "size=1m") as disk:
        daemon = start_daemon(EVENTS_OFFLINE_DELAY="0", **sqlite_at(disk / "r.sqlite"))
        daemon.add_site()
        daemon.wait_online(daemon.add_device(simulator.port))
        filler = fill(disk)
        wait_until(lambda: daemon.post("/api/sites", {"name": "x" * 90, "code": os.urandom(6).hex()}).status_code == 503, "a full disk")
        simulator.kill()
        (alarm,) = wait_until(lambda: daemon.get("/api/alarms").json()["alarms"], "the alarm")
        wait_until(lambda: daemon.lines("events: cannot write events"), "the notice")
        refused = daemon.post(f"/api/events/{alarm['id']}/ack", {})
        assert refused.status_code == 503 and "disk is full" in refused.json()["error"]["message"]
        written = lambda: [event for event in daemon.get("/api/events").json()["events"] if event["id"] == alarm["id"]]
        assert not written()
        health = daemon.get("/health").json()
        assert health["status"] == "degraded" and "events wait in memory until there is room" in health["registry"], health
        filler.unlink()
        wait_until(written, "the event in the journal")
        wait_until(lambda: daemon.lines("events: there is room on the disk again"), "the line of its end")
        # Without a change: the registry retries by itself.
        wait_until(lambda: daemon.get("/health").json()["status"] == "ok", "the health")
        assert daemon.post(f"/api/events/{alarm['id']}/ack", {"by": "Anna"}).status_code == 200
        assert len(daemon.lines("events: cannot write events")) == 1 and not daemon.lines("registry: the database")
        assert daemon.stop() == 0
        daemon = start_daemon(EVENTS_OFFLINE_DELAY="0", **sqlite_at(disk / "r.sqlite"))
        assert written()[0]["acknowledged_by"] == "Anna"


def test_file_size_limit_acts_as_a_full_disk(start_daemon):
    daemon = start_daemon(launcher=("prlimit", "--fsize=400000"))

    def refused():
        response = daemon.post("/api/sites", {"name": "x" * 90, "code": os.urandom(6).hex(), "description": "x" * 1_900})
        return response.status_code != 201 and (response.status_code, response.json()["error"])

    status, error = wait_until(refused, "the refusal")
    assert status == 503 and error["code"] == "registry_full" and "File too large" in error["message"], error
    assert "is full" in daemon.get("/health").json()["registry"] and not daemon.lines("does not answer")
    assert daemon.stop() == 0


@pytest.mark.parametrize("talk", ["silent", "hangs up", "speaks HTTP"])
def test_gensetd_retries_a_server_that_is_not_a_working_redis(start_daemon, start_simulator, talk):
    simulator = start_simulator(devices=1)
    with server(TALKS[talk]) as port:
        daemon = start_daemon(REDIS_URL=f"redis://user:{PASSWORD}@127.0.0.1:{port}/0")
        daemon.add_site()
        daemon.wait_online(daemon.add_device(simulator.port))
        wait_until(lambda: daemon.lines(f"Redis 127.0.0.1:{port} lost"), "the notice")
        assert daemon.get("/health").json()["redis"] not in ("ok", "off")
        assert daemon.stop() == 0
    assert len(daemon.lines(" lost: ")) == 1 and PASSWORD not in daemon.text()


def test_redis_that_starts_later_receives_every_hash(start_daemon, start_simulator, start_redis):
    simulator = start_simulator(devices=1)
    port = free_port()
    daemon = start_daemon(REDIS_URL=f"redis://127.0.0.1:{port}/0")
    daemon.add_site()
    device = daemon.add_device(simulator.port)
    daemon.wait_online(device)
    redis = start_redis(port)
    wait_until(lambda: redis.client.hget(f"device:{device}:metrics", "online") == "true", "the hash")
