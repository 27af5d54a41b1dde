"""Prometheus' text format: all samples of a scrape, after checking all that the format promises."""

import re

from prometheus_client.parser import text_string_to_metric_families


def samples(text):
    """All samples of a text in Prometheus' format, {(name, labels): value}, after checking all that it promises."""
    described, ended, current, series = {}, set(), None, {}
    for line in text.splitlines():
        head = re.fullmatch(r"# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)", line)
        sample = re.fullmatch(r"([a-z_][a-z0-9_]*)(\{.*\})? (\S+)", line)
        assert head or sample, line
        if head and head[1] == "HELP":
            ended.add(current)
            current = head[2]
            assert current not in ended, f"{current} stands in two places"
        elif head:
            assert head[2] == current and head[3] in ("counter", "gauge", "summary", "histogram"), line
            described[current] = head[3]
        else:
            kind = described[current]
            endings = {"summary": ["_sum", "_count"], "histogram": ["_bucket", "_sum", "_count"]}.get(kind, [""])
            assert sample[1] in [current + ending for ending in endings], line
            assert kind != "counter" or current.endswith("_total"), line
            float(sample[3])
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for one in family.samples:
            key = (one.name, tuple(sorted(one.labels.items())))
            assert key not in series, f"{key} comes twice"
            series[key] = one.value
    return series


def of(series, name, **labels):
    return series[(name, tuple(sorted(labels.items())))]
