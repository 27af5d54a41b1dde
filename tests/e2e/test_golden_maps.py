"""What the built-in register maps request and make of fixed registers, compared byte for byte with golden/.

GENSETD_ACCEPT=1 writes the golden files again.
"""

import json
import os
import re
from pathlib import Path

import pytest
from conftest import wait_until
from scripted_controller import ScriptedController

GOLDEN = Path(__file__).with_name("golden")
PROFILES = {"hgm9520n": "generator", "hgm9560": "ats"}
FRAMINGS = {"tcp": "tcp", "rtu_over_tcp": "rtu"}
# Large values meet every rule of no data, small ones every limit and code.
PATTERNS = {
    "large": lambda address: (address * 7919 + 13) & 0xFFFF,
    "small": lambda address: (address * 37 + 5) % 101,
}
# Keys of GET /api/profiles that clients know: others may be added.
PROFILE_KEYS = ("name", "title", "device_type", "protocol", "groups", "code_tables", "blocks", "fields")
CODE_KEYS = ("value", "key", "label")
FIELD_KEYS = ("name", "label", "unit", "unit_label", "decimals", "signed", "group", "codes", "type", "address", "bit")
PASSING = ("timestamp", "last_seen", "seq", "epoch")
PASSING_MEMBER = re.compile(r',"(?:' + "|".join(PASSING) + r')":(?:"[^"]*"|[0-9]+)')
REQUESTS = 24  # about two cycles of a serial line; later ones depend on what the link has learned


class PatternController(ScriptedController):
    """Registers that depend on their address alone. Records the requests, without the transaction id of Modbus TCP."""

    def __init__(self, framing, pattern):
        self.recorded = []
        self.pattern = pattern
        super().__init__(framing)

    def value_of(self, address):
        # No alarm and normal mains: otherwise the alarm words are read too.
        if address == 0:
            return self.pattern(address) & 0x0F00
        return 0 if address == 195 else self.pattern(address)

    def _respond(self, request, connection):
        self.recorded.append(request if self.framing == "rtu" else request[2:])
        super()._respond(request, connection)


def compare(name, found):
    file = GOLDEN / name
    if "GENSETD_ACCEPT" in os.environ:
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(found)
    assert found == file.read_text(), f"differs from golden/{name}; if this is intended, run the test with GENSETD_ACCEPT=1"


@pytest.mark.parametrize("profile", PROFILES)
def test_description_of_a_register_map(start_daemon, profile):
    entry = next(one for one in start_daemon().get("/api/profiles").json() if one["name"] == profile)
    kept = {key: entry[key] for key in PROFILE_KEYS if key in entry}
    always = [block for block in entry["blocks"] if "when" not in block]
    kept["blocks"] = [{key: block[key] for key in ("name", "address", "count")} for block in always]
    kept["fields"] = [{key: field[key] for key in FIELD_KEYS if key in field} for field in entry["fields"]]
    kept["code_tables"] = [{**table, "codes": [{key: code[key] for key in CODE_KEYS} for code in table["codes"]]} for table in entry["code_tables"]]
    compare(f"{profile}.profile.json", json.dumps(kept, ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("what", ["profiles", "roles"])
def test_roles(start_daemon, what):
    """The unit tests of the page use these files."""
    compare(f"{what}.json", json.dumps(start_daemon().get(f"/api/{what}").json(), ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("protocol", FRAMINGS)
@pytest.mark.parametrize("profile", PROFILES)
def test_requests_and_readings_of_constant_registers(start_daemon, start_redis, profile, protocol, pattern):
    controller = PatternController(FRAMINGS[protocol], PATTERNS[pattern])
    server = start_redis()
    daemon = start_daemon(REDIS_URL=server.url)
    daemon.add_site()
    device = daemon.add_device(controller.port, device_type=PROFILES[profile], profile=profile, protocol=protocol)

    def stored_reading():
        stored = server.client.hgetall(f"device:{device}:metrics")
        return stored if stored.get("online") == "true" else None

    stored = wait_until(stored_reading, "the first reading in Redis")
    wait_until(lambda: len(controller.recorded) >= REQUESTS, "several cycles")
    controller.close()
    reading = PASSING_MEMBER.sub("", daemon.get("/api/metrics", params={"device_id": device}).text)
    found = "requests\n" + "".join(f"{request.hex(' ')}\n" for request in controller.recorded[:REQUESTS])
    found += "\nreading\n" + reading.replace(',"', ',\n"') + "\n"
    found += "\nhash\n" + "".join(f"{name}: {value}\n" for name, value in sorted(stored.items()) if name not in PASSING)
    compare(f"{profile}.{protocol}.{pattern}.txt", found)
