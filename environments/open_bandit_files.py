"""The shipped sample of the Open Bandit Dataset: uniformly random logs of a fashion shop, made fit for a replay.

E impressions, K items, D visitor features, M item features.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from bandits.protocol import Floats
from environments.replay import Log
from environments.replay_estimates import estimate
from environments.shipped import content
from environments.table_columns import features_of, groups_of

if TYPE_CHECKING:
    import polars as pl

Campaign = Literal["all", "men", "women"]
UserFeature = Literal["user_feature_0", "user_feature_1", "user_feature_2", "user_feature_3"]
USER_FEATURES: tuple[UserFeature, ...] = ("user_feature_0", "user_feature_1", "user_feature_2", "user_feature_3")
ITEM_FEATURES = ("item_feature_1", "item_feature_2", "item_feature_3")

SHIPPED = Path(__file__).parent / "data" / "open_bandit"
SHA256 = {
    "bts_all.parquet": "6b38898cebc31792c3de210916fe7ec20a8e4c5c4e3825631fae2c7fab8aa584",
    "bts_men.parquet": "6b5f0b1f708121e20040bb9f62f4c462d77205c45d81bd45d24779f9a5e385a1",
    "bts_women.parquet": "b21a8ef6483bf680c98d209171ebd56b10622bd8e121f2074d53124172fc5357",
    "items_all.parquet": "e9aae7fbf612790d7384b61e998bf1e9ec24fdb3dc81ffc514ea84dc584aa35b",
    "items_men.parquet": "00ec30a55040c615087e3dc4b640cb02459fc21d973cfd7e27f334764b20ad17",
    "items_women.parquet": "5fe59bd287e96e6edb822a7cbb5bba84842fc33e3bfdc03ab2966f0b8d359333",
    "random_all.parquet": "fd4ebdbb9bb18471a5e9fea689992d67715b0f717b25848d4bdc9a47f75f0f53",
    "random_men.parquet": "9956a8877d446809e94074af74871aed2c518cf10f19e105a5054b971595b424",
    "random_women.parquet": "d736aa4b23928a99bc0c87c9177fe4a1944bb72277c863c5d6c75ed6f8384ab6",
}

FEWEST_IMPRESSIONS = 100
"""Values of a user feature with fewer are put together as "other"."""
FEWEST_ITEMS = 3
"""Values of an item feature with fewer are put together as "other"."""
OTHER = "other"
DIGITS = 4


def read(name: str, folder: Path = SHIPPED) -> pl.DataFrame:
    """Read a shipped file.

    Raises:
        InputError: when it is missing, or is not, byte for byte, the one that this code was written for.
    """
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    return pl.read_parquet(io.BytesIO(content(folder / name, SHA256[name])))


@lru_cache
def load(campaign: Campaign, cohort: UserFeature) -> tuple[Log, tuple[str, ...]]:
    """The random log of a campaign, and the short names of its cohorts, once a process.

    Raises:
        InputError: as `read` does.
    """
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    frame = read(f"random_{campaign}.parquet")
    items = read(f"items_{campaign}.parquet").sort("item_id")
    people = pl.DataFrame(
        {name: fold(short(frame[name].to_list()), FEWEST_IMPRESSIONS) for name in USER_FEATURES}
        | {"position": [str(position) for position in frame["position"]]}
    )
    keys, group = groups_of(people[cohort])
    visitors = features_of(people, tuple(people.columns))
    names, z = item_features(items)
    action, reward = frame["item_id"].to_numpy().astype(np.int64), frame["click"].to_numpy().astype(np.float64)
    propensity = frame["propensity_score"].to_numpy()
    log = Log(
        actions=tuple(f"item {item}" for item in items["item_id"]),
        features=visitors.names,
        x=visitors.x,
        action=action,
        reward=reward,
        propensity=propensity,
        cohort=group,
        estimates=estimate(group, action, reward, 1 / propensity, len(keys), len(items)),
        action_features=names,
        z=z,
    )
    return log, keys


def item_features(items: pl.DataFrame) -> tuple[tuple[str, ...], Floats]:
    """Names (M,) and features (K, M) of the items: a constant, the number, and the commoner categories."""
    import polars as pl  # noqa: PLC0415  heavy: imported where it is used

    table = pl.DataFrame(
        {"item_feature_0": items["item_feature_0"]}
        | {name: fold(short(items[name].to_list()), FEWEST_ITEMS) for name in ITEM_FEATURES}
    )
    features = features_of(table, tuple(table.columns))
    return features.names, features.x


def short(hashes: Sequence[str]) -> list[str]:
    """The first digits of hashed categories, where these tell them apart."""
    digits = DIGITS
    while len({text[:digits] for text in hashes}) < len(set(hashes)):
        digits += 1
    return [f"{text[:digits]}…" for text in hashes]


def fold(values: Sequence[str], least: int) -> list[str]:
    """The values, with the rare ones put together as "other".

    These are the values of fewer than `least` rows and, where there are any, the rarest of the others until they have
    as many together; never the most frequent one.
    """
    count = Counter(values)
    rare: set[str] = set()
    for value in sorted(count, key=lambda value: (count[value], value))[:-1]:
        if count[value] >= least and (not rare or sum(count[v] for v in rare) >= least):
            break
        rare.add(value)
    return [OTHER if value in rare else value for value in values]
