"""Whether a log is fit for use, on the terminal or as JSON (`check-data`)."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from environments.log_check import Column, Finding, LogReport, Severity
from environments.log_check.finding import count

HEADINGS = {Severity.forbids: "Forbids use", Severity.warns: "Warnings", Severity.fine: "Fine"}
STYLES = {Severity.forbids: "bold red", Severity.warns: "bold yellow", Severity.fine: "bold green"}
MOST_FEATURES = 12
"""More of them are counted, not shown."""


def show_fitness(report: LogReport, console: Console) -> None:
    """Print the verdict, the findings by severity, and the columns."""
    console.print(Text(_verdict(report), "bold"), soft_wrap=True)
    console.print(Text(_size(report)))
    for severity in Severity:
        findings = report.of(severity)
        if findings:
            console.print(Text(f"\n{HEADINGS[severity]}", STYLES[severity]))
        for finding in findings:
            _show(finding, console)
    console.print(Text("\nColumns", "bold"))
    console.print(_table(report.columns))
    hidden = sum(column.role == "feature" for column in report.columns) - MOST_FEATURES
    if hidden > 0:
        console.print(Text(f"and {count(hidden, 'more feature')} (--json lists all)"))


def fitness_as_json(report: LogReport) -> str:
    """The same for a program: `path`, `fit`, `visits`, `actions`, `cohorts`, `findings`, `columns`."""
    said = asdict(report)
    columns, findings = said.pop("columns"), said.pop("findings")
    whole = {"path": said.pop("path"), "fit": report.fit, **said, "findings": findings, "columns": columns}
    return json.dumps(whole, indent=2, ensure_ascii=False)


def _verdict(report: LogReport) -> str:
    forbidding, warning = len(report.of(Severity.forbids)), len(report.of(Severity.warns))
    warnings = count(warning, "warning") if warning else "no warnings"
    if not forbidding:
        return f"{report.path}: fit for use, {warnings}"
    several = "1 finding forbids it" if forbidding == 1 else f"{forbidding} findings forbid it"
    return f"{report.path}: not fit for use: {several}, {warnings}"


def _size(report: LogReport) -> str:
    features = sum(column.role == "feature" for column in report.columns)
    parts = [(report.visits, "visit"), (report.actions, "action"), (features, "feature"), (report.cohorts, "cohort")]
    return ", ".join(count(number, word) if number else f"no {word}s" for number, word in parts) + "."


def _show(finding: Finding, console: Console) -> None:
    """One finding; what it means and what to do are set in."""
    _indented(Text.assemble((f"{finding.check}: ", "bold"), finding.seen), 2, console)
    for line, style in ((finding.means, ""), (finding.do and f"To do: {finding.do}", "cyan")):
        if line:
            _indented(Text(line, style), 6, console)


def _indented(text: Text, by: int, console: Console) -> None:
    """Wrapped and set in, with no blanks at the ends of lines."""
    for line in text.wrap(console, max(console.width - by, 1)):
        line.rstrip()
        console.print(Text(" " * by) + line)


def _table(columns: tuple[Column, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("name", overflow="fold")
    table.add_column("type", overflow="fold")
    table.add_column("role")
    table.add_column("nulls", justify="right")
    table.add_column("distinct", justify="right")
    features = 0
    for column in columns:
        features += column.role == "feature"
        if column.role == "feature" and features > MOST_FEATURES:
            continue
        distinct = "–" if column.distinct is None else f"{column.distinct:,}"
        name = column.name if column.name.isprintable() else repr(column.name)
        table.add_row(Text(name), Text(column.type), column.role, f"{column.nulls:,}", distinct)
    return table
