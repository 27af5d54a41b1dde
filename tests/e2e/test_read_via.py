"""`gensetd read --via`, and the routes behind it: a running daemon reads for the technician."""

import json
import threading

import pytest
from conftest import GENSETD, PATIENCE, Program, free_port, wait_until
from technician import listener, read, run  # noqa: F401: listener is a fixture


def test_daemon_and_technician_share_one_connection(start_daemon, start_simulator, listener):
    """The converter sees one connection while the daemon polls and reads for the technician."""
    simulator = start_simulator("--protocol", "rtu_over_tcp", "--baud", "115200", devices=1)
    converter = listener(simulator.port)
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(converter.port, protocol="rtu_over_tcp")
    daemon.wait_online(device)
    arguments = ("--protocol", "rtu_over_tcp", "--via", daemon.url)
    for _ in range(3):
        assert read(converter.port, *arguments).status == 0
        assert read(converter.port, *arguments, "--raw", "0:4").status == 0
        test = daemon.post("/api/devices/test-connection", {"ip_address": "127.0.0.1", "port": converter.port, "protocol": "rtu_over_tcp"})
        assert test.json()["success"] is True, test.text
    before = daemon.reading(device)["timestamp"]
    daemon.wait_for(device, lambda reading: reading["online"] and reading["timestamp"] > before, "polling")
    assert converter.connections == 1
    # Without --via there is a second connection, which must be avoided: each receives the other's responses.
    read(converter.port, "--protocol", "rtu_over_tcp")
    assert converter.connections == 2


def test_through_a_daemon_the_same_is_printed(start_daemon, start_slave):
    slave = start_slave({0: 512, 120: 3985, 135: 5001, 213: 282, 220: 65516, 260: 9, 274: 34905, 275: 14})
    daemon = start_daemon()
    via = ("--via", daemon.url)

    def body(ran):
        assert ran.status == 0, ran.errors
        return ran.out.split("\n", 1)[1]

    assert body(read(slave.port, "--registers", *via)) == body(read(slave.port, "--registers"))
    assert read(slave.port, "--raw", "120:16", *via).out == read(slave.port, "--raw", "120:16").out

    def timeless(ran):
        return {key: value for key, value in json.loads(ran.out).items() if key not in ("timestamp", "last_seen")}

    assert timeless(read(slave.port, "--json", *via)) == timeless(read(slave.port, "--json"))
    first = read(slave.port, *via).out.splitlines()[0]
    assert first.startswith(f"127.0.0.1:{slave.port} unit 1 hgm9520n, ") and first.endswith(f", through {daemon.url}")


def test_labels_and_units_are_those_of_the_daemons_map(start_daemon, start_slave, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "site.toml").write_text('name = "site"\nextends = "hgm9520n"\nfields = [{ name = "energy_kwh", decimals = 1 }]\n')
    slave = start_slave({274: 34905, 275: 14})
    daemon = start_daemon(PROFILES=str(maps))
    ran = read(slave.port, "--profile", "site", "--via", daemon.url)
    assert ran.status == 0 and "95240.9 kWh" in ran.out, ran.errors
    ran = read(slave.port, "--profile", "none", "--via", daemon.url)
    assert ran.status == 1 and ran.error == f"{daemon.url}: there is no profile none"


def test_watching_through_a_daemon(start_daemon, start_slave, programs, tmp_path):
    slave = start_slave({120: 3985})
    daemon = start_daemon()
    arguments = [GENSETD, "read", f"127.0.0.1:{slave.port}", "--raw", "120", "--watch", "--interval", "0.1", "--via", daemon.url]
    watching = Program(arguments, tmp_path / "watch.log")
    programs.append(watching)
    wait_until(lambda: len(watching.lines("0F91")) >= 3, "three readings")
    assert watching.stop() == 0


def test_failure_behind_a_daemon_is_printed_with_its_text(start_daemon, start_simulator):
    daemon = start_daemon(MODBUS_TIMEOUT="0.3")
    port = free_port()
    ran = read(port, "--via", daemon.url)
    assert ran.status == 1 and ran.error.startswith(f"127.0.0.1:{port}: connection refused; ")
    simulator = start_simulator("--silence", "1", devices=1)
    ran = read(simulator.port, "--via", daemon.url)
    assert ran.status == 1 and ran.error.startswith(f"127.0.0.1:{simulator.port} unit 1: no answer within 0.3 s to read 0; ")
    ran = read(port, "--unit", "0", "--profile", "hgm9560", "--via", daemon.url)
    assert ran.status == 1 and "slave_id" in ran.error


