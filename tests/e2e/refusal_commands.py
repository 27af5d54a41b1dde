"""Command lines, settings, profile files and registry imports that gensetd refuses. Each case is a Command."""

import json
import os
import re
import shlex
import socket
import sqlite3
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bad_starts import OURS, in_sqlite
from conftest import GENSETD, make_certificate
from refusals import Refusal

PROFILE = """\
name = "model"
title = { en = "Model", ru = "Модель" }
device_type = "generator"
protocol = "tcp"
probe_address = 0
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
groups = [{ name = "all", label = { en = "All", ru = "Все" } }]
code_tables = [{ name = "states", codes = [{ value = 0, key = "off", label = { en = "Off", ru = "Выкл" } }] }]
blocks = [{ name = "first", address = 0, count = 4 }, { name = "second", address = 10, count = 4 }]
fields = [
  { name = "speed", address = 0, type = "u16", group = "all", label = { en = "Speed", ru = "Обороты" } },
  { name = "alarm", address = 1, type = "bit", bit = 3, group = "all", label = { en = "Alarm", ru = "Авария" } },
  { name = "energy", address = 2, type = "u32", group = "all", label = { en = "Energy", ru = "Энергия" } },
]
"""

# A part of PROFILE, and what replaces it.
PROFILE_CHANGES = [
    ('name = "model"', ""), ('name = "model"', 'name = "My Model"'), ('name = "model"', "name = 5"), ('name = "model"', 'name = "model"\nname = "again"'),
    ('name = "model"', 'name = "model"\nextends = "model"'), ('name = "model"', 'name = "model"\nextends = "none"'), ('name = "model"', 'name = "model"\nvendor = "x"'),
    ('name = "model"', "name = \n"), ('name = "model"', "name = [{}]"),
    ('title = { en = "Model", ru = "Модель" }', ""), ('title = { en = "Model", ru = "Модель" }', 'title = "Model"'), ('ru = "Модель"', 'de = "Modell"'), (', ru = "Модель"', ""),
    ('ru = "Модель"', 'ru = ""'), ('en = "Model"', 'en = ""'), ('en = "Model"', 'en = "two\\nlines"'), ('en = "Model"', f'en = "{"x" * 201}"'), ('en = "Model"', "en = true"),
    ('device_type = "generator"', 'device_type = "pump"'), ('device_type = "generator"', "device_type = 1"), ('device_type = "generator"', ""),
    ('protocol = "tcp"', 'protocol = "udp"'), ('protocol = "tcp"', ""), ("probe_address = 0", "probe_address = 65536"),
    ("probe_address = 0", "probe_address = 1.5"), ("probe_address = 0", ""),
    ("tcp = {", "tcp = 5 # {"), ("tcp = {", "udp = {"), ("merge_limit = 125", "merge_limit = 126"), ("merge_limit = 125, ", ""), ("request_gap_ms = 0", "request_gap_ms = 10001"),
    ("request_gap_ms = 0", "request_gap_ms = -1"),
    ("serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }", "serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 2 }"),
    ("request_gap_ms = 0, requests_in_flight = 1", "request_gap_ms = 0, requests_in_flight = 17"),
    ("request_gap_ms = 0, requests_in_flight = 1", "request_gap_ms = 0, requests_in_flight = 1, baud = 1"),
    ('groups = [{ name = "all", label = { en = "All", ru = "Все" } }]', ""), ('groups = [{ name = "all", label = { en = "All", ru = "Все" } }]', "groups = 1"),
    ('groups = [{ name = "all", label = { en = "All", ru = "Все" } }]', "groups = []"),
    ('groups = [{ name = "all", label = { en = "All", ru = "Все" } }]', "groups = [1]"), ('groups = [{ name = "all"', 'groups = [{ name = "all", colour = "red"'),
    ('groups = [', 'groups = [{ name = "all", label = { en = "All", ru = "Все" } }, '),
    ("codes = [{ value = 0", "codes = [] #"), ("codes = [{ value = 0", "codes = 1 #"),
    ("codes = [{ value = 0", "codes = [{ value = 4294967296"), ("codes = [{ value = 0, ", "codes = [{ "), ('key = "off"', 'key = "Off"'),
    ("codes = [", 'codes = [{ value = 0, key = "zero", label = { en = "Zero", ru = "Ноль" } }, '),
    ("codes = [", 'codes = [{ value = 1, key = "off", label = { en = "Zero", ru = "Ноль" } }, '),
    ('code_tables = [', 'code_tables = [{ name = "states", codes = [{ value = 0, key = "off", label = { en = "Off", ru = "Выкл" } }] }, '),
    ("code_tables = [", "code_tables = 1 # ["),
    ("blocks = [", "blocks = [] # ["), ("blocks = [", "blocks = 1 # ["), ("blocks = [", "# ["), ('name = "second"', 'name = "first"'),
    ("address = 10, count = 4 }", "address = 3, count = 4 }"), ("count = 4 }]", "count = 126 }]"), ("count = 4 }]", "count = 0 }]"),
    ("address = 10, count = 4 }]", "address = 65535, count = 4 }]"), ("address = 10, count", "count"),
    ('name = "second"', "name = 2"), ('name = "second"', 'name = "second", unit = "V"'),
    ("fields = [", "fields = []\nold = ["), ('{ name = "alarm"', '{ name = "speed"'), ('{ name = "speed"', '{ name = "online"'),
    ('{ name = "speed"', '{ name = "Speed"'), ('{ name = "speed"', '{ name = "speed", scale = 2'),
    ('{ name = "speed", address = 0', '{ name = "speed", address = -1'), ('{ name = "speed", address = 0', '{ name = "speed", address = 4'),
    ('{ name = "speed", address = 0, ', '{ name = "speed", '), ("address = 2, type", "address = 3, type"),
    ('type = "u16"', 'type = "u8"'), ('type = "u16", ', ""), ('type = "u16"', 'type = "u16", bit = 1'), ("bit = 3", "bit = 16"),
    ("bit = 3, ", ""), ('type = "u16"', 'type = "u16", decimals = 7'), ('type = "u16"', 'type = "u16", no_data = "zero"'),
    ('type = "u16"', 'type = "u16", no_data = "marker"'), ("bit = 3", 'bit = 3, no_data = "marker"'),
    ('type = "u32"', 'type = "u32", no_data = "from_32000"'), ("bit = 3", "bit = 3, decimals = 1"), ("bit = 3", "bit = 3, raw_max = 1"),
    ('type = "u16"', 'type = "u16", raw_min = -1'), ('type = "u16"', 'type = "u16", raw_max = 65536'),
    ('type = "u16"', 'type = "u16", raw_min = 5, raw_max = 4'), ('type = "u16"', 'type = "u16", raw_max = 4294967296'),
    ('type = "u16"', 'type = "u16", sign = "plus"'), ('type = "u16"', 'type = "u16", unit = 5'),
    ('type = "u16", group = "all"', 'type = "u16", group = "none"'), ('type = "u16", group = "all", ', 'type = "u16", '),
    ('type = "u16"', 'type = "u16", codes = "none"'), (', label = { en = "Speed", ru = "Обороты" }', ""),
    ("address = 2, type = \"u32\"", 'address = 0, type = "u16"'), ('bit = 3', "bit = 3, label = 1, name = 1"),
    ('type = "u16"', 'type = "u16", role = "engine.speed"'), ('key = "off"', 'key = "off", means = "open"'),
]

