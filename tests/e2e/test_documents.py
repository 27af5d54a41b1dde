"""The documents for people: links work, and tables name what the program has."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [ROOT / name for name in subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()]
COLUMNS_MAX = 100


def name_of(document):
    return str(document.relative_to(ROOT))


def without_code(text):
    """Markdown without its code: blocks are empty lines, spans are gone."""
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


# Not wrapped yet; this list only becomes shorter.
NOT_WRAPPED = {"README.md", "README.ru.md", "ARCHITECTURE.md", "docs/RELIABILITY.md", "docs/fuzzing.md", "docs/settings.md", "bench/README.md", "bench/RESULTS.md"}


@pytest.mark.parametrize("document", [one for one in DOCUMENTS if name_of(one) not in NOT_WRAPPED], ids=name_of)
def test_prose_is_wrapped(document):
    assert list(long_lines(document)) == []


def rows_with_code(document, heading):
    """The names in `code` in the first column of the tables of one section."""
    section = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{heading.index(' ')}}} |\Z)", document.read_text(), re.M | re.S)
    assert section, f"{name_of(document)} has no heading {heading}"
    return {name for row in re.findall(r"^\| ([^|]*) \|", section[1], re.M) for name in re.findall(r"`([^`]+)`", row)}


def test_every_metric_is_documented(start_daemon, start_simulator, start_redis):
    simulator = start_simulator(devices=1)
    daemon = start_daemon(REDIS_URL=start_redis().url)
    daemon.add_site()
    daemon.wait_online(daemon.add_device(simulator.port))
    text = daemon.get("/metrics").text + daemon.get("/metrics?devices=1").text
    there = {name for name in re.findall(r"^# TYPE (\S+)", text, re.M) if not name.startswith("gensetd_reading_")}
    documented = {name for name in rows_with_code(ROOT / "docs/operations.md", "## Prometheus") if name.startswith(("gensetd_", "process_"))}
    assert documented == there


def test_every_kind_of_error_is_documented(start_daemon):
    kinds = set(re.findall(r'^gensetd_request_errors_total\{kind="(\w+)"\}', start_daemon().get("/metrics").text, re.M))
    assert rows_with_code(ROOT / "docs/operations.md", "### Error kinds") == kinds
