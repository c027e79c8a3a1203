"""The command line: run, report, show, new, check, check-data, policies, environments.

Each command imports what it needs when it is called: help, and a mistyped command, need not wait for any of it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import pathlib
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.complaints import BAD_INPUT, COMMAND, WrongCommand, complain, of_command, of_failures
from experiments.stopping import STOP

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name=COMMAND,
    help="Contextual bandits, and a simulator of the people whom they serve.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

UNFIT, STOPPED = 1, 130


class Log(StrEnum):
    """What is written of single visits."""

    none = "none"
    full = "full"


Name = Annotated[
    str, typer.Argument(metavar="FILE|NAME", help="a .toml file of one's own, or the name of a shipped one")
]


@app.command()
def run(
    experiment: Name,
    *,
    out: Annotated[
        pathlib.Path | None, typer.Option("-o", "--out", help="folder for the results (default: results/<name>)")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="processes (default: one a core)")] = None,
    replications: Annotated[int | None, typer.Option(help="in place of the file's number")] = None,
    seed: Annotated[int | None, typer.Option(help="in place of the file's")] = None,
    log: Annotated[Log, typer.Option(help="full: write every visit as parquet, too")] = Log.none,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="throw away what is in the folder")] = False,
) -> None:
    """Run an experiment, or what is missing of it, and write its report. Ctrl-C stops it; the same command goes on."""
    from experiments import sweep
    from experiments.progress import cores, shown
    from experiments.spec import Experiment

    changes = {"replications": replications, "seed": seed}
    asked = Experiment.load(experiment, **{key: value for key, value in changes.items() if value is not None})
    folder = pathlib.Path("results") / asked.name if out is None else out
    try:
        with shown(asked.name) as progress:
            result = sweep.run(
                asked,
                folder,
                workers=cores() if workers is None else workers,
                log=log.value,
                overwrite=overwrite,
                progress=STOP.heeded(progress),
            )
    except KeyboardInterrupt:
        complain("stopped; what is finished is kept, and the same command goes on from there")
        raise typer.Exit(STOPPED) from None
    if result.begun:
        report(folder)
    if result.failures:
        raise typer.Exit(of_failures(result, folder))


@app.command()
def report(folder: Annotated[pathlib.Path, typer.Argument(help="a folder that `run` wrote")]) -> None:
    """Make the page again from what is stored."""
    from experiments.disk import writing
    from experiments.reports import console_table, write_report
    from experiments.result import Result

    result = Result.load(folder)
    path = folder / "report.html"
    tables = console_table(result)
    with writing(folder):
        write_report(result, path)
    console = _console()
    for table in tables:
        console.print(table)
    console.print(f"report: {path}", soft_wrap=True, highlight=False, markup=False)


@app.command()
def show(scenario: Name) -> None:
    """Show a scenario: the personas' cards, the catalogue, and what each item is worth to each persona."""
    from experiments import shop

    shop.show(scenario, _console())


@app.command()
def new(
    path: Annotated[pathlib.Path, typer.Argument(help="the file to write")],
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> None:
    """Write a commented scenario to start one's own."""
    from experiments import shop

    shop.new(str(path), force=force)
    _console().print(
        f"written: {path}; next: personabandits check {path}", soft_wrap=True, highlight=False, markup=False
    )


@app.command()
def check(scenario: Name) -> None:
    """Say what is wrong with a scenario, or how it will behave."""
    from experiments import shop

    shop.check(scenario, _console())


One = Annotated[str | None, typer.Argument(metavar="NAME", help="one of them, to be shown in full")]


@app.command()
def check_data(
    path: Annotated[
        pathlib.Path, typer.Argument(help="a log: a .csv, .tsv or .parquet file, or a folder of parquet parts")
    ],
    *,
    action: Annotated[str | None, typer.Option(help="column: what was shown (else: action, item_id)")] = None,
    reward: Annotated[str | None, typer.Option(help="column: what came of it (else: reward, click)")] = None,
    propensity: Annotated[
        str | None, typer.Option(help="column: how likely that action was (else: propensity, propensity_score)")
    ] = None,
    cohort: Annotated[str | None, typer.Option(help="column: who visited (else: cohort)")] = None,
    time: Annotated[str | None, typer.Option(help="column: when (else: time, timestamp)")] = None,
    features: Annotated[
        str | None, typer.Option(help="columns, a,b,c: what is known at the choice (else: x_…, or all others)")
    ] = None,
    gap: Annotated[
        float | None, typer.Option(help="the difference in mean reward that matters (else: best to mean action)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for a program to read")] = False,
) -> None:
    """Say whether a log is fit for use before any model is built. Exit status 1 where something forbids it."""
    from environments.log_check import Asked, check_log
    from experiments import log_fitness

    named = None if features is None else tuple(name.strip() for name in features.split(","))
    report = check_log(str(path), Asked(action, reward, propensity, cohort, time, named), gap=gap)
    if as_json:
        sys.stdout.write(log_fitness.fitness_as_json(report) + "\n")
    else:
        log_fitness.show_fitness(report, _console())
    if not report.fit:
        raise typer.Exit(UNFIT)


@app.command()
def policies(name: One = None) -> None:
    """List the policies with a line each and their parameters, or show one in full."""
    _show_shelf("policies", name)


@app.command()
def environments(name: One = None) -> None:
    """List the environments with a line each and their parameters, or show one in full."""
    _show_shelf("environments", name)


def _show_shelf(several: str, name: str | None) -> None:
    from experiments import shelf, shelves

    if name is None:
        shelf.show_all(shelves.SHELVES[several], _console())
    else:
        shelf.show_one(shelves.SHELVES[several], name, _console())


def _console() -> Console:
    from rich.console import Console

    return Console()


def main() -> None:
    """Run the command line: bad input is one line a fault and status 2; a bug is a traceback and status 1."""
    STOP.listen()
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name=COMMAND, standalone_mode=False)
    except ValueError as error:
        from bandits.errors import InputError

        if not isinstance(error, InputError):
            raise
        for line in error.lines:
            complain(line)
        sys.exit(BAD_INPUT)
    except WrongCommand as error:
        of_command(error)
        sys.exit(BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(STOPPED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(STOPPED)
    sys.exit(status or 0)


if __name__ == "__main__":
    main()
