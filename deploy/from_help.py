#!/usr/bin/env python3
"""Writes the man page or the shell completion of a gensetd from its own --help, so that they name what it has.

from_help.py man PROGRAM TEMPLATE OUTPUT.gz     TEMPLATE is a man page with a line @COMMANDS@
from_help.py bash PROGRAM TEMPLATE OUTPUT       TEMPLATE is a completion with a line @OPTIONS@
"""

import gzip
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Entry:
    """One line of a list: an option, an argument or a command, what it takes, and what it is for."""

    name: str
    takes: str
    meaning: str


@dataclass
class Help:
    about: str
    usage: str
    groups: dict = field(default_factory=dict)  # heading: [Entry]
    footer: list = field(default_factory=list)

    def options(self):
        names = [part for entries in self.groups.values() for entry in entries for part in entry.name.split(",")]
        return [name for name in names if name.startswith("-")]


# CLI11 puts the meanings into one column; a longer name has it on the next line.
COLUMN = 30


def read_help(program, *command):
    text = subprocess.run([program, *command, "--help"], check=True, capture_output=True, text=True).stdout
    about, usage, *rest = text.splitlines()
    parsed = Help(about, usage.removeprefix("Usage: "))
    entries = None
    for line in rest:
        if not line.strip():
            continue
        if not line.startswith(" "):
            heading = re.fullmatch(r"(.*):", line)
            if heading:
                entries = parsed.groups.setdefault(heading[1], [])
            else:
                parsed.footer.append(line)
        elif line.startswith(" " * COLUMN):
            entries[-1].meaning = f"{entries[-1].meaning} {line.strip()}".strip()
        else:
            in_column = line[COLUMN - 1 : COLUMN] == " "
            spec, meaning = (line[:COLUMN], line[COLUMN:]) if in_column else (line, "")
            name, _, takes = spec.strip().partition(" ")
            entries.append(Entry(name, takes.strip(), meaning.strip()))
    return parsed


def commands_of(program):
    return [(entry.name, read_help(program, entry.name)) for entry in read_help(program).groups["Subcommands"]]


def roff(text):
    """Text that roff prints as it stands."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def man(program):
    lines = []
    for name, help_ in commands_of(program):
        lines += [f".SS {roff(help_.usage)}", roff(help_.about) + "."]
        for heading, entries in help_.groups.items():
            if heading not in ("Options", "Positionals"):
                lines += [".PP", roff(heading) + ":"]
            for entry in entries:
                takes = f" \\fI{roff(entry.takes)}\\fR" if entry.takes else ""
                lines += [".TP", f"\\fB{roff(entry.name)}\\fR{takes}", roff(entry.meaning)]
        if help_.footer:
            lines += [".PP", *map(roff, help_.footer)]
    return "\n".join(lines)


def bash(program):
    lines = [f"    '') words='{' '.join(name for name, _ in commands_of(program))} --help --version' ;;"]
    lines += [f"    {name}) words='{' '.join(help_.options())}' ;;" for name, help_ in commands_of(program)]
    return "\n".join(lines)


def main():
    kind, program, template, output = sys.argv[1:]
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    text = Path(template).read_text().replace("@VERSION@", version)
    if kind == "man":
        text = text.replace("@COMMANDS@", man(program))
        Path(output).write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        Path(output).write_text(text.replace("@OPTIONS@", bash(program)))


main()
