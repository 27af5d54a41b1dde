"""A scripted converter whose registers encode their unit and address, and a daemon that polls it."""

import asyncio
import json
from pathlib import Path

import pytest
import websockets
from conftest import PATIENCE
from converter import Converter
from pattern import registers_of

PROFILES = str(Path(__file__).parent / "profiles")


def number(unit, address):
    """What register `address` of a unit reads in the scripted converters."""
    return 1000 * unit + address


class NumberedConverter(Converter):
    def values(self, request):
        return [number(request.unit, address) for address in request.addresses()]


@pytest.fixture
def start_converter():
    started = []

    def start(**arguments):
        converter = NumberedConverter(**arguments)
        started.append(converter)
        return converter

    yield start
    for converter in started:
        converter.close()


@pytest.fixture
def start_patient_daemon(start_daemon):
    """A daemon that knows the profile `pattern`; its log has the debug lines."""

    def start(**settings):
        daemon = start_daemon(**{"PROFILES": PROFILES, "MODBUS_TIMEOUT": "0.4", "LOG_LEVEL": "debug", **settings})
        daemon.add_site()
        return daemon

    return start


def add(daemon, converter, unit=1, **more):
    return daemon.add_device(converter.port, name=f"unit {unit}", **{"device_type": "ats", "profile": "pattern", "slave_id": unit, **more})


def wrong(reading, unit):
    """Registers of a reading that are neither theirs nor without data."""
    return {address: value for address, value in registers_of(reading).items() if value is not None and value != number(unit, address)}


def readings_of(daemon, device, count, look=lambda: None):
    """So many readings in a row as the WebSocket gives them, good ones and failed ones."""

    async def listen():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics?devices={device}") as client:
            await asyncio.wait_for(client.recv(), PATIENCE)
            seen = []
            while len(seen) < count:
                seen.append(json.loads(await asyncio.wait_for(client.recv(), PATIENCE)))
                look()
            return seen

    return asyncio.run(listen())