DEVICE = {"id": 1, "site_id": 1, "name": "G1", "device_type": "generator", "ip_address": "10.0.0.1"}
SITE = {"id": 1, "name": "North", "code": "N"}


def document(sites=(SITE,), devices=(DEVICE,), **more):
    return json.dumps({"format": "gensetd registry 1", "sites": sites, "devices": devices, **more})


IMPORTS = {
    "empty": "", "spaces": " \n ", "cut": '{"format": "gensetd registry 1",\n"sites": [',
    "two-documents": "{} {}", "list": "[]", "text": '"x"', "number": "5", "true": "true", "null": "null",
    "no-format": "{}", "other-format": json.dumps({"format": "gensetd registry 2", "sites": [], "devices": []}), "no-sites": '{"format": "gensetd registry 1"}',
    "sites-no-list": document(sites={}), "no-devices": json.dumps({"format": "gensetd registry 1", "sites": []}),
    "site-no-object": document(sites=[5]), "site-without-id": document(sites=[{"name": "n", "code": "c"}]),
    "site-id-0": document(sites=[{**SITE, "id": 0}]), "site-id-text": document(sites=[{**SITE, "id": "1"}]),
    "site-id-twice": document(sites=[SITE, {**SITE, "code": "M"}]), "code-twice": document(sites=[SITE, {**SITE, "id": 2}]),
    "site-without-code": document(sites=[{"id": 1, "name": "n"}]), "site-unknown-field": document(sites=[{**SITE, "colour": "red"}]),
    "site-bad-time": document(sites=[{**SITE, "created_at": "yesterday"}]),
    "site-bad-updated-at": document(sites=[{**SITE, "updated_at": 5}]),
    "topology-of-no-device": document(sites=[{**SITE, "topology": {"blocks": [{"mains_device": None, "gensets": [7]}]}}]),
    "topology-bad": document(sites=[{**SITE, "topology": {}}]), "device-no-object": document(devices=["x"]),
    "device-without-id": document(devices=[{"name": "G"}]), "device-id-twice": document(devices=[DEVICE, DEVICE]),
    "device-of-no-site": document(devices=[{**DEVICE, "site_id": 2}]), "device-bad-port": document(devices=[{**DEVICE, "port": 70000}]),
    "device-unknown-profile": document(devices=[{**DEVICE, "profile": "none"}]),
    "device-bad-time": document(devices=[{**DEVICE, "created_at": "2026-02-30T00:00:00.000Z"}]),
    "notes-of-no-event": document(sites=[{**SITE, "alarm_notes": {"none": "x"}}]),
    "inputs-33": document(devices=[{**DEVICE, "inputs": {"33": {"en": "x", "ru": "y"}}}]),
    "profiles-no-list": document(profiles={}), "profile-no-object": document(profiles=[5]),
    "profile-without-toml": document(profiles=[{"name": "mine"}]), "profile-bad": document(profiles=[{"name": "mine", "toml": "name = 5"}]),
    "profile-built-in": document(profiles=[{"name": "hgm9560", "toml": "x"}]),
    "device-without-name": document(devices=[{key: value for key, value in DEVICE.items() if key != "name"}]),
}

