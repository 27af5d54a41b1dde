"""Every refusal that a person meets, compared with refusals.txt: status, code and field are an interface; new texts can be accepted.

GENSETD_ACCEPT=1 writes new texts and entries (refusals.py).
"""

import json
import subprocess

import pytest
import refusal_commands as commands
import refusal_requests as requests_refused
from conftest import GENSETD, Daemon, free_port, make_certificate, wait_until
from refusals import Refusal, compare, differences, parse, print_sections


@pytest.mark.parametrize("section", ["commands", "serve", "profiles", "imports"])
def test_command_lines_and_files(tmp_path, section):
    cases = {"commands": commands.command_cases, "serve": commands.serve_cases, "profiles": commands.profile_cases, "imports": commands.import_cases}[section]()
    found = commands.run_all(cases, tmp_path)
    accepted = [given for given, refusal in found.items() if refusal.verdict == "exit 0"]
    assert not accepted, "not refused: " + "\n".join(accepted)
    compare(section, found)


def test_every_setting_and_option_has_a_refused_value():
    assert list(commands.SETTINGS) == commands.settings_of_the_manual()
    for command, cases in {"simulate": commands.SIMULATE, "read": commands.READ, "scan": commands.SCAN}.items():
        assert commands.options_of(command) == set(cases), command


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """With both tokens, an alarm that is acknowledged, and a row that is damaged in the database."""
    folder = tmp_path_factory.mktemp("refusals")
    sites = [{"id": 1, "name": "MKZ", "code": "MKZ", "topology": {"blocks": [{"mains_device": 2, "gensets": [1]}]}}, {"id": 2, "name": "YKZ", "code": "YKZ"}]
    idle = {"site_id": 1, "ip_address": "127.0.0.1", "is_active": False}
    devices = [{"id": number, "name": f"D{number}", "device_type": kind, **idle} for number, kind in ((1, "generator"), (2, "ats"), (3, "generator"))]
    devices.append({"id": 4, "site_id": 2, "name": "D4", "device_type": "generator", "ip_address": "127.0.0.1", "port": free_port()})
    (folder / "registry.json").write_text(commands.document(sites=sites, devices=devices))
    database = {"DATABASE_URL": f"sqlite:///{folder}/registry.sqlite"}
    subprocess.run([GENSETD, "registry", "import", "registry.json"], cwd=folder, env=database, check=True, capture_output=True)
    commands.damage(folder / "registry.sqlite", "UPDATE devices SET port = 70000 WHERE id = 3")
    tokens = {"API_TOKEN": requests_refused.ADMINISTRATOR, "READ_TOKEN": requests_refused.READER}
    started = Daemon(folder, {**tokens, **database, "EVENTS_OFFLINE_DELAY": "0"})
    yield started
    started.kill()


@pytest.fixture(scope="module")
def events(daemon):
    """The ids of an acknowledged alarm and of the event of the start."""
    headers = {"Authorization": f"Bearer {requests_refused.ADMINISTRATOR}"}
    alarm = wait_until(lambda: daemon.get("/api/alarms", headers=headers).json()["alarms"], "the alarm of the unreachable device")[0]["id"]
    start = daemon.get("/api/events?kind=gateway", headers=headers).json()["events"][0]["id"]
    assert daemon.post(f"/api/events/{alarm}/ack", {}, headers=headers).status_code == 200
    return alarm, start


def test_requests(daemon, events):
    alarm, start = events
    recorder = requests_refused.RefusalRecorder(daemon, [(str(alarm), "{alarm}"), (str(start), "{event}")])
    headers = {"Authorization": f"Bearer {requests_refused.ADMINISTRATOR}"}
    requests_refused.refuse_routes(recorder, daemon.get("/api/openapi.json", headers=headers).json())
    for path in requests_refused.QUERIES:
        recorder.request("GET", path)
    for method, path in requests_refused.MISSING:
        recorder.request(method, path, {} if method in ("POST", "PATCH") else None)
    requests_refused.refuse_bodies(recorder, alarm, start)
    requests_refused.refuse_profiles(recorder)
    requests_refused.refuse_headers(recorder)
    accepted = [given for given, refusal in recorder.found.items() if not refusal.verdict.startswith("4")]
    assert not accepted, "not refused: " + "\n".join(accepted)
    compare("requests", recorder.found)


