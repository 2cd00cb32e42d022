"""Figures as they go to the screen and to docs/performance.md: Markdown, aligned to be read as it is."""
import datetime
import os
import pathlib
import statistics
import subprocess


def machine():
    """Date, commit and machine, in one line."""
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True,
                            cwd=pathlib.Path(__file__).parent, check=False).stdout.strip()
    return f"{datetime.date.today()}, commit {commit or 'unknown'}, {os.cpu_count()} cores ({model})"


def show(title, command, columns, rows, notes=()):
    """Prints a table; a row is a list of texts."""
    print(f"\n### {title}\n\n`{command}`, {machine()}\n")
    widths = [max(len(str(line[i])) for line in [columns, *rows]) for i in range(len(columns))]
    for line in [columns, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(line, widths)) + " |")
    for note in notes:
        print(f"\n{note}")
    print(flush=True)


def min_median(values, digits=1):
    return f"{min(values):.{digits}f} / {statistics.median(values):.{digits}f}"


def count(value):
    """A number of requests a second, in thousands."""
    return f"{value / 1000:.1f}k"
