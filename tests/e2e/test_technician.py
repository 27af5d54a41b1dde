"""The technician's commands against real peers: their output, and the step that they report as failed."""

import json
import os
import socket
import subprocess
import threading

import pytest
from conftest import GENSETD, PATIENCE, free_port, wait_until


class Ran:
    def __init__(self, ended):
        self.status, self.out, self.errors = ended.returncode, ended.stdout, ended.stderr

    @property
    def error(self):
        """The only line on stderr."""
        lines = self.errors.splitlines()
        assert len(lines) == 1, self.errors
        return lines[0]


def run(*arguments, **environment):
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "ASAN_OPTIONS", "TSAN_OPTIONS")}
    command = [GENSETD, *(str(one) for one in arguments)]
    return Ran(subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True, timeout=120))


def read(port, *arguments, **environment):
    return run("read", f"127.0.0.1:{port}", *arguments, **environment)


def scan(port, *arguments):
    return run("scan", f"127.0.0.1:{port}", *arguments)


class Listener:
    """A listening socket that accepts all bytes and never responds; or relays to another port. Counts connections."""

    def __init__(self, to=None):
        self.to = to
        self.connections = 0
        self.open = 0
        self.open_max = 0
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open += 1
                self.open_max = max(self.open_max, self.open)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            if self.to is None:
                while client.recv(4096):
                    pass
            else:
                with socket.create_connection(("127.0.0.1", self.to)) as server:
                    back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                    back.start()
                    self.copy(client, server)
                    back.join(PATIENCE)
        with self.lock:
            self.open -= 1

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(4096):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.socket.close()


@pytest.fixture
def listener():
    made = []

    def make(to=None):
        made.append(Listener(to))
        return made[-1]

    yield make
    for one in made:
        one.close()


# Each step of a failure


def test_name_without_address():
    ran = run("read", "no-such-host.invalid")
    assert ran.status == 1 and ran.out == ""
    assert ran.error.startswith("no-such-host.invalid:502: the host name has no address (")
    assert run("scan", "no-such-host.invalid").error == ran.error


def test_closed_port():
    port = free_port()
    ran = read(port)
    assert ran.status == 1 and ran.error.startswith(f"127.0.0.1:{port}: connection refused; ")
    assert scan(port).error == ran.error and scan(port).status == 1


# A network of its own, so that nothing leaves this machine.
SEALED = ("unshare", "--map-root-user", "--net", "sh", "-c")


def can_be_sealed():
    try:
        return subprocess.run([*SEALED, "ip link set lo up"], capture_output=True, timeout=30).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_be_sealed(), reason="no network namespaces here")
@pytest.mark.parametrize(
    "network, text",
    [
        ("true", "network is unreachable; this machine has no route to that network: check "),
        ("ip link set lo up && ip route add unreachable 192.0.2.0/24", "no route to host; no host responds at this address: check the address, power and cable"),
        (
            "ip link add veth1 type veth peer name veth2 && ip addr add 192.0.2.1/24 dev veth1 && ip link set veth2 up && ip link set veth1 up",
            "no connection within 0.3 s; check address, power, cable and firewalls",
        ),
    ],
)
def test_address_without_route_or_host(network, text):
    command = [*SEALED, f"{{ {network}; }} || exit 77; exec {GENSETD} read 192.0.2.10 --timeout 0.3"]
    ran = Ran(subprocess.run(command, capture_output=True, text=True, timeout=120))
    if ran.status == 77:
        pytest.skip("this kernel has no such network")
    assert ran.status == 1 and ran.error.startswith(f"192.0.2.10:502: {text}")


def test_peer_that_never_responds(listener):
    silent = listener()
    ran = read(silent.port, "--timeout", "0.3")
    assert ran.status == 1
    assert ran.error.startswith(f"127.0.0.1:{silent.port} unit 1: no answer within 0.3 s to read 0; the port is open: check ")
    assert "other protocol" not in ran.error
    ran = scan(silent.port, "--units", "1-2", "--timeout", "0.1")
    assert ran.status == 1 and ran.out == ""
    assert ran.error.startswith(f"127.0.0.1:{silent.port}: the port is open, but no controller answered as unit 1-2 in rtu_over_tcp or tcp")


