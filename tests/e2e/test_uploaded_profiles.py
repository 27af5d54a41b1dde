"""Register maps that are uploaded while the daemon runs, and labels of digital inputs."""

import json
import os
import sqlite3
import subprocess

import pytest
import requests
from conftest import GENSETD, PATIENCE, wait_until
from test_tables import PROFILE, REGISTERS

TOML = {"Content-Type": "application/toml"}
MINE = 'name = "mine"\nextends = "hgm9520n"\n'
IN_BAR = MINE + 'fields = [{ name = "fuel_pressure", unit = "bar" }]\n'
WITHOUT = MINE + 'format = 2\nremove = { fields = ["fuel_pressure"] }\n'


def put(daemon, text, name="mine", query="", headers=TOML):
    return send(daemon, "PUT", f"/api/profiles/{name}{query}", text.encode(), headers)


def send(daemon, method, path, data, headers):
    return requests.request(method, f"http://127.0.0.1:{daemon.port}{path}", data=data, headers=headers, timeout=PATIENCE)


def error_of(response, status):
    assert response.status_code == status, response.text
    return response.json()["error"]


def origins(daemon):
    return {profile["name"]: profile["origin"] for profile in daemon.get("/api/profiles").json()}


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request):
    return {} if request.param == "sqlite" else {"DATABASE_URL": request.getfixturevalue("start_postgres")().url()}


def test_an_upload_is_in_force_at_once_and_after_a_restart(settings, start_daemon, start_simulator):
    simulator = start_simulator(devices=2)
    daemon = start_daemon(**settings)
    daemon.add_site()
    other = daemon.add_device(simulator.port + 1)
    created = put(daemon, MINE)
    assert created.status_code == 201 and created.headers["Location"] == "/api/profiles/mine", created.text
    assert created.json()["origin"] == "database" and origins(daemon) == {"hgm9520n": "built_in", "hgm9560": "built_in", "mine": "database"}
    assert put(daemon, 'name = "child"\nextends = "mine"\n', "child").status_code == 201
    device = daemon.add_device(simulator.port, profile="child")
    daemon.wait_for(device, lambda reading: reading["online"] and "fuel_pressure" in reading, "a reading with all fields")
    seq = daemon.wait_online(other)["seq"]

    for text, lost in ((WITHOUT, "lose the fields fuel_pressure"), (IN_BAR, "fuel_pressure (kPa -> bar)")):
        error = error_of(put(daemon, text), 409)
        assert error["code"] == "profile_in_use" and lost in error["message"] and f"{device} '" in error["message"], error
    assert put(daemon, WITHOUT, query="?force=1").status_code == 200
    daemon.wait_for(device, lambda reading: reading["online"] and "fuel_pressure" not in reading, "a reading of the new map")
    daemon.wait_for(other, lambda reading: reading["online"] and reading["seq"] > seq, "a further reading of the other device")
    assert len(daemon.lines("added profile mine: ")) == 1 and len(daemon.lines("changed profile mine: ")) == 1

    daemon.stop()
    daemon = start_daemon(**settings)
    daemon.wait_for(device, lambda reading: reading["online"] and "fuel_pressure" not in reading, "a reading after the restart")
    assert error_of(daemon.delete("/api/profiles/mine"), 409)["code"] == "profile_in_use"
    assert daemon.delete("/api/profiles/mine?force=1").status_code == 204
    wait_until(lambda: "no profile 'child'" in (daemon.get(f"/api/devices/{device}/diagnostics").json()["not_polled_because"] or ""), "the reason")
    assert daemon.reading(device) is None and "child" not in origins(daemon)
    assert len(daemon.lines("the stored profile child cannot be used (child:2: extends")) == 1
    assert put(daemon, MINE).status_code == 201
    daemon.wait_for(device, lambda reading: reading["online"] and "fuel_pressure" in reading, "a reading of the profile that is back")


def test_bad_uploads_are_refused_and_nothing_is_stored(start_daemon, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "filed.toml").write_text('name = "filed"\nextends = "hgm9520n"\n')
    daemon = start_daemon(PROFILES=str(folder))
    assert origins(daemon)["filed"] == "file"
    assert error_of(put(daemon, MINE.replace("mine", "filed"), "filed"), 409)["message"].startswith("profile filed is in a file of PROFILES")
    assert error_of(put(daemon, MINE.replace("mine", "hgm9560"), "hgm9560"), 409)["code"] == "profile_built_in"
    assert error_of(daemon.delete("/api/profiles/hgm9520n?force=1"), 409)["code"] == "profile_built_in"
    assert error_of(daemon.delete("/api/profiles/none"), 404)["code"] == "not_found"
    error = error_of(put(daemon, MINE + 'protocol = "udp"\n'), 422)
    assert error == {"code": "invalid_profile", "message": 'mine:3: protocol = "udp": must be tcp or rtu_over_tcp, in quotes', "field": None}
    assert error_of(put(daemon, MINE, "other"), 422)["message"] == 'other:1: name = "mine": must be the name under which the profile is stored, "other"'
    assert error_of(put(daemon, MINE, "Other"), 422)["field"] == "name"
    assert error_of(put(daemon, ""), 422)["code"] == "invalid_profile"
    assert error_of(put(daemon, MINE, query="?force=2"), 400)["code"] == "bad_query"
    assert error_of(put(daemon, MINE, headers={"Content-Type": "application/json"}), 415)["code"] == "unsupported_media_type"
    assert put(daemon, "\xff", headers={"Content-Type": "text/plain; charset=latin1"}).status_code == 422
    longest = MINE + "#" * (262_144 - len(MINE))
    error = error_of(put(daemon, longest + "#"), 413)
    assert error["code"] == "body_too_large" and "262144" in error["message"]
    chunked = send(daemon, "PUT", "/api/profiles/mine", iter([longest.encode(), b"#"]), TOML)
    assert chunked.status_code == 413
    assert set(origins(daemon)) == {"filed", "hgm9520n", "hgm9560"}
    assert put(daemon, longest, headers={"Content-Type": "text/plain; charset=utf-8"}).status_code == 201
    assert send(daemon, "POST", "/api/devices", " " * 70_000, {"Content-Type": "application/json"}).status_code == 413


