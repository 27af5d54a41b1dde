"""RTU over TCP against independent implementations: libmodbus behind a pseudo terminal, pymodbus as an RTU-over-TCP server."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import GENSETD, HERE, PATIENCE, Program, free_port, wait_until
from converter import SerialBridge
from test_values import GENSET, SWITCHBOARD

LIBMODBUS_SLAVE = Path(GENSETD).parent / "libmodbus_slave"


def assert_is_the_switchboard(reading):
    """Of the registers SWITCHBOARD, by the specification's formulas."""
    assert reading["device_type"] == "ats" and reading["online"] is True and reading["error"] is None
    assert reading["mode_manual"] is True and reading["mode_auto"] is False and reading["genset_status"] == 9
    assert reading["mains_uab"] == 398 and reading["mains_freq"] == 50.01 and reading["mains_ia"] == 123.4
    assert reading["mains_total_p"] == -1 and reading["battery_v"] == 27.1 and reading["busbar_switch"] == 3
    assert reading["accum_kwh"] == 10000 and reading["maint_hours"] == 40000


def assert_is_the_genset(reading):
    """Of the registers GENSET."""
    assert reading["online"] is True and reading["error"] is None
    assert reading["gen_uab"] == 398.5 and reading["gen_freq"] == 50.01 and reading["power_total"] == -25
    assert reading["run_hours"] == 1234 and reading["energy_kwh"] == 2 * 65536 + 5 and reading["coolant_temp"] == -20


@pytest.fixture
def start_libmodbus_slave(programs, tmp_path):
    """A libmodbus slave on a pseudo terminal; gives the converter's port in front of it."""

    def start(unit, registers):
        bridge = SerialBridge()
        pairs = [f"{address}={value}" for address, value in registers.items()]
        slave = Program([str(LIBMODBUS_SLAVE), bridge.device, str(unit), *pairs], tmp_path / "libmodbus.log")
        programs.append(slave)
        wait_until(lambda: "ready" in slave.text() or slave.process.poll() is not None, "the slave's start")
        assert slave.process.poll() is None, slave.text()
        return bridge.port

    return start


@pytest.fixture
def start_pymodbus_units(programs, tmp_path):
    """A pymodbus server of RTU over TCP with several unit ids: `units` is {unit: {address: value}}."""

    def start(units):
        port = free_port()
        words = [word for unit, registers in units.items() for word in [str(unit), *(f"{address}={value}" for address, value in registers.items())]]
        server = Program([sys.executable, str(HERE / "slave.py"), str(port), "rtu", *words], tmp_path / "pymodbus.log")
        programs.append(server)

        def listens():
            assert server.process.poll() is None, server.text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(listens, "the server's start")
        return port

    return start


def read(port, *options):
    return subprocess.run([GENSETD, "read", f"127.0.0.1:{port}", *options], capture_output=True, text=True, timeout=PATIENCE)


def test_values_of_a_libmodbus_slave_on_a_serial_device(start_daemon, start_libmodbus_slave):
    port = start_libmodbus_slave(3, SWITCHBOARD)
    daemon = start_daemon()
    daemon.add_site()
    device = daemon.add_device(port, device_type="ats", slave_id=3)
    first = daemon.wait_online(device)
    assert_is_the_switchboard(first)
    # Later cycles may use other requests.
    for _ in range(3):
        stamp = first["timestamp"]
        first = daemon.wait_for(device, lambda reading: reading["timestamp"] > stamp, "the next reading")
        assert_is_the_switchboard(first)


def test_technician_reads_a_libmodbus_slave(start_libmodbus_slave):
    port = start_libmodbus_slave(3, SWITCHBOARD)
    ran = read(port, "--profile", "hgm9560", "--unit", "3", "--json")
    assert ran.returncode == 0, ran.stderr
    assert_is_the_switchboard(json.loads(ran.stdout))
    ran = read(port, "--profile", "hgm9560", "--unit", "3", "--raw", "203:9")
    assert ran.returncode == 0 and "34464" in ran.stdout and "40000" in ran.stdout, ran.stdout + ran.stderr
    ran = read(port, "--profile", "hgm9560", "--unit", "4", "--timeout", "0.3")
    assert ran.returncode == 1 and f"127.0.0.1:{port} unit 4: no answer within 0.3 s" in ran.stderr


def test_units_of_a_pymodbus_server_behind_one_port(start_daemon, start_pymodbus_units):
    port = start_pymodbus_units({1: GENSET, 2: {**GENSET, 260: 10}, 3: SWITCHBOARD})
    daemon = start_daemon()
    daemon.add_site()
    gensets = [daemon.add_device(port, protocol="rtu_over_tcp", slave_id=unit, name=f"Gen {unit}") for unit in (1, 2)]
    switchboard = daemon.add_device(port, device_type="ats", slave_id=3, name="ATS")
    for device, status in zip(gensets, (9, 10)):
        reading = daemon.wait_online(device)
        assert_is_the_genset(reading)
        assert reading["gen_status"] == status
    assert_is_the_switchboard(daemon.wait_online(switchboard))
