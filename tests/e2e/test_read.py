"""`gensetd read` and `scan` against real peers: the step that they report as failed, and what they print."""

import json
import socket
import subprocess
import threading

import pytest
from conftest import GENSETD, free_port
from technician import Ran, listener, read, run, scan  # noqa: F401: listener is a fixture

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