# For each setting: refused values. The first is given by option, by environment and by file.
SETTINGS = {
    "POLL_INTERVAL": ["often", "0", "86401", "nan", "1,5"], "MODBUS_TIMEOUT": ["never", "0.04", "61"],
    "MODBUS_RETRY_DELAY": ["soon", "0", "3601"], "OFFLINE_AFTER": ["always", "0", "1001", "1.5"],
    "POLL_THREADS": ["all", "0", "65"], "ALLOW_LOOPBACK_DEVICES": ["yes", "2"],
    "PROFILES": ["missing", "text.txt", "bad-profiles", "same-names", "circle", "folder-as-file", "large"],
    "REDIS_URL": [
        "redis://host:99999", "http://host", "redis:///0", "redis://host/live", "redis://host/-1", "redis://host?x=1",
        "redis://host#x", "redis://user@host", "redis://ho%0ast", "redis:host", "host", "redis://10.0.0.1O:6379",
    ],
    "REDIS_PREFIX": ["a b", "x" * 65, "й"], "METRICS_TTL": ["short", "-1", "31536001"],
    "DATABASE_URL": [
        "mysql://u@h/d", "gensetd.sqlite", "sqlite://r.sqlite", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?b",
        "sqlite:///missing/r.sqlite", "sqlite:///folder", "sqlite:///pipe", "sqlite:///text.txt", "sqlite:///damaged.sqlite",
        "sqlite:///invoices.sqlite", "sqlite:///stranger.sqlite", "sqlite:///newer.sqlite", "postgresql:/u@h/d", "postgresql://h/d",
        "postgresql://u@h", "postgresql://u@/d", "postgresql://u@h:0/d", "postgresql://u@h/d/e", "postgresql://u@h,g/d",
        "postgresql://u@h/d#x", "postgresql://u@h/d?timeout=1", "postgresql://u@h/d?sslmode=maybe", "postgresql://u@h/d?host=/tmp",
        "postgresql://u@/d?host=tmp", "postgresql://u:p@ss@h/d", "postgresql://u@10.0.0.1O:5432/d",
        "postgresql://u@h/d%0a", "postgresql://u@127.0.0.1:{closed}/d",
    ],
    "HTTP_LISTEN": ["8010", "localhost:8010", "127.0.0.1:65536", "127.0.0.1:", "::1:8010", "[127.0.0.1]:8010", "0.0.0.0:0", "[::]:0", "127.0.0.1:{used}"],
    "TLS_CERT": ["server.crt"], "TLS_KEY": ["server.key"], "WEB_DIR": ["missing", "folder"],
    "API_TOKEN": ["two words", "й"], "READ_TOKEN": ["two words", "alone"], "ALLOW_ANONYMOUS": ["yes", "2"],
    "ALLOWED_ORIGINS": ["panel.example", "https://", "https://a/b", "https://a,,https://b", "*"], "HTTP_REQUEST_TIMEOUT": ["slow", "0", "301"],
    "HTTP_HEADER_MAX": ["large", "1023", "1048577"], "HTTP_BODY_MAX": ["large", "1023", "1048577"],
    "HTTP_REQUESTS_PER_CONNECTION": ["all", "0", "1000001"], "HTTP_CONNECTIONS_MAX": ["all", "1", "100001"],
    "HTTP_CONNECTIONS_PER_ADDRESS": ["all", "0", "100001"], "WEBSOCKET_CLIENTS_MAX": ["all", "0", "100000", "1024"],
    "WEBSOCKET_MESSAGE_MAX": ["all", "15", "1048577"], "WEBSOCKET_COMPRESSION": ["yes", "2"],
    "EVENTS_OFFLINE_DELAY": ["soon", "-1", "86401"], "EVENTS_KEEP_DAYS": ["for ever", "0", "36501"], "EVENTS_MAX": ["all", "99", "10000001"],
    "HISTORY_SPAN": ["all", "59", "2678401"], "HISTORY_MEMORY": ["all", "0", "65537"], "LOG_LEVEL": ["loud", "INFO"], "LOG_FORMAT": ["xml"],
}

