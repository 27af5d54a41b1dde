"""The registry in PostgreSQL: real servers, and what people do to them."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from bad_starts import log_in_as_postgres_and_stall, server
from conftest import GENSETD, PATIENCE, Daemon, Program, free_port, make_certificate, wait_until


def run(*arguments, **environment):
    return subprocess.run([GENSETD, *arguments], env={"PATH": "/usr/bin", **environment}, capture_output=True, text=True, timeout=60)


def one_line(ran):
    """The error text of a refused start: one line without the password."""
    assert ran.returncode == 2, ran.stderr
    lines = ran.stderr.strip().splitlines()
    assert len(lines) == 1 and "secret" not in ran.stderr and "secret" not in ran.stdout, ran.stderr
    return lines[0]


def test_changes_of_the_api_and_of_psql_are_polled(start_daemon, start_simulator, start_postgres, start_redis):
    postgres, redis = start_postgres(), start_redis()
    simulator = start_simulator(devices=2)
    daemon = start_daemon(DATABASE_URL=postgres.url(), REDIS_URL=redis.url)
    daemon.add_site()
    first = daemon.add_device(simulator.port)
    daemon.wait_online(first)
    assert daemon.post("/api/sites", {"name": "again", "code": "MKZ"}).status_code == 409
    assert daemon.post("/api/devices", {"site_id": 9, "name": "x", "device_type": "ats", "ip_address": "h"}).status_code == 422
    assert daemon.delete("/api/sites/1").status_code == 409

    columns = "site_id, name, device_type, profile, ip_address, port, protocol"
    values = f"1, 'by psql', 'generator', 'hgm9520n', '127.0.0.1', {simulator.port + 1}, 'tcp'"
    second = int(postgres.psql(f"INSERT INTO devices ({columns}) VALUES ({values}) RETURNING id"))
    wait_until(lambda: daemon.get("/api/metrics", params={"device_id": second}).ok, "the new device")
    daemon.wait_online(second)
    key = f"device:{second}:metrics"
    wait_until(lambda: redis.client.exists(key), "the key")
    postgres.psql(f"DELETE FROM devices WHERE id = {second}")
    wait_until(lambda: not redis.client.exists(key), "the key's end")
    assert daemon.get(f"/api/devices/{second}").status_code == 404
    assert daemon.add_device(simulator.port + 1) > second, "an id is never given again"
    assert "secret" not in daemon.text()


def test_server_that_needs_two_seconds_for_a_connection_is_waited_for(start_daemon, start_postgres):
    postgres = start_postgres()
    pipes = []

    def pipe(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass

    def talk(connection):
        request = connection.recv(65536)
        time.sleep(2.2)  # a busy machine, as the server sees it
        behind = socket.create_connection(("127.0.0.1", postgres.port))
        behind.sendall(request)
        for pair in ((connection, behind), (behind, connection)):
            pipes.append(threading.Thread(target=pipe, args=pair, daemon=True))
            pipes[-1].start()

    with server(talk) as port:
        daemon = start_daemon(DATABASE_URL=f"postgresql://gensetd:secret@127.0.0.1:{port}/postgres")
        assert daemon.get("/api/sites").ok


def test_password_given_as_an_option_is_not_in_the_list_of_processes(start_postgres, programs, tmp_path):
    url = start_postgres().url()
    program = Program([GENSETD, "serve", "--http-listen", "127.0.0.1:0", "--database-url", url, "--api-token=secret"], tmp_path / "log")
    programs.append(program)
    wait_until(lambda: "gensetd serves" in program.text(), "the start")
    with open(f"/proc/{program.process.pid}/cmdline") as file:
        shown = file.read()
    assert "--database-url" in shown and "secret" not in shown and "secret" not in program.text()


def test_change_of_another_daemon_is_seen(start_daemon, start_postgres, tmp_path, programs):
    postgres = start_postgres()
    first = start_daemon(DATABASE_URL=postgres.url())
    (tmp_path / "other").mkdir()
    second = Daemon(tmp_path / "other", {"DATABASE_URL": postgres.url()})
    programs.append(second)
    first.add_site()
    wait_until(lambda: second.get("/api/sites").json() == first.get("/api/sites").json() != [], "the other's copy")


def test_lost_database_stops_no_polling_and_comes_back(start_daemon, start_simulator, start_postgres):
    postgres = start_postgres()
    simulator = start_simulator(devices=1)
    daemon = start_daemon(DATABASE_URL=postgres.url())
    daemon.add_site()
    device = daemon.add_device(simulator.port)
    daemon.wait_online(device)
    postgres.kill()
    wait_until(lambda: daemon.get("/health").json()["registry"] != "ok", "the notice")
    refused = daemon.post("/api/sites", {"name": "n", "code": "n"})
    assert refused.status_code == 503 and refused.json()["error"]["code"] == "registry_unavailable"
    stamp = daemon.reading(device)["timestamp"]
    daemon.wait_for(device, lambda reading: reading["timestamp"] > stamp and reading["online"], "polling without the database")
    assert [site["code"] for site in daemon.get("/api/sites").json()] == ["MKZ"]
    postgres = start_postgres(again=postgres)
    wait_until(lambda: daemon.get("/health").json()["registry"] == "ok", "health")
    assert daemon.add_site("YKZ") > 1
    assert len(daemon.lines("changes are refused until it does")) == 1 and len(daemon.lines("answers again")) == 1
    assert daemon.stop() == 0 and "secret" not in daemon.text()


def test_frozen_server_is_given_up_and_refused_at_once(start_daemon, start_postgres):
    postgres = start_postgres()
    daemon = start_daemon(DATABASE_URL=postgres.url())
    daemon.add_site()
    backends = postgres.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'gensetd'").split()
    frozen = [postgres.process.pid, *map(int, backends)]
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    try:
        wait_until(lambda: daemon.get("/health").json()["registry"] != "ok", "the notice")
        started = time.monotonic()
        assert daemon.post("/api/sites", {"name": "n", "code": "n"}).status_code == 503
        assert time.monotonic() - started < 1.5, "the attempts to connect take 2 s each"
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)
    wait_until(lambda: daemon.get("/health").json()["registry"] == "ok", "health")


def test_two_daemons_start_at_once_on_an_empty_database(start_postgres, programs, tmp_path):
    postgres = start_postgres()
    ports = [free_port(), free_port()]
    started = []
    for port in ports:
        environment = {"PATH": "/usr/bin", "HTTP_LISTEN": f"127.0.0.1:{port}", "DATABASE_URL": postgres.url()}
        log = open(tmp_path / f"{port}.log", "wb")
        started.append(subprocess.Popen([GENSETD, "serve"], env=environment, stdout=log, stderr=log, cwd=tmp_path))
    try:
        for port in ports:
            log = tmp_path / f"{port}.log"
            wait_until(lambda: "gensetd serves" in log.read_text(), "the start")
    finally:
        for process in started:
            process.terminate()
    assert [process.wait(30) for process in started] == [0, 0]
    assert postgres.psql("SELECT count(*) FROM schema_version") == "7"


def test_reason_of_a_failed_start_is_one_line(start_postgres, tmp_path):
    postgres = start_postgres()
    place = f"127.0.0.1:{postgres.port}"
    nowhere = free_port()
    cases = [
        (postgres.url(password="wrong-secret"), ["password authentication failed", place, "user gensetd", "database postgres"]),
        (postgres.url(database="no_such"), ['database "no_such" does not exist', place]),
        (postgres.url().replace(str(postgres.port), str(nowhere)), ["Connection refused", f"127.0.0.1:{nowhere}"]),
        (postgres.url().replace("127.0.0.1", "no-such-host.invalid"), ["no-such-host.invalid"]),
        (postgres.url() + f"?sslmode=verify-full&sslrootcert={make_certificate(tmp_path)}", ["certificate verify failed", place]),
        (postgres.url() + "?sslmode=verify-full&sslrootcert=/nonexistent.pem", ["/nonexistent.pem"]),
        ("postgresql://gensetd:secret@127.0.0.1", ["names no database"]),
    ]
    for url, parts in cases:
        line = one_line(run("serve", DATABASE_URL=url, HTTP_LISTEN="127.0.0.1:0"))
        for part in parts:
            assert part in line, line


def test_newer_schema_and_database_of_another_program_are_refused_untouched(start_postgres):
    postgres = start_postgres()
    postgres.psql("CREATE DATABASE other")
    postgres.psql("CREATE TABLE invoices (id int)", "other")
    line = one_line(run("serve", DATABASE_URL=postgres.url("other"), HTTP_LISTEN="127.0.0.1:0"))
    assert "another program" in line and "invoices" in line
    assert postgres.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "other") == "1"

    empty = {"format": "gensetd registry 1", "sites": [], "devices": []}
    assert run_import(empty, postgres.url()).returncode == 0
    postgres.psql("INSERT INTO schema_version VALUES (99, 'x')")
    assert "newer gensetd" in one_line(run("serve", DATABASE_URL=postgres.url(), HTTP_LISTEN="127.0.0.1:0"))
    assert postgres.psql("SELECT count(*) FROM schema_version") == "8"


def run_import(document, url):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        return run("registry", "import", file.name, DATABASE_URL=url)


def test_registry_moves_both_ways_and_a_failed_import_stores_nothing(start_daemon, start_postgres, tmp_path):
    postgres = start_postgres()
    daemon = start_daemon()
    for code in ("MKZ", "YKZ"):
        daemon.add_site(code)
    for port in (1001, 1002, 1003):
        daemon.add_device(port, site_id=2, name='Дизель "№1"', is_active=False)
    daemon.delete("/api/devices/1")
    sqlite = f"sqlite:///{tmp_path}/registry.sqlite"
    exported = tmp_path / "out.json"
    ran = run("registry", "export", str(exported), DATABASE_URL=sqlite)
    assert ran.returncode == 0 and "2 sites and 2 devices" in ran.stdout, ran.stderr
    document = json.loads(exported.read_text())
    assert document["devices"] == daemon.get("/api/devices").json()

    wrong = json.loads(exported.read_text())
    wrong["devices"][1]["port"] = 70000
    ran = run_import(wrong, postgres.url() + f"?sslmode=verify-full&sslrootcert={postgres.certificate}")
    assert "devices[1]: port" in one_line(ran) and "nothing was imported" in ran.stderr
    assert postgres.psql("SELECT count(*) FROM sites") == "0"

    other = Daemon(tmp_path, {"DATABASE_URL": postgres.url()})
    try:
        ran = run_import(document, postgres.url())
        assert ran.returncode == 0, ran.stderr
        wait_until(lambda: other.get("/api/devices").json() == document["devices"], "the running daemon's copy")
        assert other.get("/api/sites").json() == document["sites"]
    finally:
        other.kill()
    assert "not empty" in one_line(run_import(document, postgres.url()))

    back = tmp_path / "back.json"
    assert run("registry", "export", str(back), DATABASE_URL=postgres.url()).returncode == 0
    assert back.read_text() == exported.read_text()
    assert run_import(document, f"sqlite:///{tmp_path}/second.sqlite").returncode == 0
    missing = one_line(run("registry", "export", str(tmp_path / "x.json"), DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite"))
    assert "the file does not exist" in missing and not (tmp_path / "none.sqlite").exists()
    assert "cannot be read" in one_line(run("registry", "import", "/nonexistent.json", DATABASE_URL=sqlite))


def unread_by_the_server(port):
    """How many bytes wait in connections to `port` that the server has not read (proc(5), /proc/net/tcp)."""
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")


def test_stop_does_not_wait_for_a_server_that_is_frozen_in_a_statement(start_daemon, start_postgres):
    postgres = start_postgres()
    daemon = start_daemon(DATABASE_URL=postgres.url())
    backend = int(postgres.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'gensetd'"))
    os.kill(backend, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor() as pool:
            response = pool.submit(daemon.post, "/api/sites", {"name": "n", "code": "n"})
            wait_until(lambda: unread_by_the_server(postgres.port), "the statement")
            started = time.monotonic()
            assert daemon.stop() == 0
            took = time.monotonic() - started
            refused = response.result()
    finally:
        os.kill(backend, signal.SIGCONT)
    assert took < 2.5
    assert refused.status_code == 503
    said = refused.json()["error"]["message"]
    if "nothing was changed" in said:  # the change had to wait for the daemon's own query
        wait_until(lambda: postgres.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gensetd'") == "0", "the end of the backend")
        assert postgres.psql("SELECT count(*) FROM sites") == "0"
    else:
        assert "check whether the change was made" in said
        assert len(daemon.lines("no answer before the stop")) == 1, daemon.text()


def test_stop_does_not_wait_for_a_connection_to_a_server_that_stalls(start_daemon, start_postgres):
    postgres = start_postgres()
    daemon = start_daemon(DATABASE_URL=postgres.url())
    postgres.kill()
    asked = threading.Event()

    def stall(connection):
        log_in_as_postgres_and_stall(connection)
        asked.set()

    with server(stall, postgres.port):
        assert asked.wait(PATIENCE), "the attempt to connect again"
        started = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - started < 2.5


def test_full_disk_of_the_server_is_reported_and_nothing_is_lost(start_daemon, start_postgres):
    postgres = start_postgres()
    daemon = start_daemon(DATABASE_URL=postgres.url())
    postgres.psql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE ''53100''; END'")
    postgres.psql("CREATE TRIGGER full_disk AFTER INSERT ON sites FOR EACH ROW EXECUTE FUNCTION full_disk()")
    refused = daemon.post("/api/sites", {"name": "n", "code": "n"})
    assert refused.status_code == 503 and refused.json()["error"]["code"] == "registry_full"
    assert "nothing was changed" in refused.json()["error"]["message"]
    wait_until(lambda: daemon.lines("is full"), "the log line, which another thread writes")
    assert len(daemon.lines("is full")) == 1
    health = daemon.get("/health").json()
    assert health["status"] == "degraded" and "disk of the database is full; changes are refused" in health["registry"], health
    assert daemon.get("/api/sites").json() == []
    postgres.psql("DROP TRIGGER full_disk ON sites")
    daemon.add_site()
    assert daemon.get("/health").json()["registry"] == "ok" and not daemon.lines("does not answer")
