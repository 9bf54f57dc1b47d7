"""Ratios, and when there is none."""

from dataclasses import replace

import pytest
from lookalike_cli.speed.clock import Clock
from lookalike_cli.speed.figures import Stage, Stages, Whole, bound, efficiency, hours_per_million, per_picture, spread

STAGES = Stages(
    "run",
    100,
    (
        Stage("embed", spread([0.015, 0.014, 0.018]), spread([0.016, 0.017, 0.018])),
        Stage("bulk", spread([0.001]), spread([0.004])),
        Stage("server", spread([0.004]), None),
    ),
)
WHOLE = Whole("run", 100, spread([80.0, 70.0, 90.0]))


def test_the_bound_is_the_cores_over_the_cpu_time_of_all_stages() -> None:
    assert bound(STAGES, cores=2) == pytest.approx(100)
    assert STAGES.wall_s == pytest.approx(0.021)


def test_efficiency_is_the_share_of_the_bound_that_the_whole_reached() -> None:
    assert efficiency(STAGES, WHOLE, cores=2) == pytest.approx(0.8)


def test_sides_of_two_runs_or_of_other_pictures_give_no_ratio() -> None:
    assert efficiency(STAGES, replace(WHOLE, run="another"), cores=2) is None
    assert efficiency(STAGES, replace(WHOLE, pictures=99), cores=2) is None


def test_repeats_give_a_median_and_a_reach_a_picture() -> None:
    measured = per_picture([{"read": 3.0}, {"read": 1.0}, {"read": 8.0}], "read", pictures=2)
    assert (measured.median, measured.lowest, measured.highest) == (1.5, 0.5, 4.0)


def test_a_stage_waits_for_as_long_as_it_does_not_compute() -> None:
    embed, bulk, server = STAGES.stages
    assert bulk.waiting_s == pytest.approx(0.003) and server.waiting_s == 0
    assert embed.waiting_s == pytest.approx(0.002)


def test_a_million_pictures_take_hours() -> None:
    assert hours_per_million(1_000_000 / 7200) == pytest.approx(2)


def test_a_clock_counts_a_stage_only_where_it_belongs() -> None:
    clock = Clock()
    clock.cpu_s.update(whole=5.0, part=2.0)
    clock.take("part", out_of="whole")
    clock.take("absent", out_of="whole")
    assert dict(clock.cpu_s) == {"whole": 3.0, "part": 2.0}


def test_a_clock_counts_work_and_hands_on_what_it_gave() -> None:
    def add(number: int, *, to: int) -> int:
        return number + to

    clock = Clock()
    assert clock.timed("sum", add)(1, to=2) == 3
    assert clock.cpu_s["sum"] > 0 and clock.wall_s["sum"] > 0