SETTINGS_TOGETHER = [
    {"API_TOKEN": "same", "READ_TOKEN": "same"}, {"WEBSOCKET_CLIENTS_MAX": "50", "HTTP_CONNECTIONS_MAX": "50"}, {"HTTP_LISTEN": "192.0.2.1:8010", "ALLOW_ANONYMOUS": "1"},
    {"TLS_CERT": "missing", "TLS_KEY": "server.key"}, {"TLS_CERT": "server.crt", "TLS_KEY": "missing"},
    {"TLS_CERT": "text.txt", "TLS_KEY": "server.key"}, {"TLS_CERT": "server.crt", "TLS_KEY": "text.txt"},
    {"TLS_CERT": "server.crt", "TLS_KEY": "other.key"}, {"TLS_CERT": "server.crt", "TLS_KEY": "locked.key"},
    {"TLS_CERT": "empty.txt", "TLS_KEY": "server.key"}, {"TLS_CERT": "folder", "TLS_KEY": "server.key"},
]

SETTINGS_FILES = {
    "no-value": "log_level = \n", "unknown-key": "\npol_interval = 2\n", "table": "[log_level]\n",
    "list-of-numbers": "allowed_origins = [1]\n", "date": "log_level = 2026-01-01\n", "twice": "log_level = 'info'\nlog_level = 'info'\n",
    "upper-case": "LOG_LEVEL = 'info'\n", "token-without-quotes": "api_token = 12ab\n",
    "number-for-a-word": "log_level = 5\n", "bad-origin-in-a-list": "allowed_origins = ['panel']\n",
}

