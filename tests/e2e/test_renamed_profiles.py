"""A profile whose fields have other names and the same roles gives the same events, overview and verdict of `scan`."""

import asyncio
import json
import subprocess

import pytest
import websockets
from conftest import GENSETD, wait_until
from renamed_profiles import NAMES, write_renamed
from scripted_controller import ScriptedController

TYPES = {"hgm9520n": "generator", "hgm9560": "ats"}
FRAMINGS = {"hgm9520n": "tcp", "hgm9560": "rtu"}
PASSING = ("device_id", "timestamp", "last_seen", "seq", "epoch", "age_ms", "cadence_ms")

# Registers that change from step to step; the others are 1. The last one of a step shows that the step was read.
AUTO, MANUAL, TEST, COMMON, SHUTDOWN, WARNING, TRIP_STOP, BLOCK = 1 << 9, 1 << 10, 1 << 8, 1, 1 << 1, 1 << 2, 1 << 3, 1 << 7
ALARM_WORDS = {*range(1, 40), 44, *range(76, 82), *range(91, 97)}
LOW_OIL_PRESSURE = 1 << 13  # of register 2 of an HGM9520N
STEPS = {
    "hgm9520n": [
        {0: AUTO, 114: 0b0011, 260: 0, 511: 0},
        {114: 0b0000},
        {260: 3},
        {260: 9, 114: 0b1100},
        {0: AUTO | COMMON | WARNING, 511: 1},
        {0: MANUAL | COMMON | SHUTDOWN | BLOCK, 2: LOW_OIL_PRESSURE, 511: 3},
        {0: MANUAL | TEST | COMMON},
        {0: AUTO, 2: 0, 114: 0b0011, 260: 15, 511: 0},
        {260: 40},
    ],
    "hgm9560": [
        {0: AUTO, 40: 0, 193: 7, 195: 0, 197: 3},
        {195: 3, 197: 5},
        {195: 2, 197: 7, 193: 1, 40: 9},
        {193: 3, 0: MANUAL | COMMON | TRIP_STOP},
        {193: 3, 0: MANUAL | COMMON},
        {195: 1, 197: 99, 0: AUTO},
    ],
}
MARKS = {"hgm9520n": (270, "run_hours"), "hgm9560": (211, "maint_hours")}
CODES = {
    "hgm9520n": {
        "alarm_warning", "alarm_shutdown", "alarm_block", "alarm_unclassified", "alarm_count_changed", "mode_changed", "status_changed",
        "alarm:shutdown.low_oil_pressure", "gen_breaker_closed", "gen_breaker_opened", "load_on_mains", "load_off_mains", "mains_normal", "mains_abnormal",
    },
    "hgm9560": {"alarm_trip_stop", "alarm_unclassified", "mode_changed", "status_changed", "mains_status_changed", "switch_changed"},
}


class SteppedController(ScriptedController):
    """Registers that the test sets."""

    def __init__(self, framing):
        self.registers = {}
        super().__init__(framing)

    def value_of(self, address):
        return self.registers.get(address, 0 if address in ALARM_WORDS else 1)


def translated(reading, names):
    return {names.get(name, name): value for name, value in reading.items() if name not in PASSING}


def events_of(daemon, device, names):
    """Without ids, times and order, as registers may change within a cycle; the name of a field as the copy has it."""
    kept = []
    for event in daemon.get("/api/events", params={"device_id": device, "limit": 1000}).json()["events"]:
        args = {**event["args"], "field": names.get(event["args"].get("field"), event["args"].get("field"))}
        kept.append({key: event[key] for key in ("code", "kind", "priority", "state", "onset_at_latest")} | {"args": args})
    return sorted(kept, key=lambda event: json.dumps(event, sort_keys=True))


async def overview(daemon):
    async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics?proto=2") as socket:
        await socket.send('{"type":"sub","view":"overview"}')
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "snapshot" and message["view"] == "overview":
                return {reading["device_id"]: reading for reading in message["data"]}