def test_websocket(daemon):
    recorder = requests_refused.RefusalRecorder(daemon)
    for path, headers in requests_refused.UPGRADES:
        recorder.upgrade(path, headers)
    for message in requests_refused.MESSAGES:
        recorder.frames(f"message {requests_refused.shown(message)}", requests_refused.frame(requests_refused.TEXT, message))
    for name, data in requests_refused.FRAMES.items():
        recorder.frames(name, data)
    compare("websocket", recorder.found)


def test_limits(start_daemon):
    limits = {"HTTP_CONNECTIONS_MAX": "3", "HTTP_CONNECTIONS_PER_ADDRESS": "1", "WEBSOCKET_CLIENTS_MAX": "1", "HTTP_REQUEST_TIMEOUT": "1"}
    recorder = requests_refused.RefusalRecorder(start_daemon(ALLOW_LOOPBACK_DEVICES="0", **limits))
    requests_refused.refuse_by_limits(recorder)
    compare("limits", recorder.found)


def test_tls(start_daemon, tmp_path):
    """Requests without TLS to a port with TLS, and clients that cannot verify the daemon."""
    for name in ("server", "other"):
        make_certificate(tmp_path, name)
    port = free_port()
    daemon = start_daemon(port=port, is_awaited=False, TLS_CERT=str(tmp_path / "server.crt"), TLS_KEY=str(tmp_path / "server.key"), API_TOKEN="secret")
    wait_until(lambda: "gensetd serves" in daemon.text(), "the start")
    recorder = requests_refused.RefusalRecorder(daemon, [(str(port), "{port}"), (str(tmp_path), "{folder}")])
    recorder.request("GET", "/health")
    for words in (
        ["health", f"http://127.0.0.1:{port}"], ["health", f"https://127.0.0.1:{port}"],
        ["health", f"https://127.0.0.1:{port}", "--ca", "other.crt"], ["health", f"https://localhost:{port}", "--ca", "server.crt"],
        ["read", "10.0.0.1", "--via", f"https://127.0.0.1:{port}", "--ca", "server.crt"],
        ["read", "10.0.0.1", "--via", f"https://127.0.0.1:{port}", "--ca", "server.crt", "--token", "wrong"],
        ["read", "10.0.0.1", "--via", f"https://127.0.0.1:{port}", "--ca", "server.crt", "--token", "secret", "--profile", "none"],
    ):
        ran = subprocess.run([GENSETD, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        recorder.keep("gensetd " + " ".join(words), Refusal(f"exit {ran.returncode}", (ran.stdout + ran.stderr).strip()))
    compare("tls", recorder.found)


def test_golden_file_is_read_as_it_is_written():
    sections = {"one": {"GET /": Refusal("404 not_found", "there is no /"), "GET /x": Refusal("204", "")}, "two": {"gensetd": Refusal("exit 2", "a\nb")}}
    assert parse(print_sections(sections)) == sections


def test_changed_status_is_not_a_change_of_text():
    before = {"a": Refusal("404", "x"), "b": Refusal("404", "x"), "c": Refusal("404", "x")}
    after = {"a": Refusal("405", "x"), "b": Refusal("404", "y"), "c": Refusal("404", "x")}
    verdicts, words = differences(before, after)
    assert len(verdicts) == 1 and verdicts[0].startswith("a") and len(words) == 1 and words[0].startswith("b")
    assert json.dumps(sorted(before)) == '["a", "b", "c"]'
