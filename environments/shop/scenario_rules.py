"""The rules that hold between the parts of a scenario: shares add up, names differ, every feature is declared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bandits.errors import Fault, Path
from environments.shop.catalogue import Item
from environments.shop.features import Feature, Likelihood
from environments.shop.objective import Objective
from environments.shop.persona import Persona
from environments.shop.utility import utilities

ROUNDING = 1e-6
REACH = 500
RESERVED = {
    "persona": ("all", "which stands for all personas together"),
    "item": ("nothing", "which stands for no recommendation"),
    "feature": ("constant", "which is always there"),
}


def disagreements(
    attributes: Sequence[str],
    features: Sequence[Feature],
    personas: Sequence[Persona],
    items: Sequence[Item],
    objectives: Sequence[Objective],
) -> list[Fault]:
    """Find all that does not fit together, each with its place in a scenario's file."""
    parts = {"feature": features, "persona": personas, "item": items, "objective": objectives}
    faults = [Fault("must have at least one", (part,)) for part, things in parts.items() if not things]
    faults += attributes_named(attributes)
    faults += distinct([feature.name for feature in features], ("feature",))
    for part, things in (("persona", personas), ("item", items), ("objective", objectives)):
        faults += distinct([thing.key for thing in things], (part,))
    faults += names_differ("persona", personas) + names_differ("item", items)
    faults += shares_add_up([(persona.key, persona.share) for persona in personas])
    for persona in personas:
        faults += as_many(persona.taste, attributes, ("persona", persona.key, "taste"))
        faults += fits(features, persona.features, ("persona", persona.key, "features"))
    for item in items:
        faults += as_many(item.attributes, attributes, ("item", item.key, "attributes"))
    return faults or within_reach(personas, items)


def attributes_named(attributes: Sequence[str]) -> list[Fault]:
    """At least one attribute, and each once."""
    where = ("scenario", "attributes")
    return distinct(attributes, where) if attributes else [Fault("must name at least one attribute, got none", where)]


def distinct(words: Sequence[str], where: Path) -> list[Fault]:
    """Every word once, and none that is reserved."""
    faults = [
        Fault(f"must be there once, got {words.count(word)} of it", (*where, word))
        for word in sorted({word for word in words if list(words).count(word) > 1})
    ]
    reserved, meaning = RESERVED.get(str(where[-1]), ("", ""))
    faults += [
        Fault(f"must be called something else than {word!r}, {meaning}", (*where, word))
        for word in words
        if reserved and word.lower() == reserved
    ]
    return faults


def names_differ(part: str, things: Iterable[Persona | Item]) -> list[Fault]:
    """Every name once, since people know them by it, and none that is reserved."""
    faults, seen = [], dict[str, str]()
    reserved, meaning = RESERVED[part]
    for thing in things:
        if thing.name.strip().lower() == reserved:
            what = f"must be something else than {thing.name!r}, {meaning}"
            faults.append(Fault(what, (part, thing.key, "name")))
        if thing.name in seen:
            what = f"must differ from the name of {part}.{seen[thing.name]}, got {thing.name!r} twice"
            faults.append(Fault(what, (part, thing.key, "name")))
        seen.setdefault(thing.name, thing.key)
    return faults


def shares_add_up(shares: Sequence[tuple[str, float]]) -> list[Fault]:
    """The shares of the personas are of all customers."""
    total = math.fsum(share for _, share in shares)
    if not shares or abs(total - 1) <= ROUNDING:
        return []
    return [Fault(f"the shares of all personas must add up to 1, got {total:.7g}", ("persona", shares[0][0], "share"))]


def as_many(values: Sequence[float], attributes: Sequence[str], where: Path) -> list[Fault]:
    """One value an attribute."""
    if len(values) == len(attributes):
        return []
    what = f"must have {len(attributes)} entries, one an attribute ({', '.join(attributes)}), got {len(values)}"
    return [Fault(what, where)]


def within_reach(personas: Sequence[Persona], items: Sequence[Item]) -> list[Fault]:
    """Anticipated utilities that a logit can hold, for all but one customer in a thousand million."""
    if not personas or not items:
        return []
    u = utilities(personas, items)
    faults = []
    for persona, mean, reach in zip(personas, u.mean, abs(u.mean) + 6 * u.sd, strict=True):
        j = int(reach.argmax())
        if reach[j] > REACH:
            what = (
                f"must anticipate utilities within ±{REACH}, got {mean[j]:.4g} for item.{items[j].key}; "
                "are the prices and price_sensitivity in the same currency?"
            )
            faults.append(Fault(what, ("persona", persona.key)))
    return faults


def fits(features: Sequence[Feature], likelihoods: Sequence[Likelihood], where: Path) -> list[Fault]:
    """Each feature declared, in order, and a yes-no by a probability."""
    wanted, got = [f.name for f in features], [likelihood.name for likelihood in likelihoods]
    if wanted != got:
        what = f"must declare every feature in order ({', '.join(wanted)}), got {', '.join(got) or 'none'}"
        return [Fault(what, where)]
    return [
        Fault(f"must be a probability above 0 and below 1, got {likelihood.mean:g}", (*where, feature.name))
        for feature, likelihood in zip(features, likelihoods, strict=True)
        if feature.kind == "yes-no" and not 0 < likelihood.mean < 1
    ]
