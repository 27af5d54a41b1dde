"""Resources of a process, and latencies from /metrics, for tables of before and after."""

from pathlib import Path

from metrics_text import of, samples

SHADOW_KB = 1 << 30  # a sanitizer reserves terabytes of addresses


def status_of(pid):
    return dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def process_figures(pid):
    """Descriptors, threads and resident kB, as the kernel counts them."""
    status = status_of(pid)
    return {"descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())), "threads": int(status["Threads"]), "resident kB": int(status["VmRSS"].split()[0])}


def is_sanitized(pid):
    """Whether its memory cannot be compared: a sanitizer delays freeing memory."""
    return int(status_of(pid)["VmSize"].split()[0]) > SHADOW_KB


def scrape(daemon):
    return samples(daemon.get("/metrics").text)


def counts_of(series, histogram):
    """Upper bound of a bucket in seconds, and how many are in it."""
    upto = sorted((float(dict(labels)["le"]), value) for (name, labels), value in series.items() if name == histogram + "_bucket")
    return [(bound, value - before) for (bound, value), (_, before) in zip(upto, [(0, 0), *upto])]


def percentile(histogram, part, after, before=None):
    """The upper bound, in seconds, of the bucket with that quantile of the counts between two scrapes."""
    earlier = [count for _, count in counts_of(before, histogram)] if before else None
    counts = [(bound, count - (earlier[place] if earlier else 0)) for place, (bound, count) in enumerate(counts_of(after, histogram))]
    total, seen = sum(count for _, count in counts), 0
    for bound, count in counts:
        seen += count
        if total and seen >= part * total:
            return bound
    return 0


def latencies(after, before=None):
    rows = {}
    for name in ("answer_latency", "cycle_duration", "cycle_start_delay", "http_request_duration", "redis_write_duration"):
        histogram = f"gensetd_{name}_seconds"
        if (histogram + "_count", ()) in after:
            rows[name] = [percentile(histogram, part, after, before) for part in (0.5, 0.99, 0.999)]
    return rows


def grown(name, after, before):
    return of(after, name) - of(before, name)


def print_table(title, rows):
    """Rows of texts or numbers, the first one the head."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    print(f"\n{title}")
    for row in texts:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