# Option: refused values. "" stands for an option without its value.
SIMULATE = {
    "--address": ["host"], "--port": ["x", "-1", "65536", "65530"], "--devices": ["x", "-1", "1000001"],
    "--profile": ["none"], "--profiles": ["missing", "bad-profiles"], "--protocol": ["udp"], "--seed": ["x"], "--speed": ["x", "0", "1001"],
    "--oil-failure-after": ["x", "-1", "86401"],
    "--baud": ["x", "299", "1000001"], "--turnaround-ms": ["x", "-1", "60001"], "--packing-ms": ["-1", "1001"],
    "--clients-max": ["-1", "1001"], "--foreign-master": ["many"], "--dead-units": ["x", "256"],
    "--merge-limit": ["0", "126"], "--unknown": ["x", "1:0"], "--refuse": ["loudly"], "--silence": ["x", "1.1", "-0.1"],
    "--late": ["2"], "--doubled": ["2"], "--split": ["2"], "--merge": ["2"], "--wrong-crc": ["2"], "--garbage": ["2"],
    "--exception": ["2"], "--reset": ["2"], "--hang": ["2"], "--wrong-unit": ["2"], "--foreign": ["2"], "--short": ["2"],
    "--behind": ["2"], "--lookalike": ["2"], "--delay-ms": ["60001"], "--late-by-ms": ["60001"], "--late-spread-ms": ["60001"],
    "--doubled-by-ms": ["60001"], "--lookalike-place": ["beside"], "--lookalike-request": ["2"], "--behind-id": ["other"],
    "--behind-recover": ["2"], "--outage-every": ["0"], "--outage-for": ["61", "-1"], "--stray-before": ["0", "xx", "00" * 65],
    "--stray-behind": ["0"], "--stray-chance": ["2"], "--stray-pause-ms": ["60001"], "--identity": [""], "--identity-at": ["always"],
    "--identity-every": ["-1"], "--idle-strays": ["-1"], "--idle-strays-id": ["later"], "--deaf": ["-1"],
    "--close-after": ["-1"], "--close-idle": ["-1"], "--id": ["two"],
}
READ = {
    "--profile": ["none", "bad.toml", "text.txt"], "--profiles": ["missing", "bad-profiles"], "--protocol": ["udp"],
    "--unit": ["x", "-1", "256"], "--timeout": ["x", "0", "61"], "--interval": ["x", "0", "86401"],
    "--raw": ["x", "1:0", "1:126", "65535:2", "65536", ":"],
    "--via": ["host", "ftp://h", "http://u:p@h", "http://h?x", "http://h:0", "http://-h", "http://10.0.0.1O:80", "http://127.0.0.1:{closed}"],
    "--token": [""], "--ca": ["server.crt"],
}
READ_TOGETHER = [
    "--unit 0 --protocol rtu_over_tcp", "--via http://h --timeout 1", "--via http://h --profiles profiles", "--via http://h --profile ./bad.toml",
    "--via http://h --token two\\ words", "--via http://h --ca server.crt", "--via https://h --ca missing",
    "--via https://h --ca text.txt", "--via https://h --ca empty.txt", "surplus", "--no-such", "--watch=maybe",
]
SCAN = {"--units": ["x", "1-", "5-1", "256", "1,,2"], "--protocol": ["udp"], "--timeout": ["x", "0", "61"], "--profiles": ["missing", "bad-profiles"]}
ADDRESSES = ["", "host:0", "host:65536", "[::1", "[host]", "[::1]x", "http://host", "10.0.0.256", "10.0.0.1:x", "-", "two\\ words"]
OTHER_COMMANDS = [
    "", "--no-such", "start", "serve surplus", "serve --no-such", "serve --poll-interval", "serve --config missing.toml",
    "serve --config folder", "serve --config text.txt", "serve --config binary.toml", "simulate surplus", "simulate --port {used} --devices 1",
    "simulate --devices 2 --port 65535", "read", "read 127.0.0.1:{closed}", "scan",
    "scan 127.0.0.1:{closed} --units 1", "scan 10.0.0.1 --units 0 --protocol rtu_over_tcp", "scan 10.0.0.1 surplus",
    "profiles none", "profiles missing.toml --check", "profiles folder", "profiles bad.toml", "profiles --profiles missing",
    "profiles --profiles text.txt", "profiles hgm9560 surplus", "registry", "registry move x", "registry export", "registry import",
    "registry import ''", "registry import missing.json", "registry import folder", "registry export ''",
    "registry export out.json surplus", "registry import good.json --profiles missing",
    "registry import good.json --config missing.toml", "registry import good.json --config folder", "health host", "health ftp://h",
    "health http://u:p@h", "health http://h?x", "health http://h:99999", "health http://127.0.0.1:{closed}", "health http://h --ca server.crt",
    "health https://h --ca missing", "health https://h --ca text.txt", "health http://h surplus", "health http://{mute}",
]


