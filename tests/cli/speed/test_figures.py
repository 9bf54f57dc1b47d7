"""Rates, bounds and ratios."""

from dataclasses import replace

import pytest

from lookalike.stage_clock import StageClock
from lookalike_cli.speed.figures import (
    Stage,
    Stages,
    Whole,
    bound,
    efficiency,
    forward_rate,
    hours_per_million,
    per_image,
    spread,
)

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
    assert forward_rate(STAGES, cores=2) == pytest.approx(2 / 0.015)


def test_efficiency_is_the_rate_over_the_bound() -> None:
    assert efficiency(STAGES, WHOLE, cores=2) == pytest.approx(0.8)


def test_different_runs_or_images_have_no_efficiency() -> None:
    assert efficiency(STAGES, replace(WHOLE, run="another"), cores=2) is None
    assert efficiency(STAGES, replace(WHOLE, images=99), cores=2) is None


def test_repeats_give_a_median_and_a_range_per_image() -> None:
    measured = per_image([{"read": 3.0}, {"read": 1.0}, {"read": 8.0}], "read", images=2)
    assert (measured.median, measured.lowest, measured.highest) == (1.5, 0.5, 4.0)


def test_waiting_is_wall_time_without_cpu_time() -> None:
    embed, bulk, server = STAGES.stages
    assert bulk.waiting_s == pytest.approx(0.003) and server.waiting_s == 0
    assert embed.waiting_s == pytest.approx(0.002)


def test_a_million_images_take_hours() -> None:
    assert hours_per_million(1_000_000 / 7200) == pytest.approx(2)


def test_the_time_of_an_inner_stage_is_subtracted_from_the_outer_one() -> None:
    clock = StageClock()
    clock.cpu_s.update(whole=5.0, part=2.0)
    clock.take("part", out_of="whole")
    clock.take("absent", out_of="whole")
    assert dict(clock.cpu_s) == {"whole": 3.0, "part": 2.0}


def test_a_clock_times_work_and_returns_its_result() -> None:
    def add(number: int, *, to: int) -> int:
        return number + to

    clock = StageClock()
    assert clock.timed("sum", add)(1, to=2) == 3
    assert clock.cpu_s["sum"] > 0 and clock.wall_s["sum"] > 0
