"""Regret over visits in every world of a sweep, in one picture.

    personabandits run worlds
    python benchmarks/sweep.py results/worlds docs/images/worlds.png

Reads the folder of a run in which a policy is called "Random". Regret so far is drawn as a share of Random's so far: 1
is no better than chance, and a line that falls is a policy that learns.
"""

from __future__ import annotations

import sys

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import Result

INK, GREY, RULE = "#1f1f1f", "#5c5c5c", "#e4e4e4"
LINES = (("#9a5200", "-"), ("#0069a8", "-"), ("#007a5a", "--"), ("#b8447f", "-."), ("#38246e", ":"))
"""Colours that the colour-blind can tell apart, and strokes."""
COLUMNS = 4
HIGHEST = 1.3
"""Where a panel ends: what lies above does worse than chance."""
FIRST = 0.01
"""Share of the horizon before which regret is luck, and is not drawn."""


def shares(curves: pl.DataFrame, world: str) -> pl.DataFrame:
    """Mean regret of everybody so far, as a share of Random's, a row a (policy, time) of one world."""
    rows = curves.filter(pl.col("environment") == world, pl.col("cohort") == "all")
    mean = rows.group_by("policy", "time").agg(pl.col("regret").mean(), pl.col("visits").mean())
    chance = mean.filter(policy="Random").select("time", chance=pl.col("regret") / pl.col("visits"))
    joined = mean.join(chance, on="time").filter(pl.col("chance") > 0, pl.col("visits") > 0)
    return joined.with_columns(share=pl.col("regret") / pl.col("visits") / pl.col("chance")).sort("policy", "time")


def panel(axes: Axes, table: pl.DataFrame, world: dict[str, object], policies: list[str]) -> None:
    """Draw one world."""
    about = world["about"]
    assert isinstance(about, dict)  # noqa: S101  a manifest says so
    horizon = int(about["horizon"])
    for policy, (colour, stroke) in zip(policies, LINES, strict=False):
        rows = table.filter(pl.col("policy") == policy, pl.col("time") >= FIRST * horizon)
        axes.plot(rows["time"], rows["share"].to_numpy().clip(max=HIGHEST), stroke, color=colour, lw=1.6, label=policy)
    axes.axhline(1, color=GREY, lw=0.8)
    axes.set_title(str(world["label"]), fontsize=9, loc="left", color=INK)
    axes.set_xscale("log")
    axes.set_xlim(FIRST * horizon, horizon)
    axes.set_ylim(0, HIGHEST)
    axes.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    axes.set_xlabel(f"{about['clock']}s" + ("; regret estimated" if about["estimated"] else ""), fontsize=8, color=GREY)
    axes.tick_params(labelsize=8, colors=GREY)
    axes.grid(color=RULE, lw=0.5)
    axes.spines[["top", "right"]].set_visible(False)


def draw(result: Result) -> Figure:
    """Draw all worlds."""
    worlds = result.manifest["environments"]
    informed = {policy["label"] for policy in result.manifest["policies"] if policy["informed"]}
    policies = [p["label"] for p in result.manifest["policies"] if p["label"] not in {"Random", *informed}]
    curves, rows = result.curves(), int(np.ceil(len(worlds) / COLUMNS))
    figure = Figure(figsize=(11, 2.1 * rows + 0.7), layout="constrained", dpi=150)
    grid = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
    for axes, world in zip(grid, worlds, strict=False):
        panel(axes, shares(curves, world["label"]), world, policies)
    for axes in grid[len(worlds) :]:
        axes.set_axis_off()
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), frameon=False, fontsize=9)
    figure.supylabel("regret so far, as a share of Random's", fontsize=9, color=GREY)
    return figure


if __name__ == "__main__":
    draw(Result.load(sys.argv[1])).savefig(sys.argv[2])