@pytest.mark.parametrize("profile", NAMES)
def test_events_and_overview_are_the_same(start_daemon, tmp_path, profile):
    profiles, names = write_renamed(tmp_path)
    names = names[profile]
    controllers = [SteppedController(FRAMINGS[profile]) for _ in range(2)]
    daemon = start_daemon(PROFILES=str(profiles), POLL_INTERVAL="0.5")
    daemon.add_site()
    address, mark = MARKS[profile]
    devices = []
    for number, step in enumerate(STEPS[profile], 1):
        for controller in controllers:
            controller.registers = {**controller.registers, **step, address: number}
        if not devices:
            devices = [
                daemon.add_device(controller.port, device_type=TYPES[profile], profile=name, slave_id=1)
                for controller, name in zip(controllers, (profile, f"{profile}_renamed"))
            ]
        original, copy = devices
        daemon.wait_for(original, lambda reading: reading.get(mark) == number, f"step {number}")
        daemon.wait_for(copy, lambda reading: reading.get(names[mark]) == number, f"step {number} of the copy")
        # The registers may have changed in the middle of a cycle: the next one reads them all.
        stamps = [daemon.reading(device)["timestamp"] for device in devices]
        for device, stamp in zip(devices, stamps):
            daemon.wait_for(device, lambda reading, stamp=stamp: reading["timestamp"] > stamp, "the next reading")
        readings = [daemon.reading(device) for device in devices]
        assert list(translated(readings[0], names).items()) == list(translated(readings[1], {}).items())
        shown = asyncio.run(overview(daemon))
        assert list(translated(shown[original], names).items()) == list(translated(shown[copy], {}).items())
        assert 10 < len(shown[copy]) < len(readings[1])
    expected = events_of(daemon, original, names)
    assert {event["code"] for event in expected} == CODES[profile]
    wait_until(lambda: events_of(daemon, copy, {}) == expected, "the same events")


def test_the_copies_have_nothing_else_in_common_with_the_originals(start_daemon, tmp_path):
    profiles, _ = write_renamed(tmp_path)
    entries = {entry["name"]: entry for entry in start_daemon(PROFILES=str(profiles)).get("/api/profiles").json()}
    for name in NAMES:
        original, copy = entries[name], entries[f"{name}_renamed"]
        assert {field["name"] for field in original["fields"]} & {field["name"] for field in copy["fields"]} == set()
        without_names = [[{**field, "name": None} for field in one["fields"]] for one in (original, copy)]
        assert without_names[0] == without_names[1]
        # Conditions name fields.
        blocks = [[{**block, "when": len(block.get("when", []))} for block in one["blocks"]] for one in (original, copy)]
        assert original["code_tables"] == copy["code_tables"] and blocks[0] == blocks[1]


def test_a_simulated_plant_is_read_and_recognised(start_daemon, start_simulator, tmp_path):
    profiles, names = write_renamed(tmp_path)
    plant = start_simulator()
    daemon = start_daemon(PROFILES=str(profiles))
    daemon.add_site()
    for port, profile in ((plant.port, "hgm9520n"), (plant.port + 2, "hgm9560")):
        original, copy = (daemon.add_device(port, device_type=TYPES[profile], profile=name) for name in (profile, f"{profile}_renamed"))
        for device in (original, copy):
            daemon.wait_online(device)
        shown = asyncio.run(overview(daemon))
        assert list(translated(shown[original], names[profile])) == list(translated(shown[copy], {}))
        scan = [GENSETD, "scan", f"127.0.0.1:{port}", "--units", "1", "--profiles", str(profiles), "--json"]
        found = json.loads(subprocess.run(scan, capture_output=True, text=True, timeout=120).stdout)
        verdicts = {match["name"]: (match["fits"], match["why"]) for match in matches_of(found)}
        confidence, why = verdicts[profile]
        for name, other in names[profile].items():
            why = why.replace(f"{name} ", f"{other} ")
        assert confidence == "likely" and verdicts[f"{profile}_renamed"][0] == "likely", verdicts
        numbers = [sum(character.isdigit() for character in text) > 0 for text in (why, verdicts[f"{profile}_renamed"][1])]
        assert numbers == [True, True]


def matches_of(found):
    """All objects with a profile and how it fits, wherever they are in the report."""
    if isinstance(found, dict):
        return ([found] if "fits" in found and "name" in found else []) + [match for value in found.values() for match in matches_of(value)]
    return [match for value in found for match in matches_of(value)] if isinstance(found, list) else []
