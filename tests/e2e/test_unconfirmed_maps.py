"""Register maps that were never compared with a controller: what gensetd makes of fixed registers is what the map states.

GENSETD_ACCEPT=1 writes the golden readings again.
"""

import json
import subprocess
import tomllib
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from conftest import GENSETD, wait_until
from pymodbus.client import ModbusTcpClient
from test_golden_maps import PATTERNS as ORDINARY
from test_golden_maps import compare

ROOT = Path(__file__).parent.parent.parent
DIRECTORY = ROOT / "profiles/unconfirmed"
FILES = sorted(ROOT.glob("profiles/**/*.toml"))
MAPS = {file.stem: tomllib.loads(file.read_text()) for file in sorted(DIRECTORY.glob("*.toml"))}
WARNING = "this register map is not confirmed: compare the values with the panel\n"
PASSING = ("timestamp", "last_seen")
# Also raw values that mean no data in one of the maps.
PATTERNS = {**ORDINARY, "marked": lambda address: (0xFFFF, 0xFFFF, 0x7FFF, 0xFFFE)[address % 4]}
READS = {"holding": "read_holding_registers", "input": "read_input_registers", "coils": "read_coils", "discrete": "read_discrete_inputs"}
BITS = ("coils", "discrete")


def gensetd(*arguments):
    return subprocess.run([GENSETD, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def read(port, name, *more):
    ran = gensetd("read", f"127.0.0.1:{port}", "--profiles", DIRECTORY, "--profile", name, "--protocol", "tcp", *more)
    assert ran.returncode == 0, ran.stderr
    return ran


def reading_of(ran):
    reading = json.loads(ran.stdout, parse_float=Decimal)
    return {key: value for key, value in reading.items() if key not in PASSING}


# What the file says a field is, decoded without gensetd.


def words_of(field, map_):
    length = {"u32": 2, "i32": 2, "text": field.get("length", 1)}.get(field["type"], 1)
    assert length == 1 or map_["word_order"] == "high_first"
    return length


def is_no_data(field, map_, raw):
    rule = "none" if field["type"] == "enum" else field.get("no_data", map_["no_data"].get(field["type"]))
    assert rule == "none" or isinstance(rule, list), rule
    return rule != "none" and any(low <= raw <= high for low, high in rule)


def decode(field, map_, registers):
    type_ = field["type"]
    if type_ == "bit":
        return bool(registers[0] >> field.get("bit", 0) & 1)
    if type_ == "text":
        text = b"".join(word.to_bytes(2, "big") for word in registers).split(b"\0")[0]
        return "".join(chr(byte) for byte in text if 0x20 <= byte < 0x7F).rstrip(" ")
    raw = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in registers), "big")
    if "mask" in field:
        raw = (raw & field["mask"]) // (field["mask"] & -field["mask"])
    if is_no_data(field, map_, raw):
        return None
    if type_.startswith("i") and raw >> 16 * len(registers) - 1:
        raw -= 1 << 16 * len(registers)
    if not field.get("raw_min", raw) <= raw <= field.get("raw_max", raw):
        return None
    decimals = field.get("decimals", 0)
    value = Fraction(raw) * Fraction(field["scale"]) if "scale" in field else Fraction(raw, 10**decimals)
    exact = Decimal(value.numerator * 10**decimals) / Decimal(value.denominator)
    return exact.quantize(Decimal(1), ROUND_HALF_UP).scaleb(-decimals)


def values_by_pymodbus(port, map_, names):
    client = ModbusTcpClient("127.0.0.1", port=port)
    assert client.connect()
    values = {}
    for field in map_["fields"]:
        if field["name"] not in names:
            continue
        table = field.get("table", "holding")
        response = getattr(client, READS[table])(field["address"], words_of(field, map_), 1)
        assert not response.isError(), (field["name"], response)
        values[field["name"]] = decode(field, map_, [int(bit) for bit in response.bits[:1]] if table in BITS else response.registers)
    client.close()
    return values