@pytest.mark.parametrize(
    "protocol, fault, part",
    [
        ("rtu_over_tcp", "--silence", "unit 1: no answer within 0.5 s to read 0; the port is open: check the unit id, wiring"),
        ("tcp", "--silence", "unit 1: no answer within 0.5 s to read 0; the port is open: check the unit id, whether the protocol is tcp"),
        ("rtu_over_tcp", "--wrong-crc", "wrong CRC in the answer to read 0; check baud rate, parity, wiring and termination, or the converter is in another mode"),
        ("rtu_over_tcp", "--wrong-unit", "answered instead to read 0; check the unit id, or look for another master"),
        ("tcp", "--wrong-unit", "answered instead to read 0; check the unit id"),
        ("rtu_over_tcp", "--reset", "the connection was closed before the answer to read 0; another client may hold it"),
    ],
)
def test_fault_is_named(start_simulator, protocol, fault, part):
    simulator = start_simulator("--protocol", protocol, fault, "1", devices=1)
    ran = read(simulator.port, "--protocol", protocol, "--timeout", "0.5")
    assert ran.status == 1 and ran.out == ""
    assert ran.errors.startswith(f"127.0.0.1:{simulator.port} unit 1: ") and part in ran.errors.splitlines()[0]
    raw = read(simulator.port, "--protocol", protocol, "--timeout", "0.5", "--raw", "0")
    assert raw.status == 1 and part in raw.errors.splitlines()[0]


@pytest.mark.parametrize("protocol", ["tcp", "rtu_over_tcp"])
def test_exception_comes_with_its_meaning(start_simulator, protocol):
    simulator = start_simulator("--protocol", protocol, devices=1)
    ran = read(simulator.port, "--protocol", protocol, "--raw", "60000:2")
    assert ran.status == 1
    assert ran.error == (
        f"127.0.0.1:{simulator.port} unit 1: refuses to read 60000..60001: illegal data address (exception 2); "
        "it has no such registers: check the profile"
    )


def test_gateway_without_the_unit(start_simulator):
    simulator = start_simulator(devices=1)
    ran = read(simulator.port, "--unit", "9")
    assert ran.status == 1 and "gateway target device failed to respond (exception 11); the converter works" in ran.error
    found = scan(simulator.port, "--units", "1-3", "--protocol", "tcp")
    assert found.status == 0 and len([line for line in found.out.splitlines() if " tcp " in line]) == 1


@pytest.mark.parametrize("framing, wrong, right", [("rtu", "tcp", "rtu_over_tcp"), ("tcp", "rtu_over_tcp", "tcp")])
def test_wrong_protocol_is_detected(start_slave, framing, wrong, right):
    slave = start_slave({0: 512}, framing)
    ran = read(slave.port, "--protocol", wrong, "--timeout", "0.5")
    assert ran.status == 1
    assert ran.error.startswith(f"127.0.0.1:{slave.port} unit 1: ")
    assert ran.error.endswith(f"; but it answers in the other protocol: give --protocol {right}")


