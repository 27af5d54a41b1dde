"""The golden file of refusals: reads refusals.txt, compares it with what gensetd does, and updates it.

The file has sections. Each entry is three parts: the input, on a line of its own; below it, indented, the status, `code` and
`field`; below that the text for people. Statuses, codes and fields are an interface and must not change. A text may change:
GENSETD_ACCEPT=1 writes new texts and new entries. To accept another status, code or field, delete the entry first.
"""

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("refusals.txt")
HEAD = "# Written by test_refusals.py; refusals.py describes the format.\n"
INDENT = "    "


class Refusal(NamedTuple):
    verdict: str  # exit status, or HTTP status with code and field
    text: str


def parse(content):
    """{section: {input: Refusal}}"""
    sections, entries, entry = {}, {}, []
    for line in content.splitlines():
        if line.startswith("== "):
            entries = sections.setdefault(line.removeprefix("== "), {})
        elif line.startswith(INDENT):
            entry.append(line.removeprefix(INDENT))
            entries[given] = Refusal(entry[0], "\n".join(entry[1:]))
        elif line and not line.startswith("# "):
            given, entry = line, []
    return sections


def print_sections(sections):
    text = HEAD
    for name in sorted(sections):
        text += f"\n== {name}\n"
        for given, refusal in sections[name].items():
            text += "\n" + given + "".join(f"\n{INDENT}{line}" for line in [refusal.verdict, *refusal.text.splitlines()]) + "\n"
    return text


def read_golden():
    return parse(FILE.read_text()) if FILE.exists() else {}


def differences(expected, found):
    """What differs in an interface, and what differs in words only."""
    verdicts, words = [], []
    for given in expected | found:
        before, after = expected.get(given), found.get(given)
        if before == after:
            continue
        where = words if before is None or after is None or before.verdict == after.verdict else verdicts
        where.append(f"{given}\n  expected: {before}\n  observed: {after}")
    return verdicts, words


def compare(section, found):
    """Fails where `found`, {input: Refusal}, differs from the section of the golden file."""
    verdicts, words = differences(read_golden().get(section, {}), found)
    assert not verdicts, "an interface changed:\n" + "\n".join(verdicts)
    if "GENSETD_ACCEPT" not in os.environ:
        assert not words, "texts differ from refusals.txt; run this test with GENSETD_ACCEPT=1:\n" + "\n".join(words)
        return
    with open(FILE, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # other workers write their sections
        FILE.write_text(print_sections({**read_golden(), section: found}))