def registers_of(map_, pattern):
    """Registers in all blocks of the map, as start_slave takes them. No block of alarms is due: no bit is set that one waits for."""
    conditions = {condition for block in map_["blocks"] for condition in block.get("when", [])}
    registers = {}
    for block in map_["blocks"]:
        table = block.get("table", "holding")
        for address in range(block["address"], block["address"] + block["count"]):
            raw = PATTERNS[pattern](address)
            registers[f"{table}/{address}"] = raw >> 3 & 1 if table in BITS else raw
    for field in map_["fields"]:
        if field["name"] in conditions:
            place = f"{field.get('table', 'holding')}/{field['address']}"
            registers[place] &= ~(1 << field.get("bit", 0))
    return registers


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_map_passes_the_check(file):
    ran = gensetd("profiles", file, "--check")
    assert ran.returncode == 0, ran.stderr
    is_unconfirmed = file.parent == DIRECTORY
    verdict, *costs = ran.stdout.splitlines()
    assert verdict.startswith(f"{file}: good: ") and verdict.endswith("  (not confirmed)") == is_unconfirmed
    assert costs[0] == "on a serial line at 9600 baud:" and costs[1].startswith("  each cycle: ")


@pytest.mark.parametrize("name", MAPS)
def test_a_map_says_that_it_is_unconfirmed_and_where_it_comes_from(name):
    text = (DIRECTORY / f"{name}.toml").read_text()
    assert MAPS[name]["name"] == name and MAPS[name]["confirmed"] is False and MAPS[name]["seen"] == []
    comment = text[: text.index("format = 2")]
    for part in ("UNCONFIRMED", "Sources", "Doubtful", "Left out"):
        assert part in comment, part
    assert all(group.get("confirmed") is False for group in MAPS[name]["alarm_groups"])
    assert f"`{name}.toml`" in (ROOT / "docs/controllers.md").read_text()


def test_the_list_marks_unconfirmed_maps():
    lines = gensetd("profiles", "--profiles", DIRECTORY).stdout.splitlines()
    marked = [line.split()[0] for line in lines if line.endswith("  (not confirmed)")]
    assert marked == list(MAPS) and len(lines) == len(MAPS) + 2


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", MAPS)
def test_reading_of_constant_registers(start_slave, name, pattern):
    slave = start_slave(registers_of(MAPS[name], pattern))
    ran = read(slave.port, name, "--json")
    assert ran.stderr == WARNING
    reading = reading_of(ran)
    names = {field["name"] for field in MAPS[name]["fields"]}
    found = {key: value for key, value in reading.items() if key in names}
    expected = values_by_pymodbus(slave.port, MAPS[name], names)
    assert found == expected
    shown = "".join(f"{key}: {value if isinstance(value, Decimal) else json.dumps(value)}\n" for key, value in found.items())
    compare(f"{name}.{pattern}.txt", shown)


# The simulated genset, as each of these controllers


@pytest.mark.parametrize("name", MAPS)
def test_simulated_controller_is_read_by_both_alike(start_simulator, name):
    # So slow that the plant stands still for ten seconds.
    simulator = start_simulator("--profiles", str(DIRECTORY), "--profile", name, "--protocol", "tcp", "--speed", "0.01", devices=1)
    names = {field["name"] for field in MAPS[name]["fields"]}

    def common_reading():
        reading = {key: value for key, value in reading_of(read(simulator.port, name, "--json")).items() if key in names}
        return reading if reading == values_by_pymodbus(simulator.port, MAPS[name], names) else None

    reading = wait_until(common_reading, "two equal readings")
    original = json.loads(gensetd("read", f"127.0.0.1:{start_simulator('--speed', '0.01', devices=1).port}", "--json").stdout)
    common = {"gen_uab", "gen_freq", "power_total", "current_a", "engine_speed", "coolant_temp", "oil_pressure", "battery_volt", "run_hours", "start_count"}
    for key in common & names:
        assert float(reading[key]) == pytest.approx(original[key], abs=1.01), key
    states = {field["name"]: {code["value"]: code.get("means") for code in table["codes"]} for field in MAPS[name]["fields"]
              for table in MAPS[name]["code_tables"] if table["name"] == field.get("codes")}
    assert original["gen_status"] == 9 and states["gen_status"][reading["gen_status"]] == "running"
    assert (reading["mode_auto"] is True) if "mode_auto" in names else states["mode"][reading["mode"]] == "auto"


