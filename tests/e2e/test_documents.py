"""The documents for people: links work, and tables name what the program has."""

import asyncio
import json
import os
import re
import subprocess
import textwrap
from pathlib import Path

import pytest
import requests
import websockets
from conftest import GENSETD, PATIENCE, Program, free_port, wait_until

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("bench", "deploy", "docs", "profiles", "src", "tests")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("web/*.md"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.md"))])
COLUMNS_MAX = 100


def name_of(document):
    return str(document.relative_to(ROOT))


def without_code(text):
    """Markdown without its code: blocks become empty lines, spans are removed."""
    lines, in_block = [], False
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        lines.append("" if in_block or fence else line)
        in_block = in_block != fence
    return re.sub(r"`[^`\n]+`", "", "\n".join(lines))


def anchors_of(document):
    """The anchors of its headings, as GitHub and GitLab make them."""
    anchors = {}
    in_block = False
    for line in document.read_text().splitlines():
        in_block = in_block != line.startswith("```")
        heading = re.match(r"#+ (.*)", line)
        if not heading or in_block:
            continue
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
        anchor = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        count = anchors.get(anchor, 0)
        anchors[anchor] = count + 1
        if count:
            anchors[f"{anchor}-{count}"] = 1
    return set(anchors)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_relative_links_lead_to_a_file_and_a_heading(document):
    links = re.findall(r"\]\(([^)\s]+)\)", without_code(document.read_text()))
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{link}: no such file"
        if anchor:
            assert anchor in anchors_of(target), f"{link}: no such heading"


def long_lines(document):
    """Lines of prose that are too long. A table row, code, a heading, and a line that is one link may be longer."""
    in_block = False
    for number, line in enumerate(document.read_text().splitlines(), 1):
        fence = line.lstrip().startswith("```")
        in_block = in_block != fence
        is_free = in_block or fence or line.startswith(("|", "    ", "#", "!["))
        if len(line) > COLUMNS_MAX and not is_free:
            yield f"{name_of(document)}:{number}: {len(line)} columns"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_prose_is_wrapped(document):
    assert list(long_lines(document)) == []


def first_cells(document, heading):
    """The first cells of the tables of one section, with its subsections."""
    section = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{heading.index(' ')}}} |\Z)", document.read_text(), re.M | re.S)
    assert section, f"{name_of(document)} has no heading {heading}"
    return re.findall(r"^\| ([^|]*) \|", section[1], re.M)


def names_in(document, heading):
    """What stands in `code` in those cells."""
    return {name for cell in first_cells(document, heading) for name in re.findall(r"`([^`]+)`", cell)}


def test_every_metric_is_documented(start_daemon, start_simulator, start_redis):
    simulator = start_simulator(devices=1)
    daemon = start_daemon(REDIS_URL=start_redis().url)
    daemon.add_site()
    daemon.wait_online(daemon.add_device(simulator.port))
    text = daemon.get("/metrics").text + daemon.get("/metrics?devices=1").text
    there = {name for name in re.findall(r"^# TYPE (\S+)", text, re.M) if not name.startswith("gensetd_reading_")}
    documented = {name for name in names_in(ROOT / "docs/operations.md", "## Prometheus") if name.startswith(("gensetd_", "process_"))}
    assert documented == there


def test_every_kind_of_error_is_documented(start_daemon):
    kinds = set(re.findall(r'^gensetd_request_errors_total\{kind="(\w+)"\}', start_daemon().get("/metrics").text, re.M))
    assert names_in(ROOT / "docs/operations.md", "### Error kinds") == kinds


class Block:
    """A code block of a document: its info string (```json ws: ["json", "ws"]), its text, and its line."""

    def __init__(self, info, text, line):
        self.info, self.text, self.line = info.split(), text, line


def blocks_of(document):
    blocks, begun = [], None
    for number, line in enumerate(document.read_text().splitlines(), 1):
        fence = re.match(r" *```(.*)", line)
        if fence and begun is None:
            begun = Block(fence[1], "", number)
        elif fence:
            begun.text = textwrap.dedent(begun.text)
            blocks.append(begun)
            begun = None
        elif begun:
            begun.text += line + "\n"
    assert begun is None, f"the block of line {begun.line} has no end"
    return blocks


MORE = "…"  # in a documented object: further members stand here