@dataclass
class Command:
    words: list
    environment: dict = field(default_factory=dict)
    note: str = ""  # what the command line does not show

    def __str__(self):
        settings = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        return " ".join([*settings, "gensetd", shlex.join(self.words)]).strip() + (f"  ({self.note})" if self.note else "")


def shortened(text):
    """Long runs of one character are printed as their length."""
    return re.sub(r"(.)\1{30,}|(00){30,}", lambda run: f"{run[0][:2]}…{len(run[0])}", text)


def by_option(command, cases, words=()):
    return [Command([command, *words, option, *([value] if value else [])]) for option, values in cases.items() for value in values]


def serve_cases():
    cases = []
    for name, (first, *others) in SETTINGS.items():
        key = name.lower()
        cases.append(Command(["serve", "--" + key.replace("_", "-"), first]))
        cases.append(Command(["serve", "--config", f"{key}.toml"], note=f"{key}.toml: {key} = {first!r}"))
        cases += [Command(["serve"], {name: value}) for value in (first, *others)]
    cases += [Command(["serve"], settings) for settings in SETTINGS_TOGETHER]
    cases += [Command(["serve", "--config", f"file-{name}.toml"], note=f"file-{name}.toml: {text.strip()!r}") for name, text in SETTINGS_FILES.items()]
    return cases


def command_cases():
    cases = [Command(shlex.split(line)) for line in OTHER_COMMANDS]
    cases += [Command(["read", *shlex.split(address or "''")]) for address in ADDRESSES] + [Command(["scan", *shlex.split(address or "''")]) for address in ADDRESSES[:3]]
    cases += by_option("read", READ, ["10.0.0.1"]) + [Command(["read", "10.0.0.1", *shlex.split(line)]) for line in READ_TOGETHER] + by_option("scan", SCAN, ["10.0.0.1"])
    cases += by_option("simulate", {name: values for name, values in SIMULATE.items() if name not in ("--profile", "--profiles", "--protocol")})
    return cases + by_option("simulate", {name: SIMULATE[name] for name in ("--profile", "--profiles", "--protocol")}, ["--devices", "1"])


def changed_profile(change):
    """A file name that stays the same when other changes are added."""
    return f"changed-{zlib.crc32(str(change).encode()):08x}.toml"


def profile_cases():
    return [Command(["profiles", changed_profile(change), "--check"], note=" -> ".join(change).replace("\n", "\\n")) for change in PROFILE_CHANGES]


def import_cases():
    cases = [Command(["registry", "import", f"import-{name}.json"], note=shortened(text).replace("\n", "\\n")) for name, text in IMPORTS.items()]
    filled = {"DATABASE_URL": "sqlite:///filled.sqlite"}
    damaged = {"DATABASE_URL": "sqlite:///rows.sqlite"}
    cases += [Command(["registry", "export", file], filled) for file in ("folder", "missing/r.json", "good.json/r.json")]
    cases += [
        Command(["registry", "import", "good.json"], filled),
        Command(["registry", "export", "out.json"], damaged),
        Command(["registry", "export", "out.json"], {"DATABASE_URL": "sqlite:///nothing.sqlite"}),
    ]
    refused_databases = (
        "mysql://u@h/d", "sqlite:///text.txt", "sqlite:///newer.sqlite", "sqlite:///missing/r.sqlite", "postgresql://u@127.0.0.1:{closed}/d",
    )
    return cases + [Command(["registry", "import", "good.json"], {"DATABASE_URL": url}) for url in refused_databases]


