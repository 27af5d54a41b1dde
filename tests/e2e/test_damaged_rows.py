"""Rows edited out of range in the database: the device's error contains the reason, and nothing else changes."""

import random
import sqlite3

import pytest

from conftest import wait_until

NUMBERS = ["0", "-1", "0.00001", "1e300", "-1e300", "1.5", "99999999999", "9223372036854775807"]
TEXTS = ["''", "'x'", "'['", "'nan'", "'010.0.0.1'"]
SQLITE = ["9e999", "x'ff00'", "CAST(x'ff41' AS TEXT)", "hex(zeroblob(50000))", "char(0)"]
POSTGRES = ["'NaN'", "'Infinity'", "NULL", "repeat('x', 100000)"]
COLUMNS = ["site_id", "name", "device_type", "profile", "ip_address", "port", "protocol", "slave_id", "is_active", "poll_interval", "modbus_timeout",
           "retry_delay", "offline_after", "connect_delay", "description", "rated_power_kw", "nominal_voltage", "battery_voltage", "limits", "inputs", "created_at",
           "updated_at"]


class SqliteFile:
    values = NUMBERS + TEXTS + SQLITE
    broken = sqlite3.Error

    def __init__(self, folder):
        self.file = folder / "registry.sqlite"
        self.settings = {}

    def run(self, sql):
        with sqlite3.connect(self.file, timeout=20) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute(sql)
        connection.close()

    def lift_rules(self):
        pass


class PostgresDatabase:
    values = NUMBERS + TEXTS + POSTGRES
    broken = Exception

    def __init__(self, server):
        self.run = server.psql
        self.settings = {"DATABASE_URL": server.url()}

    def lift_rules(self):
        for table in ("sites", "devices"):
            self.run(f"DO $$ DECLARE rule record; BEGIN FOR rule IN SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '{table}'::regclass "
                     f"LOOP EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', rule.conname); END LOOP; END $$")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_path):
    if request.param == "sqlite":
        return SqliteFile(tmp_path)
    return PostgresDatabase(request.getfixturevalue("start_postgres")())


def reason(daemon, device):
    return daemon.get(f"/api/devices/{device}/diagnostics").json()["not_polled_because"]


def later_reading(daemon, device):
    before = daemon.reading(device)["timestamp"]
    daemon.wait_for(device, lambda reading: reading["online"] and reading["timestamp"] > before, f"another reading of device {device}")


def test_a_damaged_row_stops_its_device_alone_until_it_is_repaired(database, start_daemon, start_simulator):
    simulator = start_simulator(devices=2)
    daemon = start_daemon(**database.settings)
    daemon.add_site()
    damaged, other = (daemon.add_device(simulator.port + index) for index in range(2))
    daemon.wait_online(damaged)
    daemon.wait_online(other)
    database.lift_rules()
    for change, said in {"poll_interval = 0": "poll_interval is 0", "port = 0": "port is 0", "connect_delay = 11": "connect_delay is 11",
                         "limits = '[1]'": "limits is", "inputs = '[1]'": "inputs is"}.items():
        column = change.split()[0]
        kept = {"poll_interval": "0.2", "port": str(simulator.port), "connect_delay": "0", "limits": "NULL", "inputs": "NULL"}[column]
        database.run(f"UPDATE devices SET {change} WHERE id = {damaged}")
        wait_until(lambda: said in (reason(daemon, damaged) or ""), f"the reason ({change})")
        assert daemon.reading(damaged) is None
        later_reading(daemon, other)
        database.run(f"UPDATE devices SET {column} = {kept} WHERE id = {damaged}")
        daemon.wait_online(damaged)
        assert reason(daemon, damaged) is None
        assert len(daemon.lines(f"the row of device {damaged} in the database is damaged ({said}")) == 1

    database.run("UPDATE sites SET code = '' WHERE id = 1")
    wait_until(lambda: "site" in (reason(daemon, other) or ""), "the reason of the site")
    assert daemon.get("/health").status_code == 200
    database.run("UPDATE sites SET code = 'MKZ' WHERE id = 1")
    daemon.wait_online(other)


def test_a_start_with_a_damaged_row_polls_the_others(database, start_daemon, start_simulator):
    simulator = start_simulator(devices=2)
    daemon = start_daemon(**database.settings)
    daemon.add_site()
    damaged, other = (daemon.add_device(simulator.port + index) for index in range(2))
    database.lift_rules()
    assert daemon.stop() == 0
    database.run(f"UPDATE devices SET poll_interval = 0.00001, retry_delay = 1e300 WHERE id = {damaged}")
    daemon = start_daemon(**database.settings)
    daemon.wait_online(other)
    assert "poll_interval is" in reason(daemon, damaged) and "retry_delay is" in reason(daemon, damaged)
    response = daemon.patch(f"/api/devices/{damaged}", {"poll_interval": 0.2})
    assert (response.status_code, response.json()["error"]["field"]) == (422, "retry_delay")
    assert daemon.patch(f"/api/devices/{damaged}", {"poll_interval": 0.2, "retry_delay": None}).status_code == 200
    daemon.wait_online(damaged)


def test_no_value_of_any_column_ends_the_daemon(database, start_daemon, start_simulator):
    simulator = start_simulator(devices=2)
    daemon = start_daemon(**database.settings)
    daemon.add_site()
    victim, other = (daemon.add_device(simulator.port + index) for index in range(2))
    daemon.wait_online(other)
    database.lift_rules()
    chance = random.Random(20)
    made = 0
    for _ in range(60):
        column, value = chance.choice(COLUMNS), chance.choice(database.values)
        try:
            database.run(f"UPDATE devices SET {column} = {value} WHERE id = {victim}")
            made += 1
        except database.broken:
            continue  # of a type that the column does not take
        assert daemon.process.poll() is None, daemon.text()
        assert daemon.get("/api/devices").status_code == 200
    assert made > 20
    later_reading(daemon, other)
    assert daemon.get("/health").json()["registry"] == "ok"
    assert not daemon.lines("registry: the database") or all("uses" in line for line in daemon.lines("registry: the database"))
    assert daemon.delete(f"/api/devices/{victim}").status_code == 204