def assert_same_shape(documented, actual, where):
    """The same members in the same order; values may differ, but not what kind they are."""
    if isinstance(documented, dict):
        assert isinstance(actual, dict), where
        names = [name for name in documented if name != MORE]
        there = [name for name in actual if name in names] if MORE in documented else list(actual)
        assert sorted(there) == sorted(names), f"{where}: {set(there) ^ set(names)}"
        if MORE not in documented:
            assert there == names, f"{where}: another order"
        for name in names:
            assert_same_shape(documented[name], actual[name], f"{where}.{name}")
    elif isinstance(documented, list):
        assert isinstance(actual, list), where
        for one in actual[:5] if documented else []:
            assert_same_shape(documented[0], one, f"{where}[]") if isinstance(documented[0], dict) else None
    elif documented is not None and actual is not None:
        kinds = [(int, float) if isinstance(one, (int, float)) and not isinstance(one, bool) else type(one) for one in (documented, actual)]
        assert kinds[0] == kinds[1], f"{where}: {documented!r} and {actual!r}"


def documented_json(block):
    """A JSON text whose objects may contain "…": "…" more than once."""
    return json.loads(block.text)


def assert_answers(block, output):
    where = f"docs/api.md:{block.line}"
    if block.info[0] == "json":
        assert_same_shape(documented_json(block), json.loads(output), where)
        return
    position = 0
    for part in (line.split(MORE)[0] for line in block.text.splitlines()):
        pattern = re.escape(part) if not re.fullmatch(r"[0-9a-f]{16}|[0-9]+", part) else "[0-9a-f]+"
        found = re.compile(pattern).search(output, position)
        assert found, f"{where}: '{part}' is not in the output:\n{output[position:]}"
        position = found.end()


class Example:
    """The daemon, plant and Redis of docs/api.md, on other ports."""

    def __init__(self, daemon, simulator, redis, folder):
        self.daemon, self.redis, self.folder = daemon, redis, folder
        self.ports = {"8010": daemon.port, "6380": redis.port, "15021": simulator.port, "15023": simulator.port + 2}

    def run(self, command):
        for documented, actual in self.ports.items():
            command = re.sub(rf"\b{documented}\b", str(actual), command)
        return subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=60).stdout

    def run_all(self, blocks):
        output = None
        for block in blocks:
            if block.info[0] == "sh" and "not-run" not in block.info:
                if "device_id=1" in block.text or "redis-cli" in block.text:
                    self.daemon.wait_online(1)
                output = self.run(block.text)
            elif block.info in (["json"], ["text"]) and output is not None:
                assert_answers(block, output)
                output = None


async def received(socket, wanted):
    """The first message of the type `wanted`."""
    async with asyncio.timeout(PATIENCE):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == wanted:
                return message


async def see_specification_protocol(daemon, blocks):
    async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics?devices=1") as socket:
        for block in blocks:
            assert_same_shape(documented_json(block), json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)), f"docs/api.md:{block.line}")


async def see_dashboard_protocol(daemon, documented, sent):
    """Provokes a message of each type. Devices 3 and 4 are this test's own."""
    url = f"ws://127.0.0.1:{daemon.port}/ws/metrics?proto=2"
    daemon.add_device(free_port(), is_active=False)
    unwatched = daemon.add_device(free_port(), name="Unwatched")
    async with websockets.connect(url, max_size=None) as socket, websockets.connect(url + "&devices=3") as idle:
        seen = {"snapshot": await received(socket, "snapshot"), "batch": await received(socket, "batch"), "event": await received(socket, "event")}
        daemon.delete(f"/api/devices/{unwatched}")
        for kind in ("removed", "config"):
            seen[kind] = await received(socket, kind)
        seen["hb"] = await received(idle, "hb")
        for block in sent:
            await socket.send(block.text.strip())
            response = await received(socket, "snapshot")
        assert response["view"] == "overview" and {reading["device_id"] for reading in response["data"]} == {1, 2}
        await socket.send('{"type":"sub","devices":[9]}')
        seen["error"] = await received(socket, "error")
    assert set(documented) == set(seen), "each type of message has an example"
    for kind, block in documented.items():
        assert_same_shape(documented_json(block), seen[kind], f"docs/api.md:{block.line}")


