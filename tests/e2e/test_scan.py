"""`gensetd scan`: the units, protocols and register maps that it finds."""

import json

import pytest
from conftest import free_port
from technician import run, scan


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