@pytest.mark.parametrize(
    "protocol, response, part",
    [
        ("tcp", bytes.fromhex("010302020 0b924".replace(" ", "")), "responds in Modbus RTU to a Modbus TCP request; set protocol to rtu_over_tcp"),
        ("rtu_over_tcp", bytes.fromhex("000100000005010302 0200".replace(" ", "")), "responds in Modbus TCP to a Modbus RTU request; set protocol to tcp"),
    ],
)
def test_response_in_the_other_protocol_is_recognised(protocol, response, part):
    """The peer responds to the request, one register, in the other framing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            client, _ = server.accept()
            with client:
                client.recv(64)
                client.sendall(response)
                client.recv(64)

        threading.Thread(target=serve, daemon=True).start()
        ran = read(server.getsockname()[1], "--protocol", protocol, "--raw", "0")
    assert ran.status == 1 and part in ran.error


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


@pytest.mark.parametrize("arguments", [("--raw", "0:2"), ("--profile", "hgm9560")])
def test_one_of_two_responses_is_not_accepted(arguments):
    """The first request gets two matching responses; the response to the next request decides."""
    requests = []

    def response(request, value):
        frame = request[:2] + bytes([2 * request[5]]) + value.to_bytes(2, "big") * request[5]
        return frame + crc(frame)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            client, _ = server.accept()
            with client:
                while len(request := client.recv(8)) == 8:
                    requests.append(request)
                    client.sendall(response(request, 111) + response(request, 222) if len(requests) == 1 else response(request, 333))

        threading.Thread(target=serve, daemon=True).start()
        ran = read(server.getsockname()[1], "--protocol", "rtu_over_tcp", "--json", *arguments)
    assert ran.status == 0, ran.errors
    came = json.loads(ran.out)
    if "values" in came:
        assert came["values"] == [333, 333] and len(requests) == 3, "a part is asked for, and then the whole again"
    else:
        assert came["mode_test"] is True, "bit 8 of 333, not of 111 or 222"


def test_another_master_on_the_line_is_reported(start_simulator):
    simulator = start_simulator("--protocol", "rtu_over_tcp", "--foreign", "1", devices=1)
    ran = read(simulator.port, "--protocol", "rtu_over_tcp")
    assert ran.error.startswith("another master or client uses the line: a frame of unit ")
    assert "[warning]" not in ran.out + ran.errors
    found = scan(simulator.port, "--units", "1", "--json")
    assert json.loads(found.out)["others"].startswith("another master or client uses the line: ")


# What is printed


def test_registers_are_printed_next_to_the_values(start_slave):
    slave = start_slave({0: 512, 120: 3985, 121: 0, 135: 5001, 220: 32766, 260: 9})
    ran = read(slave.port, "--registers")
    assert ran.status == 0 and ran.errors == ""
    assert "  mains_uab          120 = 3985 0           398.5 V      Mains voltage AB" in ran.out
    assert "  mode_auto          0.9 = 0200              true        Automatic mode" in ran.out
    assert "  coolant_temp       220 = 32766                \u2014" in ran.out
    assert "120 =" not in read(slave.port).out
    assert json.loads(read(slave.port, "--raw", "120:2", "--json").out) == {"address": 120, "values": [3985, 0]}


def test_json_has_the_fields_of_a_reading_and_no_identity(start_slave, start_daemon):
    slave = start_slave({0: 512, 120: 3985, 135: 5001})
    reading = json.loads(read(slave.port, "--json").out)
    assert reading["device_id"] is None and reading["site_code"] is None and reading["mains_uab"] == 398.5
    daemon = start_daemon()
    daemon.add_site()
    assert list(daemon.wait_online(daemon.add_device(slave.port))) == list(reading)


# Through a running daemon


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
    from conftest import Program

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


# Scan


def units_of(ran):
    assert ran.status == 0, ran.errors
    return {unit["unit"]: unit for unit in json.loads(ran.out)["units"]}


@pytest.mark.parametrize("protocol", ["tcp", "rtu_over_tcp"])
def test_scan_finds_units_protocol_and_map(start_simulator, protocol):
    simulator = start_simulator("--protocol", protocol, "--one-port", "--baud", "115200", devices=2, port=free_port())
    found = units_of(scan(simulator.port, "--units", "1-4", "--json"))
    assert set(found) == {1, 2}
    for unit in found.values():
        assert unit["protocol"] == protocol and unit["answers"] == "registers" and unit["error"] is None
        assert [fit["name"] for fit in unit["profiles"]][0] == "hgm9520n" and unit["profiles"][0]["fits"] == "likely"


def test_scan_distinguishes_a_switchboard_from_a_genset(start_simulator):
    simulator = start_simulator("--baud", "115200")
    ran = scan(simulator.port + 2, "--units", "1")
    assert ran.status == 0 and ran.errors == ""
    lines = ran.out.splitlines()
    assert lines[2].split()[:4] == ["1", "rtu_over_tcp", "hgm9560", "likely"] and "battery_v" in lines[2]
    assert lines[3].split()[0] == "hgm9520n" and lines[3].split()[1] != "likely"


@pytest.mark.parametrize("framing, protocol", [("tcp", "tcp"), ("rtu", "rtu_over_tcp")])
def test_scan_of_an_independent_slave(start_slave, framing, protocol):
    slave = start_slave({0: 512, 135: 5001, 155: 4999, 213: 282, 260: 9}, framing, unit=5)
    found = units_of(scan(slave.port, "--units", "4-6", "--json"))
    assert found[5]["protocol"] == protocol
    assert found[5]["profiles"][0] == {
        "name": "hgm9520n",
        "fits": "likely",
        "why": "all 9 blocks answer: mains_freq 50.01 Hz, gen_freq 49.99 Hz, battery_volt 28.2 V, gen_status 9 (Running)",
    }


def test_scan_shows_noise_and_refusals(start_simulator):
    broken = start_simulator("--protocol", "rtu_over_tcp", "--wrong-crc", "1", devices=1)
    ran = scan(broken.port, "--units", "1", "--protocol", "rtu_over_tcp")
    assert ran.status == 1 and "wrong CRC" in ran.out and "no controller answered" in ran.error
    refusing = start_simulator("--exception", "1", devices=1)
    ran = scan(refusing.port, "--units", "1", "--protocol", "tcp")
    assert ran.status == 0 and ran.errors == ""
    assert ran.out.splitlines()[2].split()[:4] == ["1", "tcp", "-", "-"] and "(exception " in ran.out


def test_scan_needs_good_arguments():
    for arguments, part in [(("h", "--units", "5-1"), "--units"), (("h:x",), "not an address"), (("h", "--profiles", "/nonexistent"), "/nonexistent"), ((), "address")]:
        ran = run("scan", *arguments)
        assert ran.status == 2 and part in ran.errors, ran.errors