def test_examples_of_the_api_have_the_documented_responses(start_daemon, start_simulator, start_redis, tmp_path):
    redis = start_redis()
    daemon = start_daemon(REDIS_URL=redis.url, EVENTS_OFFLINE_DELAY="0")
    blocks = blocks_of(ROOT / "docs/api.md")
    Example(daemon, start_simulator(), redis, tmp_path).run_all(blocks)
    asyncio.run(see_specification_protocol(daemon, [block for block in blocks if block.info == ["json", "ws"]]))
    dashboard = [block for block in blocks if block.info[:2] == ["json", "proto=2"]]
    documented = {documented_json(block)["type"]: block for block in dashboard if len(block.info) == 2}
    asyncio.run(see_dashboard_protocol(daemon, documented, [block for block in dashboard if block.info[-1] == "send"]))


def test_every_error_code_is_documented():
    sources = "".join(file.read_text() for folder in ("server", "stream", "api", "registry", "events") for file in (ROOT / "src" / folder).glob("*.?pp"))
    codes = set(re.findall(r'error_response\(\s*\d+,\s*"([a-z_]+)"', sources)) | set(re.findall(r'\.code = "([a-z_]+)"', sources))
    documented = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| \d{3} \|([^|]*)\|", (ROOT / "docs/api.md").read_text(), re.M))))
    assert codes - documented == set(), "not documented"
    assert {code for code in documented if f'"{code}"' not in sources} == set(), "documented, but not in the source"


def texts_of_source():
    """All string literals of the source, neighbours joined."""
    source = "".join(file.read_text() for file in sorted((ROOT / "src").rglob("*.?pp")))
    source = re.sub(r'R"\((.*?)\)"', lambda match: json.dumps(match[1], ensure_ascii=False), source, flags=re.S)
    return re.sub(r'"\s*\n?\s*"', "", source).replace('\\"', '"')


@pytest.mark.parametrize("document, heading", [("docs/troubleshooting.md", "## Error texts"), ("docs/controllers.md", "## Messages of the check")])
def test_texts_are_those_of_the_program(document, heading):
    source = texts_of_source()
    quoted = [text for cell in first_cells(ROOT / document, heading) for text in re.findall(r"`([^`]+)`", cell)]
    parts = [part.strip(" .,:") for text in quoted for part in re.split(r'"…"|…|\(exception N\)|\b[NM]\b', text)]
    # What connect(2) reports is the system's text.
    systems = {"connection refused", "no route to host", "network is unreachable"}
    assert [part for part in parts if part and part not in source and part not in systems] == []


def test_every_option_of_the_simulator_is_documented():
    help_ = subprocess.run([GENSETD, "simulate", "--help"], check=True, capture_output=True, text=True).stdout
    options = set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", help_, re.M)) - {"--help"}
    documented = set(re.findall(r"--[a-z][a-z-]*", (ROOT / "docs/simulator.md").read_text())) - {"--help"}
    assert documented == options


