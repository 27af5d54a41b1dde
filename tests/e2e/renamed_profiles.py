"""Copies of the built-in profiles in format 2 in which every field has another name and states its role."""

import json
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("hgm9520n", "hgm9560")
NO_DATA = {"u16": "from_32000", "i16": "from_32000", "u32": "marker", "i32": "marker"}  # what format 1 does without a rule


def toml(value):
    """A value as TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(member)}" for key, member in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def described(name):
    """The built-in profile as GET /api/profiles gives it: test_golden_maps.py compares the file with the program."""
    profiles = json.loads((ROOT / "tests/e2e/golden/profiles.json").read_text())
    return next(one for one in profiles if one["name"] == name)


def renamed(name):
    """The text of the copy, and the new name of each field."""
    profile = tomllib.loads((ROOT / f"profiles/{name}.toml").read_text())
    entry = described(name)
    roles = {field["name"]: field["role"] for field in entry["fields"]}
    means = {(table["name"], code["value"]): code["means"] for table in entry["code_tables"] for code in table["codes"]}
    new = {field["name"]: f"value_{number}" for number, field in enumerate(profile["fields"])}
    for field in profile["fields"]:
        if roles[field["name"]]:
            field["role"] = roles[field["name"]]
        field["name"] = new[field["name"]]
    for table in profile["code_tables"]:
        for code in table["codes"]:
            if means[table["name"], code["value"]]:
                code["means"] = means[table["name"], code["value"]]
    for block in profile["blocks"]:
        if "when" in block:
            block["when"] = [":".join([new[field], *code]) for field, *code in (one.split(":") for one in block["when"])]
    copy = {**profile, "name": f"{name}_renamed", "format": 2, "word_order": "low_first", "no_data": NO_DATA}
    return "".join(f"{key} = {toml(value)}\n" for key, value in copy.items()), new


def write_renamed(folder):
    """Writes the copies into a new folder for PROFILES. Returns it, and the new names by profile."""
    profiles, names = folder / "renamed", {}
    profiles.mkdir()
    for name in NAMES:
        text, names[name] = renamed(name)
        (profiles / f"{name}.toml").write_text(text)
    return profiles, names