def test_daemon_that_is_unreachable_or_another_program(listener, start_slave):
    port = free_port()
    ran = read(1, "--via", f"http://127.0.0.1:{port}")
    assert ran.status == 1 and ran.error == f"http://127.0.0.1:{port}: connection refused; is `gensetd serve` running there?"
    ran = read(1, "--via", "http://no-such-host.invalid")
    assert ran.status == 1 and ran.error.startswith("http://no-such-host.invalid:80: the host name has no address (")
    ran = read(1, "--via", "ftp://127.0.0.1")
    assert ran.status == 2 and "--via: this is not an http:// or https:// URL" in ran.error


def test_token_is_accepted_and_never_printed(start_daemon, start_slave):
    slave = start_slave({120: 3985})
    daemon = start_daemon(API_TOKEN="s3cret-t0ken", LOG_LEVEL="debug")
    via = ("--raw", "120", "--via", daemon.url)
    assert read(slave.port, *via, API_TOKEN="s3cret-t0ken").status == 0
    assert read(slave.port, *via, "--token", "s3cret-t0ken").status == 0
    ran = read(slave.port, *via)
    assert ran.status == 1 and ran.error == f"{daemon.url}: the daemon requires its token; give --token, or API_TOKEN in the environment"
    wrong = read(slave.port, *via, "--token", "wr0ng-t0ken")
    assert wrong.status == 1 and "wr0ng" not in wrong.errors
    assert "s3cret" not in run("read", "--help", API_TOKEN="s3cret-t0ken").out
    assert "t0ken" not in daemon.text()


@pytest.mark.parametrize("path, other", [("/api/devices/read", "/api/devices/test-connection"), ("/api/devices/test-connection", "/api/devices/read")])
def test_reads_for_others_are_bounded(start_daemon, listener, path, other):
    """Four reads or connection tests wait for a peer that never responds; the fifth is refused, and accepted when they are done."""
    silent = listener()
    daemon = start_daemon(MODBUS_TIMEOUT="1")
    body = {"ip_address": "127.0.0.1", "port": silent.port}
    responses = []

    def ask():
        responses.append(daemon.post(path, body))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    wait_until(lambda: responses, "the first that is sent away")
    assert daemon.post(other, body).status_code == 503, "one limit for both"
    for thread in threads:
        thread.join(PATIENCE)
    refused = [response for response in responses if response.status_code == 503]
    served = [response for response in responses if response.status_code == 200]
    assert len(refused) + len(served) == 12 and len(served) >= 4 and refused
    assert refused[0].json()["error"]["code"] == "too_many_reads" and refused[0].headers["Retry-After"] == "1"
    assert all(response.json()["success"] is False for response in served)
    for one in (path, other):
        assert daemon.post(one, body).status_code == 200


def test_stop_does_not_wait_for_a_read(start_daemon, listener):
    silent = listener()
    daemon = start_daemon(MODBUS_TIMEOUT="60")
    ended = []

    def ask():
        ended.append(read(silent.port, "--via", daemon.url))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: silent.connections, "the read")
    assert daemon.stop() == 0
    asking.join(PATIENCE)
    assert ended[0].status == 1 and ended[0].error.startswith(daemon.url)


@pytest.mark.parametrize(
    "change, field",
    [
        ({"ip_address": "a b"}, "ip_address"), ({"port": 0}, "port"), ({"slave_id": 0, "protocol": "rtu_over_tcp"}, "slave_id"), ({"profile": "none"}, "profile"),
        ({"raw": {"address": 0}}, "raw.count"), ({"raw": {"address": 0, "count": 126}}, "raw.count"), ({"raw": 5}, "raw"), ({"surprise": 1}, "surprise"),
    ],
)
def test_bad_body_of_a_read_is_named(start_daemon, change, field):
    response = start_daemon().post("/api/devices/read", {"ip_address": "127.0.0.1", **change})
    assert response.status_code == 422 and response.json()["error"]["field"] == field, response.text