def test_rows_of_profiles_edited_by_hand_are_logged_and_skipped(start_daemon, tmp_path):
    daemon = start_daemon()
    assert put(daemon, MINE).status_code == 201
    with sqlite3.connect(tmp_path / "registry.sqlite", timeout=20) as connection:
        connection.execute("UPDATE profiles SET toml = 'name = 5'")
    wait_until(lambda: "mine" not in origins(daemon), "the profile is gone")
    assert len(daemon.lines("the stored profile mine cannot be used (mine:1: name = 5")) == 1
    daemon.stop()
    daemon = start_daemon()
    assert "mine" not in origins(daemon)
    assert put(daemon, MINE).status_code == 200


def registry(tmp_path, command, url):
    done = subprocess.run([GENSETD, "registry", command, tmp_path / "plant.json"], env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_export_contains_uploaded_profiles(start_daemon, tmp_path):
    daemon = start_daemon()
    put(daemon, MINE)
    daemon.add_site()
    daemon.add_device(1, profile="mine")
    daemon.stop()
    exported = registry(tmp_path, "export", f"sqlite:///{tmp_path}/registry.sqlite")
    assert "1 sites and 1 devices and 1 profiles written" in exported
    other = f"sqlite:///{tmp_path}/other.sqlite"
    assert "1 sites and 1 devices and 1 profiles imported" in registry(tmp_path, "import", other)
    assert json.loads((tmp_path / "plant.json").read_text())["profiles"][0]["toml"] == MINE
    daemon = start_daemon(DATABASE_URL=other)
    assert daemon.get("/api/devices").json()[0]["profile"] == "mine" and origins(daemon)["mine"] == "database"


INPUTS = {"2": {"en": "Oil tank empty", "ru": "Масляный бак пуст", "kind": "alarm"}}


def test_the_label_of_an_input_is_the_text_of_its_alarm(start_daemon, start_slave):
    slave = start_slave(REGISTERS)
    daemon = start_daemon()
    daemon.add_site()
    assert put(daemon, PROFILE.replace('code = "hot",', 'code = "hot", input = 2,'), "tables").status_code == 201
    device = daemon.add_device(slave.port, profile="tables", inputs=INPUTS)
    alarm = wait_until(lambda: daemon.get("/api/alarms").json()["alarms"], "the alarm")[0]
    assert (alarm["args"]["text_en"], alarm["args"]["text_ru"], alarm["priority"]) == ("Oil tank empty", "Масляный бак пуст", 3)

    def point():
        return daemon.get(f"/api/devices/{device}/points").json()["on"][0]

    assert (point()["label"]["en"], point()["text"]["ru"], point()["kind"]) == ("Oil tank empty", "Масляный бак пуст", "alarm")
    assert daemon.patch(f"/api/devices/{device}", {"inputs": {"2": {**INPUTS["2"], "kind": "spare"}}}).ok
    wait_until(lambda: not daemon.get("/api/alarms").json()["alarms"], "the alarm is closed")
    assert point()["kind"] == "spare" and point()["priority"] is None
    assert daemon.patch(f"/api/devices/{device}", {"inputs": None}).ok
    alarm = wait_until(lambda: daemon.get("/api/alarms").json()["alarms"], "the alarm again")[0]
    assert alarm["args"]["text_en"] == "Too hot" and point()["label"]["en"] == "Too hot"


def test_the_longest_notes_of_a_site_are_stored(start_daemon):
    daemon = start_daemon()
    notes = {f"alarm:shutdown.a{number}": "я" * 500 for number in range(200)}
    site = daemon.add_site()
    body = json.dumps({"alarm_notes": notes}, ensure_ascii=False).encode()
    assert requests.patch(f"{daemon.url}/api/sites/{site}", body, headers={"Content-Type": "application/json"}, timeout=PATIENCE).ok
    daemon.stop()
    assert start_daemon().get(f"/api/sites/{site}").json()["alarm_notes"] == notes
