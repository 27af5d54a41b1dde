"""Rules of the source tree that a machine can check. Each failure says what to do."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COLUMNS_MAX = {".py": 180, ".cmake": 180, ".txt": 180, ".ts": 180, ".svelte": 180, ".js": 180}
LINES_MAX = 400

# Names of an earlier vocabulary, and what to write instead.
BANNED = {
    "hear": "receive", "hears": "receive", "heard": "received", "tell": "send, notify or report", "tells": "send, notify or report",
    "told": "sent, notified or reported", "doubtful_answer": "unconfirmed response", "believe": "accept", "believed": "accepted", "owe": "pending",
    "owed": "pending", "owes": "pending", "crew": "thread state", "surroundings": "context", "beginning": "start", "keeper": "owner", "witness": "observer",
    "sleeper": "waiter", "ask": "request", "asks": "request", "asked": "requested",
}


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).exists()]
    return [file for pattern in patterns for file in ROOT.glob(pattern.replace("*", "**/*", 1)) if "node_modules" not in file.parts and "build" not in file.parts]


def name_of(file):
    return str(file.relative_to(ROOT))


def modules():
    """The modules in their order, with the modules that each may use directly."""
    order = re.search(r"foreach\(name ([a-z0-9_ \n]+)\)", (ROOT / "src/CMakeLists.txt").read_text())[1].split()
    found = {}
    for name in order:
        text = re.sub(r"#.*", "", (ROOT / "src" / name / "CMakeLists.txt").read_text())
        depends = re.search(r"module\(\s*" + name + r"\b[^)]*?DEPENDS([^)]*)\)", text)
        found[name] = set(re.findall(r"gensetd_([a-z0-9_]+)", depends[1])) & set(order) if depends else set()
    return found


def reachable(name, direct):
    found, left = set(), [name]
    while left:
        for other in direct[left.pop()] - found:
            found.add(other)
            left.append(other)
    return found


def test_modules_depend_only_on_modules_before_them():
    direct = modules()
    order = list(direct)
    for name, used in direct.items():
        for other in used:
            assert order.index(other) < order.index(name), (
                f"src/{name} depends on src/{other}, which comes later in src/CMakeLists.txt: pass a function or move the shared part down"
            )


def test_every_folder_of_src_is_a_module():
    folders = {file.relative_to(ROOT / "src").parts[0] for file in tracked("src/*") if len(file.relative_to(ROOT / "src").parts) > 1}
    assert folders == set(modules()), "add the folder to the list of modules in src/CMakeLists.txt"


def test_tests_with_threads_are_in_the_build_with_tsan():
    for file in tracked("tests/*.cpp", "tests/*.hpp"):
        listed = file.parent / "CMakeLists.txt"
        if not re.search(r"std::(thread|jthread|async)\b(?!::)", file.read_text()) or "module_tests(" not in listed.read_text():
            continue
        assert re.search(r"module_tests\(\w+ [A-Z_ ]*THREADS ", listed.read_text()), f"{name_of(file)} starts a thread: add THREADS to module_tests in {name_of(listed)}"


def test_files_include_only_modules_that_theirs_depends_on():
    direct = modules()
    wrong = []
    for file in tracked("src/*.cpp", "src/*.hpp"):
        parts = file.relative_to(ROOT / "src").parts
        if len(parts) < 2:
            continue
        allowed = reachable(parts[0], direct) | {parts[0]}
        for used in re.findall(r'^#include "([a-z0-9_]+)/', file.read_text(), re.MULTILINE):
            if used in direct and used not in allowed:
                wrong.append(f"{name_of(file)} includes {used}/: src/{parts[0]}/CMakeLists.txt does not list gensetd_{used} in DEPENDS")
    assert wrong == []


@pytest.mark.parametrize("folder", ["src", "web/src"])
def test_files_are_short(folder):
    suffixes = {".cpp", ".hpp", ".ts", ".svelte"}
    lengths = {name_of(file): len(file.read_text().splitlines()) for file in tracked(f"{folder}/*") if file.suffix in suffixes and file.parent.name != "texts"}
    long = {name: length for name, length in lengths.items() if length > LINES_MAX}
    assert long == {}, f"a file holds one idea; split what has more than {LINES_MAX} lines"


def test_lines_are_short():
    wrong = []
    for file in tracked("*.py", "*.cmake", "*CMakeLists.txt", "*.ts", "*.svelte", "*.js"):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if len(line) > COLUMNS_MAX[file.suffix]:
                wrong.append(f"{name_of(file)}:{number}: {len(line)} columns, at most {COLUMNS_MAX[file.suffix]}")
    assert wrong == []


def identifiers(text):
    """Identifiers of C++ and TypeScript: without comments and string literals."""
    text = re.sub(r'R"\((.|\n)*?\)"', '""', text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"//.*|/\*.*?\*/", "", text, flags=re.DOTALL) if "/*" in text else re.sub(r"//.*", "", text)
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))


def words_of(identifier):
    return re.findall(r"[a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", identifier).lower())


def test_names_use_the_glossary():
    wrong = []
    for file in tracked("src/*.cpp", "src/*.hpp", "tests/*.cpp", "tests/*.hpp", "bench/*.cpp", "bench/*.hpp", "web/src/*.ts"):
        for identifier in identifiers(file.read_text()):
            for word in words_of(identifier):
                if word in BANNED:
                    wrong.append(f"{name_of(file)}: {identifier}: write {BANNED[word]}; ARCHITECTURE.md has the glossary")
    assert wrong == []


def test_every_route_is_documented():
    paths = json.loads((ROOT / "web/openapi.json").read_text())["paths"]
    text = (ROOT / "docs/api.md").read_text()
    missing = [path for path in paths if path not in text]
    assert missing == [], "describe these routes in docs/api.md"


def field_names():
    names = set()
    for file in tracked("profiles/*.toml"):
        names |= {field["name"] for field in tomllib.loads(file.read_text()).get("fields", [])}
    return {name for name in names if "_" in name}


# What may name fields of the built-in profiles: format 1 has roles by names; events have codes that equal names; the simulator
# makes the values of these controllers.
NAME_FIELDS = ("src/profile/legacy_roles.cpp", "src/events/catalogue.", "src/registry/alarm_notes.cpp", "src/simulator/")


def test_field_names_are_in_profiles_only():
    """Code must not know the fields of one controller model."""
    names = field_names()
    assert len(names) > 80
    found = {}
    for file in tracked("src/*.cpp", "src/*.hpp", "web/src/*.ts", "web/src/*.svelte"):
        named = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", file.read_text())) & names
        if named and not name_of(file).startswith(NAME_FIELDS):
            found[name_of(file)] = named
    assert found == {}, "these files name fields of a profile: use a role (src/profile/roles.hpp), or data of the profile"


def test_beast_iequals_is_not_used():
    """It reads one byte behind both texts when they differ in case (Boost 1.81, beast/core/impl/string.ipp)."""
    users = [name_of(file) for file in tracked("src/*.cpp", "src/*.hpp") if re.search(r"\biequals\(", file.read_text())]
    assert users == [], "use boost::urls::grammar::ci_is_equal"


def test_sql_is_not_executed_in_a_destructor():
    """`session << sql` executes in a destructor: a second exception there ends the process."""
    users = [name_of(file) for file in tracked("src/*.cpp", "src/*.hpp") if re.search(r"session(_|\(\))?\s*<<", file.read_text())]
    assert users == [], "use registry::execute()"
