"""A scenario on the terminal: what is in it (`show`), a file to start from (`new`), and whether it holds (`check`)."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bandits.errors import InputError
from bandits.protocol import Floats
from environments.shop.features import Likelihood
from environments.shop.persona import Persona
from environments.shop.scenario import Scenario
from environments.shop.worth import worth
from experiments.prospects import prospects_of, warnings_of
from experiments.shop_changes import changes_of

TEMPLATE = Path(__file__).parent.parent / "environments" / "new_shop.toml"


def show(name_or_path: str, console: Console) -> None:
    """Print the cards, the catalogue, and what each item is worth to each persona.

    Raises:
        InputError: when there is no such scenario, or it is faulty.
    """
    scenario = Scenario.load(name_or_path)
    truth = worth(scenario.personas, scenario.items)
    _say(console, scenario.title, "bold")
    _say(
        console,
        f"{scenario.customers:,} customers, {scenario.days} days, {len(scenario.items)} items. "
        "Welfare is in utils (logits): what being shown an item is worth, next to being shown nothing.",
    )
    _say(console, "\nCatalogue", "bold")
    console.print(_catalogue(scenario))
    _changes(console, scenario)
    for c, persona in enumerate(scenario.personas):
        _say(console, f"\n{persona.name}, {persona.role}", "bold")
        console.print(_card(scenario, persona))
        console.print()
        console.print(_items(scenario, persona, truth.welfare[c], truth.buy[c], truth.returned[c]))
    _say(
        console,
        "\nAverages over each persona's customers. good: welfare above 0. "
        f"bad: below −{scenario.tolerance:g}. harmless: in between.",
    )


def new(path: str, *, force: bool = False) -> None:
    """Write a commented scenario to start one's own from.

    Args:
        path: of the file, ending with .toml.
        force: write over what is there.

    Raises:
        InputError: when there is something already, or no such folder.
    """
    file = Path(path).expanduser()
    if file.is_dir():
        raise InputError("is a folder; name a .toml file in it", path)
    if file.suffix != ".toml":
        raise InputError(f"must end with .toml; call it {file.with_suffix('.toml').name}", path)
    if not file.parent.is_dir():
        raise InputError(f"must be in a folder that is there; make {str(file.parent)!r} first", path)
    try:
        with file.open("w" if force else "x", encoding="utf-8") as target:
            target.write(TEMPLATE.read_text("utf-8"))
    except FileExistsError:
        raise InputError("is there already; choose another name, or --force", path) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path) from None


def check(path: str, console: Console) -> None:
    """Say how a scenario will behave.

    Raises:
        InputError: all that is wrong with it.
    """
    scenario = Scenario.load(path)
    prospects = prospects_of(scenario)
    total = sum(prospect.visits for prospect in prospects)
    _say(console, f"{path} is sound.", "bold")
    a_day = total / scenario.days
    _say(console, f"If nobody leaves, about {total:,.0f} visits in {scenario.days} days: {a_day:,.1f} a day.\n")
    table = _table()
    table.add_column("persona", overflow="fold")
    for heading in ("customers", "visits", "good items"):
        table.add_column(heading, justify="right")
    table.add_column("best item (welfare)", overflow="fold")
    table.add_column("recognised", justify="right")
    for p in prospects:
        table.add_row(
            Text(p.persona.name),
            f"{p.customers:,.0f}",
            f"{p.visits:,.0f}",
            f"{p.good} of {len(scenario.items)}",
            Text(f"{p.best} ({_signed(p.welfare)})"),
            f"{p.recall:.0%}",
        )
    console.print(table)
    _say(console, "\nrecognised: of the persona's visits, by whoever knows all cards and sees one visit's features.")
    _changes(console, scenario)
    warnings = warnings_of(scenario, prospects)
    _say(console, f"{len(warnings)} warning{'s' * (len(warnings) != 1)}:" if warnings else "No warnings.", "bold")
    for line in warnings:
        console.print(Padding(Text(f"- {line}", "yellow"), (0, 0, 0, 2)))


def _changes(console: Console, scenario: Scenario) -> None:
    """Say what changes while the shop is open; nothing where nothing does."""
    lines = changes_of(scenario)
    if lines:
        _say(console, "\nWhat changes", "bold")
    for line in lines:
        console.print(Padding(Text(f"- {line}"), (0, 0, 0, 2)))


def _catalogue(scenario: Scenario) -> Table:
    table = _table()
    table.add_column("item", overflow="fold")
    for heading in (f"price {scenario.currency}", f"margin {scenario.currency}", "hype", "defect"):
        table.add_column(Text(heading), justify="right")
    table.add_column("what it is", overflow="fold", ratio=1)
    for item in scenario.items:
        phi = ", ".join(
            f"{name} {value:g}" for name, value in zip(scenario.attributes, item.attributes, strict=True) if value
        )
        numbers = (f"{item.price:,.2f}", f"{item.margin:,.2f}", f"{item.appeal:g}", f"{item.defect:g}")
        table.add_row(Text(item.name), *numbers, Text(f"{phi}. {item.note}" if item.note else phi))
    return table


def _card(scenario: Scenario, persona: Persona) -> Table:
    table = _table()
    table.show_header = False
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    rate = sum(p.share * p.visit_rate for p in scenario.personas)
    of_visits = persona.share * persona.visit_rate / rate
    numbers = (
        f"{persona.share:.0%} of customers, {of_visits:.0%} of visits; "
        f"a visit every {1 / persona.visit_rate:.0f} days; "
        f"buys for {scenario.currency}{persona.organic_sales:g} a visit unasked"
    )
    seen = ", ".join(
        _likelihood(likelihood, feature.kind)
        for likelihood, feature in zip(persona.features, scenario.features, strict=True)
    )
    card = {
        "Profile": persona.profile,
        "Motivations": persona.motivations,
        "Goals": persona.goals,
        "Numbers": numbers,
        "Features": seen,
    }
    for heading, text in card.items():
        table.add_row(heading, Text(text))
    return table


def _likelihood(likelihood: Likelihood, kind: str) -> str:
    if kind == "yes-no":
        return f"{likelihood.name} {likelihood.mean:.0%}"
    return f"{likelihood.name} " + f"{likelihood.mean:g} ± {likelihood.sd:g}".replace("-", "−")


def _items(scenario: Scenario, persona: Persona, welfare: Floats, buy: Floats, returned: Floats) -> Table:
    table = _table()
    table.add_column(Text(f"worth to {persona.name}"), overflow="fold")
    for heading in ("welfare", "P(buy)", "P(returned)"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for j in (-welfare).argsort(kind="stable"):
        word, style = _verdict(welfare[j], scenario.tolerance)
        numbers = (_signed(welfare[j]), f"{buy[j]:.3f}", f"{returned[j]:.3f}")
        table.add_row(Text(scenario.items[j].name), *numbers, Text(word, style))
    return table


def _verdict(welfare: float, tolerance: float) -> tuple[str, str]:
    if welfare > 0:
        return "good", "green"
    return ("bad", "red") if welfare < -tolerance else ("harmless", "dim")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style))