def test_example_profiles_are_valid(tmp_path):
    examples = [block.text for block in blocks_of(ROOT / "docs/controllers.md") if block.info == ["toml"]]
    assert examples
    for number, text in enumerate(examples):
        file = tmp_path / f"{number}.toml"
        file.write_text(text)
        checked = subprocess.run([GENSETD, "profiles", str(file), "--check"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


def test_every_event_code_is_documented(start_daemon):
    codes = {code["code"] for code in start_daemon().get("/api/event-codes").json()["codes"]}
    text = re.search(r"^\*\*Events and alarms\*\*(.*?)^\*\*Overview", (ROOT / "docs/controllers.md").read_text(), re.M | re.S)[1]
    cells = [cell for row in re.findall(r"^\|(.*)\|$", text, re.M) for cell in row.split(" | ")[2:]]
    paragraph = text[text.rindex("|") :]
    assert set(re.findall(r"`([a-z_]+)`", " ".join([*cells, paragraph]))) == codes


def test_fields_of_the_overview_are_documented(start_daemon, start_simulator):
    daemon, plant = start_daemon(), start_simulator()
    daemon.add_site()
    for device in (daemon.add_device(plant.port), daemon.add_device(plant.port + 2, device_type="ats")):
        daemon.wait_online(device)

    async def overview():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics?proto=2") as socket:
            await socket.send('{"type":"sub","view":"overview"}')
            while (message := await received(socket, "snapshot"))["view"] != "overview":
                pass
            return {field for reading in message["data"] for field in reading}

    every_reading = {"device_id", "site_code", "device_type", "timestamp", "last_seen", "online", "error", "seq", "epoch", "cadence_ms", "age_ms"}
    shown = asyncio.run(overview()) - every_reading
    kinds = {role["name"]: role["kind"] for role in daemon.get("/api/roles").json()}
    fields = [field for profile in daemon.get("/api/profiles").json() for field in profile["fields"]]
    paragraph = re.search(r"^\*\*Overview\*\*.*?with the roles (.*?)In format 1", (ROOT / "docs/controllers.md").read_text(), re.M | re.S)[1]
    assert set(re.findall(r"`([a-z_.]+)`", paragraph)) == {field["role"] for field in fields if field["name"] in shown and kinds[field["role"]] == "number"}
    assert {field["name"] for field in fields if kinds.get(field["role"], "number") != "number"} - shown == set()


def expanded(cell):
    """`a.b` `.c` is a.b and a.c."""
    names = []
    for name in re.findall(r"`([a-z_.]+)`", cell):
        names.append(names[-1].rpartition(".")[0] + name if name.startswith(".") else name)
    return names


def test_every_role_is_documented(start_daemon):
    roles = {role["name"]: (role["kind"], role["means"], role["unit"]) for role in start_daemon().get("/api/roles").json()}
    documented = {}
    for row in re.search(r"^\| role \| kind \| unit \|\n(.*?)\n\n", (ROOT / "docs/controllers.md").read_text(), re.M | re.S)[1].splitlines()[1:]:
        names, kind, unit = row.strip("|").split("|")
        value = (re.match(r" (\w+)", kind)[1], re.findall(r"`(\w+)`", kind), unit.strip(" `"))
        documented |= {name: value for name in expanded(names)}
    assert documented == roles


README_LINES_MAX = 120

# Commands for people that are not run here, and why.
NOT_RUN = {
    "./run": "installs packages, builds, and takes fixed ports",
    "tools/install-dependencies": "installs packages; ./test runs it",
    "tools/install-dependencies package": "installs packages; ./test runs it",
    "cmake --preset release": "the program is built before the tests run",
    "cmake --preset release -DBUILD_TESTING=OFF": "as above",
    "cmake --build build/release --target gensetd": "as above",
    "cmake --build build/release --target package": "test_deployment.py makes the package",
    "apt install ./build/release/gensetd_*.deb": "tests/deploy/package runs it in a system of its own",
    "cp .env.example .env": "tests/deploy/stack runs it",
    "docker compose up -d": "tests/deploy/stack runs it",
}


def commands_of(text):
    """The commands of a shell block; one may have several lines."""
    commands, command = [], ""
    for line in text.splitlines():
        command += line
        if line.endswith("\\") or command.count("'") % 2:
            command += "\n"
            continue
        commands.append(command)
        command = ""
    assert not command, "an unfinished command"
    return commands


class Reader:
    """A reader who follows a document: with gensetd in PATH, and a genset and a switchboard at its addresses."""

    def __init__(self, folder, programs, plant, redis):
        self.folder, self.programs, self.plant, self.redis = folder, programs, plant, redis
        self.port = free_port()
        (folder / "gensetd").symlink_to(GENSETD)
        self.environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "HTTP_LISTEN": f"127.0.0.1:{self.port}",
            "ALLOW_LOOPBACK_DEVICES": "1",
        }
        self.daemon = None

    def adapted(self, command):
        genset, switchboard = self.plant.port, self.plant.port + 2
        for documented, actual in (
            ('"ip_address":"192.168.97.10"', f'"ip_address":"127.0.0.1","port":{genset}'),
            ('"ip_address":"192.168.97.20","port":26', f'"ip_address":"127.0.0.1","port":{switchboard}'),
            ("192.168.97.20:26", f"127.0.0.1:{switchboard}"),
            ("192.168.97.10", f"127.0.0.1:{genset}"),
            ("127.0.0.1:8010", f"127.0.0.1:{self.port}"),
            ("127.0.0.1:6379", f"127.0.0.1:{self.redis.port}"),
            ("redis-cli ", f"redis-cli -p {self.redis.port} "),
        ):
            command = command.replace(documented, actual)
        return command

    def serve(self, command):
        """In place of the daemon before, if there is one."""
        if self.daemon:
            self.daemon.stop()
        self.daemon = Program(["bash", "-c", f"exec env {self.adapted(command)}"], self.folder / f"gensetd-{len(self.programs)}.log", self.environment)
        self.programs.append(self.daemon)
        wait_until(lambda: "serves http" in self.daemon.text() or self.daemon.process.poll() is not None, "the start of gensetd")
        assert self.daemon.process.poll() is None, self.daemon.text()

    def is_online(self, device_id):
        response = requests.get(f"http://127.0.0.1:{self.port}/api/metrics", timeout=20).json()
        return any(reading["device_id"] == device_id and reading["online"] for reading in response)

    def follow(self, command):
        if command.endswith("gensetd serve"):
            return self.serve(command)
        if "device_id=1" in command or "device:1" in command:
            wait_until(lambda: self.is_online(1), "device 1 online")
        done = subprocess.run(["bash", "-c", self.adapted(command)], env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60)
        is_endless = command.startswith("timeout ")
        assert done.returncode in ((0, 124) if is_endless else (0,)), f"{command}: {done.stdout}{done.stderr}"
        assert done.stdout.strip(), f"{command}: prints nothing"


@pytest.mark.parametrize("name", ["README.md", "README.ru.md", "docs/getting-started.md"])
def test_commands_for_a_start_work(name, tmp_path, programs, start_simulator, start_redis):
    reader = Reader(tmp_path, programs, start_simulator(), start_redis())
    blocks = [block for block in blocks_of(ROOT / name) if block.info]
    assert all(block.info == ["sh"] for block in blocks)
    commands = [command for block in blocks for command in commands_of(block.text)]
    followed = [command for command in commands if command not in NOT_RUN]
    assert len(followed) >= 6
    for command in followed:
        reader.follow(command)


def test_each_command_that_is_not_run_is_in_a_document():
    commands = {command for name in ("README.md", "docs/getting-started.md") for block in blocks_of(ROOT / name) for command in commands_of(block.text)}
    assert NOT_RUN.keys() - commands == set()


@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_readme_is_short(name):
    assert len((ROOT / name).read_text().splitlines()) <= README_LINES_MAX, "move details into docs/"


def test_both_readmes_have_the_same_commands_and_links():
    english, russian = (ROOT / name for name in ("README.md", "README.ru.md"))
    commands = [[re.sub(r'"name":"[^"]*"', "", block.text) for block in blocks_of(document)] for document in (english, russian)]
    assert commands[0] == commands[1]
    links = [set(re.findall(r"\]\(([^)\s]+)\)", document.read_text())) - {english.name, russian.name} for document in (english, russian)]
    assert links[0] == links[1]


def test_files_named_for_contributors_exist():
    named = set(re.findall(r"`((?:src|tests|web|deploy|docs|bench|tools|profiles)/[^`\s]*)`", (ROOT / "CONTRIBUTING.md").read_text()))
    assert len(named) > 20
    missing = [name for name in named if "NAME" not in name and not list(ROOT.glob(name.rstrip("/")))]
    assert missing == [], "CONTRIBUTING.md names files that do not exist; name those that took their place"


def modules_of_cmake():
    """What src/*/CMakeLists.txt lets each module use: {name: modules}."""
    declared = {}
    for file in (ROOT / "src").glob("*/CMakeLists.txt"):
        for name, rest in re.findall(r"^module\((\w+)\s+([^)]*)\)", file.read_text(), re.M):
            declared[name] = set(re.findall(r"\bgensetd_(\w+)", rest.partition("DEPENDS")[2])) - {"network"}
    return declared


def test_the_table_of_modules_is_that_of_cmake():
    rows = re.findall(r"^\| `src/(\w+)` \| [^|]* \| ([^|]*)\|", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
    everywhere = {"text", "log", "supervision", "measure"}
    documented = {name: set(re.findall(r"\w+", uses)) for name, uses in rows}
    assert documented == {name: uses - everywhere for name, uses in modules_of_cmake().items()}, "correct the table 'Modules' of ARCHITECTURE.md"
    order = [name for name, _ in rows]
    for name, uses in modules_of_cmake().items():
        assert all(order.index(other) < order.index(name) for other in uses), f"{name} stands above a module that it uses"
