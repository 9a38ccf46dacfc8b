"""What the benchmarks measured, as tables in Markdown and one picture."""

from __future__ import annotations

import statistics
from io import BytesIO
from typing import Any

from workload import FLOP

OURS = "zerokara compiled"


def document(
    *, without: str, command: str, date: str, machine: str, training: str, whole: str, numerical: str, growth: str
) -> str:
    """The whole page."""
    return f"""# Benchmarks

`{command}`, {date}, on {machine}. Peers take turns in one run, each in a process of its own; figures are medians,
ratios are taken within a turn. No process has a setting of its matrix library (`benchmarks/environment.py`).{without}

## Training: 784-50-10, batch 100, float32, MNIST, with evaluations of all 70,000 images

{training}

## Whole processes, in seconds

{whole}

## The full numerical gradient of 784-50-10, batch 100, float64

{numerical}

## Growth: microseconds per update, and what `auto` takes

{growth}
"""


def training(results: dict[str, list[Any]], iterations: int) -> str:
    """One line per peer: times, memory, accuracy, ratio to ours, share of the roofline."""
    rate = statistics.median(r["facts"]["flop_per_second"] for r in _good(results["roofline"]))
    roof = FLOP / rate
    lines = [
        "| | µs per update | × roofline | updates, s | evaluations, s | total, s | ÷ zerokara | warm-up, s | peak, MB "
        "| test accuracy | matrix library |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        if name == "roofline":
            continue
        good = _good(runs)
        if not good:
            lines.append(f"| {name} | {_reason(runs)} | | | | | | | | | |")
            continue
        update = _median(good, "updates") / iterations
        ratio = statistics.median(_ratios(runs, results[OURS]) or [float("nan")])
        lines.append(
            f"| {name} | {update * 1e6:.1f} | {update / roof:.2f} | {_median(good, 'updates'):.2f} "
            f"| {_median(good, 'evaluations'):.2f} | {_median(good, 'total'):.2f} | {ratio:.2f} "
            f"| {_median(good, 'warm_up'):.1f} | {_median(good, 'peak_bytes') / 1e6:.0f} "
            f"| {_median(good, 'test_accuracy'):.4f} | {good[0]['facts']['matrix library']} |"
        )
    lines.append(
        f"\nRoofline: a dense update is {FLOP / 1e6:.1f} MFLOP, and the best matrix product seen in this run did "
        f"{rate / 1e9:.0f} GFLOP/s, so {roof * 1e6:.1f} µs. Warm-up is loading, first use and compiling."
    )
    return "\n".join(lines)


def whole(results: dict[str, list[Any]]) -> str:
    """Median, smallest and largest time of each command, and its ratio to the first one."""
    first = results[next(iter(results))]
    lines = ["| command | median | min–max | ÷ the first |", "|---|---|---|---|"]
    for name, runs in results.items():
        times = [t for t in runs if isinstance(t, float)]
        if not times:
            lines.append(f"| {name} | {_reason(runs)} | | |")
            continue
        pairs = [a / b for a, b in zip(runs, first, strict=True) if isinstance(a, float) and isinstance(b, float)]
        ratio = f"{statistics.median(pairs):.2f}" if pairs else ""
        lines.append(f"| `{name}` | {statistics.median(times):.2f} | {min(times):.2f}–{max(times):.2f} | {ratio} |")
    return "\n".join(lines)


def numerical(rows: Any) -> str:
    """Milliseconds for all 39,760 differences, and how many times the plain loop that is."""
    if not isinstance(rows, dict):
        return str(rows.reason)
    loop = rows["plain loop (the definition)"]["seconds"]
    lines = ["| | ms | plain loop ÷ this | |", "|---|---|---|---|"]
    for name, row in rows.items():
        if "missing" in row:
            lines.append(f"| {name} | {row['missing']} | | |")
        else:
            note = f"timed on {row['scaled_from']:,} of 39,760 weights" if "scaled_from" in row else ""
            lines.append(f"| {name} | {row['seconds'] * 1e3:,.2f} | {loop / row['seconds']:,.0f} | {note} |")
    return "\n".join(lines)


def growth(result: Any) -> str:
    """Both engines over sizes; `auto` against the better of the two; then threads."""
    if not isinstance(result, dict):
        return str(result.reason)
    lines = ["| hidden | batch | compiled | reference | auto | auto ÷ better |", "|---|---|---|---|---|---|"]
    for row in result["growth"]:
        better = min(row["compiled"], row["reference"])
        cells = " | ".join(f"{row[name] * 1e6:,.0f}" for name in ("compiled", "reference", "auto"))
        lines.append(f"| {'-'.join(map(str, row['hidden']))} | {row['batch']} | {cells} | {row['auto'] / better:.2f} |")
    threads = ", ".join(f"{n}: {seconds * 1e6:.0f} µs" for n, seconds in result["threads"].items())
    return (
        "\n".join(lines)
        + f"\n\nThreads, 784-50-10, batch 100, compiled: {threads}. "
        + f"The reference's matrix library: {result['matrix library']}."
    )


def picture(results: dict[str, list[Any]]) -> bytes:
    """Bars of the total time of every peer, as PNG."""
    from matplotlib.figure import Figure

    totals = {
        name: _median(_good(runs), "total") for name, runs in results.items() if name != "roofline" and _good(runs)
    }
    names = sorted(totals, key=lambda name: -totals[name])
    figure = Figure(figsize=(7.2, 0.36 * len(names) + 0.9), layout="constrained")
    axes = figure.add_subplot()
    colors = ["#1f5fa8" if name.startswith("zerokara") else "#b9cbe3" for name in names]
    bars = axes.barh(names, [totals[name] for name in names], color=colors)
    axes.bar_label(bars, fmt="%.2f s", padding=3)
    axes.set_title("10,000 updates of 784-50-10 on MNIST and 18 evaluations of 70,000 images", fontsize=10)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_xticks([])
    axes.margins(x=0.12)
    content = BytesIO()
    figure.savefig(content, dpi=110, metadata={"Software": None})
    return content.getvalue()


def _good(runs: list[Any]) -> list[dict[str, Any]]:
    return [run for run in runs if isinstance(run, dict)]


def _reason(runs: list[Any]) -> str:
    return next((run.reason for run in runs if hasattr(run, "reason")), "")


def _median(runs: list[dict[str, Any]], key: str) -> float:
    return float(statistics.median(run[key] for run in runs))


def _ratios(runs: list[Any], ours: list[Any]) -> list[float]:
    pairs = zip(runs, ours, strict=True)
    return [a["total"] / b["total"] for a, b in pairs if isinstance(a, dict) and isinstance(b, dict)]
