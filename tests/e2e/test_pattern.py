"""No wrong value is published when all faults of a line occur together."""

import asyncio
import json
import os
import random
import time
from pathlib import Path

import websockets
from conftest import PATIENCE
from pattern import Watch

PROFILES = Path(__file__).parent / "profiles"
SECONDS = int(os.environ.get("GENSETD_PATTERN_SECONDS", 20))
# Successful ones on each line. One of its devices may have none: if another master uses every count that ours could
# have, no request is sent, and the reading contains that error.
READINGS_MIN = 3

# A valid frame with another unit id is accepted for that unit, so these are not neighbours: --wrong-unit makes
# unit 2 of unit 1. Unit 6 is not there. One has blocks of equal length, the other those of the HGM9560, which are merged.
PROFILES_BY_UNIT = {1: "pattern_equal", 3: "pattern", 6: "pattern"}
DEAD_UNIT = 6

FAULTS = {
    "--silence": 0.015, "--late": 0.03, "--late-by-ms": 300, "--late-spread-ms": 3000, "--doubled": 0.05, "--split": 0.3, "--merge": 0.02, "--wrong-crc": 0.01,
    "--garbage": 0.01, "--exception": 0.01, "--reset": 0.005, "--hang": 0.002, "--wrong-unit": 0.01, "--foreign": 0.03, "--outage-every": 10, "--outage-for": 0.7,
}
# What else each of the converters has. An answer like ours instead of ours, from somebody who is never heard asking, is
# left out: it is one of ours for all that a client can know.
OTHERS_ON_THE_LINE = {
    "nobody": {},
    "lookalikes before ours": {"--lookalike": 0.03, "--lookalike-place": "before", "--lookalike-request": 0},
    "lookalikes after ours": {"--lookalike": 0.03, "--lookalike-place": "after", "--lookalike-request": 0.5},
    "lookalikes instead of ours": {"--lookalike": 0.03, "--lookalike-place": "instead", "--lookalike-request": 1},
    "another client of the converter": {"--foreign-master": "hidden", "--packing-ms": 50},
    "another master": {"--foreign-master": "seen"},
}


def are_read(watches):
    return all(sum(watch.successes for watch in watches.values() if watch.line == line) >= READINGS_MIN for line in OTHERS_ON_THE_LINE)


async def watch_all(port, watches):
    begin = time.monotonic()
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws/metrics") as client:
        for reading in json.loads(await client.recv())["data"]:
            watches[reading["device_id"]].see(reading)

        def is_enough():
            return time.monotonic() - begin > SECONDS and are_read(watches)

        while not is_enough() and time.monotonic() - begin < SECONDS + 3 * PATIENCE:
            reading = json.loads(await asyncio.wait_for(client.recv(), PATIENCE))
            watches[reading["device_id"]].see(reading)


def test_not_one_wrong_value_with_all_faults_at_once(start_daemon, start_simulator):
    seed = int(os.environ.get("GENSETD_SEED", random.randrange(1, 1_000_000)))
    daemon = start_daemon(PROFILES=str(PROFILES), MODBUS_TIMEOUT="0.5")
    daemon.add_site()
    watches = {}
    for index, (line, others) in enumerate(OTHERS_ON_THE_LINE.items()):
        options = [str(part) for pair in {**FAULTS, **others}.items() for part in pair]
        simulator = start_simulator(
            "--pattern", "--one-port", "--protocol", "rtu_over_tcp", "--baud", "115200", "--turnaround-ms", "5", "--seed", str(seed + index), *options, devices=3
        )
        for unit, profile in PROFILES_BY_UNIT.items():
            device = daemon.add_device(simulator.port, name=f"{line} {unit}", device_type="ats", profile=profile, slave_id=unit, retry_delay=0.3)
            watches[device] = Watch(unit, line)
    asyncio.run(watch_all(daemon.port, watches))
    report = [f"seed {seed}"] + [f"{watch.line}, unit {watch.unit}: {watch.successes} cycles, {watch.values} values, wrong: {watch.wrong[:5]}" for watch in watches.values()]
    print("\n".join(report))
    assert not any(watch.wrong for watch in watches.values()), "\n".join(report)
    assert are_read(watches), "\n".join(report)
    assert all(watch.successes == 0 for watch in watches.values() if watch.unit == DEAD_UNIT)