@pytest.mark.parametrize("name, place, value", [
    ("dse_gencomm", "holding/768", [1]),
    ("deif_agc150", "input/770:5", [int.from_bytes(b"AGC150GEN\0"[index:index + 2], "big") for index in range(0, 10, 2)]),
])
def test_simulated_controller_has_the_identity_of_its_map(start_simulator, name, place, value):
    simulator = start_simulator("--profiles", str(DIRECTORY), "--profile", name, devices=1)
    ran = gensetd("read", f"127.0.0.1:{simulator.port}", "--raw", place, "--json")
    assert json.loads(ran.stdout)["values"] == value, ran.stderr


def test_simulate_refuses_a_map_that_the_directory_does_not_have():
    ran = gensetd("simulate", "--devices", "1", "--profile", "dse_gencomm")
    assert ran.returncode == 2 and "--profile: 'dse_gencomm' is not a profile" in ran.stderr
    assert gensetd("simulate", "--devices", "1", "--profiles", "/nowhere", "--profile", "dse_gencomm").returncode == 2


# Events of a genset that is started. Controllers have different codes, so a status is only 'runs' or 'stands'.
EVENTS = {"gen_closed": ("gen_breaker_closed", "gen_breaker_opened"), "mains_load": ("load_on_mains", "load_off_mains"),
          "mains_normal": ("mains_normal", "mains_abnormal")}


def engine_codes(map_):
    table = next(field["codes"] for field in map_["fields"] if field["name"] == "gen_status")
    return {code["value"]: code.get("means") for one in map_["code_tables"] if one["name"] == table for code in one["codes"]}


@pytest.mark.parametrize("name", MAPS)
def test_a_started_genset_has_the_events_of_the_other_controller(start_daemon, start_simulator, name):
    daemon = start_daemon(PROFILES=str(DIRECTORY))
    daemon.add_site()
    maps = {"hgm9520n": tomllib.loads((ROOT / "profiles/hgm9520n.toml").read_text()), name: MAPS[name]}
    devices = {}
    for one in maps:
        # The second genset of a site stands for some seconds, and is started then.
        port = start_simulator("--speed", "3", "--profiles", str(DIRECTORY), "--profile", one, "--protocol", "tcp", devices=2).port + 1
        devices[one] = daemon.add_device(port, profile=one, protocol="tcp")
        assert engine_codes(maps[one])[daemon.wait_online(devices[one])["gen_status"]] == "stopped"
    confirmed = {one["name"]: one["confirmed"] for one in daemon.get("/api/profiles").json()}
    assert confirmed[name] is False and confirmed["hgm9520n"] is True
    known = {field["name"] for field in MAPS[name]["fields"]}
    shared = {code for field, codes in EVENTS.items() if field in known for code in codes}

    def events_of(one):
        found = []
        codes = engine_codes(maps[one])
        for event in reversed(daemon.get("/api/events", params={"device_id": devices[one], "limit": 500}).json()["events"]):
            if event["code"] in shared:
                found.append(event["code"])
            elif event["code"] == "status_changed":
                before, after = (codes[event["args"][end]] == "running" for end in ("from", "to"))
                if before != after:
                    found.append("runs" if after else "stands")
        return found

    last = "gen_breaker_closed" if "gen_closed" in known else "runs"
    ours = wait_until(lambda: last in events_of("hgm9520n") and events_of("hgm9520n"), "the start of the HGM9520N")
    ours = ours[ours.index("runs"):]  # which events were before the first reading depends on the load of the machine
    theirs = wait_until(lambda: Counter(events_of(name)) >= Counter(ours) and events_of(name), f"its events in {name}")
    of_start = ("runs", "gen_breaker_closed")
    assert [event for event in ours if event in of_start][:2] == [event for event in theirs if event in of_start][:2]