def prepare(folder):
    """Writes the files that the cases name."""
    for name, values in SETTINGS.items():
        (folder / f"{name.lower()}.toml").write_text(f"{name.lower()} = {json.dumps(values[0], ensure_ascii=False)}\n")
    for name, text in SETTINGS_FILES.items():
        (folder / f"file-{name}.toml").write_text(text)
    for change in PROFILE_CHANGES:
        assert change[0] in PROFILE, change
        (folder / changed_profile(change)).write_text(PROFILE.replace(*change, 1))
    for name, text in IMPORTS.items():
        (folder / f"import-{name}.json").write_text(text)
    (folder / "good.json").write_text(document())
    (folder / "text.txt").write_text("hello\n")
    (folder / "empty.txt").write_text("")
    (folder / "binary.toml").write_bytes(b"\xff\xfe\0")
    (folder / "bad.toml").write_text("a = \n")
    (folder / "damaged.sqlite").write_bytes(b"SQLite format 3\0" + b"\x5a" * 8192)
    os.mkfifo(folder / "pipe")
    for name in ("folder", "profiles", "bad-profiles", "same-names", "circle", "folder-as-file", "large"):
        (folder / name).mkdir()
    (folder / "bad-profiles/p.toml").write_text("a = \n")
    for name in ("a", "b"):
        (folder / f"same-names/{name}.toml").write_text(PROFILE)
        (folder / f"circle/{name}.toml").write_text(f'name = "{name}"\nextends = "{"ab".replace(name, "")}"\n')
    (folder / "folder-as-file/p.toml").mkdir()
    (folder / "large/p.toml").write_text("#" * (2 << 20))
    in_sqlite(folder / "invoices.sqlite", "CREATE TABLE invoices (id INTEGER)")
    in_sqlite(folder / "stranger.sqlite", *OURS)
    in_sqlite(folder / "newer.sqlite", *OURS, "INSERT INTO schema_version VALUES (99, '')")
    for name in ("server", "other"):
        make_certificate(folder, name)
    subprocess.run(["openssl", "rsa", "-aes128", "-passout", "pass:x", "-in", "server.key", "-out", "locked.key"], cwd=folder, check=True, capture_output=True)
    for name in ("filled", "rows"):
        subprocess.run([GENSETD, "registry", "import", "good.json"], cwd=folder, env={"DATABASE_URL": f"sqlite:///{name}.sqlite"}, check=True, capture_output=True)
    damage(folder / "rows.sqlite", "UPDATE devices SET port = 70000")


def damage(file, *statements):
    """Changes rows past the rules of the schema."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)
    connection.close()


class Ports:
    """The placeholders of the cases: a port on which nothing listens, one in use, and a server that does not speak HTTP."""

    def __init__(self):
        self.sockets = [socket.socket(), socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))]
        self.sockets[0].bind(("127.0.0.1", 0))
        closed, used, mute = (one.getsockname()[1] for one in self.sockets)
        self.values = {"{closed}": str(closed), "{used}": str(used), "{mute}": f"127.0.0.1:{mute}"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()

    def fill(self, text):
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text

    def hide(self, text):
        for name, value in self.values.items():
            text = text.replace(value, name)
        return text


def run(command, folder, ports):
    # A database of its own for each: some cases fail only after opening it.
    database = f"sqlite:///default-{zlib.crc32(str(command).encode())}.sqlite"
    outer = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS") if name in os.environ}
    environment = {**outer, "HTTP_LISTEN": "127.0.0.1:0", "DATABASE_URL": database, **{name: ports.fill(value) for name, value in command.environment.items()}}
    words = [ports.fill(word) for word in command.words]
    for word in words:
        environment.pop(word.removesuffix(".toml").upper(), None)  # the environment overrides a file
    try:
        ran = subprocess.run([GENSETD, *words], env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return Refusal("still running after 30 s", "")
    text = ports.hide((ran.stdout + ran.stderr).replace(str(folder), "{folder}"))
    return Refusal(f"exit {ran.returncode}", re.sub(r"^\d{4}-\d\d-\d\d\S+ ", "", shortened(text).strip(), flags=re.MULTILINE))


def run_all(cases, folder):
    """{input: Refusal}, each command in `folder`."""
    prepare(folder)
    with Ports() as ports, ThreadPoolExecutor(4) as pool:
        found = dict(zip([shortened(str(case)) for case in cases], pool.map(lambda case: run(case, folder, ports), cases)))
    assert len(found) == len(cases), "two cases have one name"
    return found


def options_of(command):
    """The options of a subcommand that take a value, by its --help."""
    shown = subprocess.run([GENSETD, command, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^ +(--[a-z-]+) [A-Za-z_|]+[=: ]", shown, re.MULTILINE))


def settings_of_the_manual():
    return re.findall(r"^\| `([A-Z_]+)` \|", (Path(__file__).parents[2] / "docs/settings.md").read_text(), re.MULTILINE)
