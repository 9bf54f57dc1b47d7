"""Each rule of the advice, with numbers that have one bottleneck."""

from dataclasses import replace

import pytest

from lookalike_cli.speed.advice import Diagnosis, diagnose
from lookalike_cli.speed.facts import Facts, Seat
from lookalike_cli.speed.figures import Stage, Stages, Whole, bound, spread

FACTS = Facts(
    cores=4,
    processes=4,
    chunk_size=64,
    model="efficientnet-lite0",
    dimension=256,
    precision="bf16",
    time_in_8_bits=None,
    seat=Seat.ELSEWHERE,
    megapixels=0.1,
    size_bytes=20_000,
    first_read_s=0.0001,
    busy_cores=0.0,
)
#: CPU and waiting time of each stage, in ms per image.
USUAL = {
    "read": (0.1, 0.0),
    "decode": (0.5, 0.0),
    "embed": (3.0, 0.0),
    "look-up": (0.1, 0.0),
    "encode": (0.1, 0.0),
    "bulk": (0.1, 0.1),
}


def diagnosis(
    facts: Facts = FACTS, reached: float = 0.95, server: float = 0.0, **stages: tuple[float, float]
) -> Diagnosis:
    """The advice for a rate that is `reached` of the bound; `stages` (with _ for -) replace the usual ones."""
    costs = USUAL | {name.replace("_", "-"): cost for name, cost in stages.items()}
    timed = [Stage(name, spread([cpu / 1000]), spread([(cpu + wait) / 1000])) for name, (cpu, wait) in costs.items()]
    if server:
        timed.append(Stage("server", spread([server / 1000]), None))
    measured = Stages("run", 100, tuple(timed))
    return diagnose(measured, Whole("run", 100, spread([reached * bound(measured, facts.cores)])), facts)


def test_idle_cores_come_first() -> None:
    found = diagnosis(replace(FACTS, processes=1), decode=(30.0, 0.0))
    assert found.bottleneck == "workers" and "LOOKALIKE_CONCURRENCY" in found.advice[0]


def test_fewer_processes_that_were_measured_to_be_fastest_are_enough() -> None:
    facts = replace(FACTS, processes=2, gpus=1, decoder_rates={2: 900.0, 4: 800.0})
    assert diagnosis(facts, reached=0.45).bottleneck == "embed"


def test_the_bottleneck_of_a_good_ingest_is_its_most_expensive_stage() -> None:
    found = diagnosis()
    assert found.bottleneck == "embed" and found.why == "77% of the CPU time"
    assert found.advice == ("Use more cores, or workers on more machines.",)


def test_a_large_model_in_f32_can_be_made_faster() -> None:
    found = diagnosis(replace(FACTS, model="resnet50", precision="f32"), embed=(17.0, 0.0))
    assert "bf16" in found.advice[0] and "--model efficientnet-lite0" in found.advice[1]


def test_a_gpu_that_is_waited_for_is_the_bottleneck() -> None:
    found = diagnosis(replace(FACTS, gpus=1), embed=(0.1, 3.0))
    assert found.bottleneck == "embed" and "3.0 ms per image for the GPU" in found.why
    assert "GPUs" in found.advice[0]


IN_8_BITS = "takes a third to half of the model's time on this CPU and needs an index of its own: --model"


@pytest.mark.parametrize(("model", "quick"), [("resnet50", "resnet50:int8"), ("resnet50:gem", "resnet50:gem+int8")])
def test_8_bit_integers_are_advised_for_the_model_of_the_bench(model: str, quick: str) -> None:
    facts = replace(FACTS, model=model, time_in_8_bits="a third to half")
    assert f"{IN_8_BITS} {quick}." in " ".join(diagnosis(facts, embed=(17.0, 0.0)).advice)


@pytest.mark.parametrize(
    ("model", "time"),
    [("resnet50:gem+int8", "a third to half"), ("a fitted model", "a third to half"), ("resnet50", None)],
)
def test_8_bit_integers_are_not_advised_where_they_are_used_or_cannot_be(model: str, time: str | None) -> None:
    facts = replace(FACTS, model=model, time_in_8_bits=time)
    assert "8-bit" not in " ".join(diagnosis(facts, embed=(17.0, 0.0)).advice)


def test_large_images_are_named_when_decoding_is_the_bottleneck() -> None:
    assert "12 megapixels" in diagnosis(replace(FACTS, megapixels=12.2), decode=(30.0, 0.0)).advice[0]
    small = diagnosis(decode=(30.0, 0.0))
    assert small.bottleneck == "decode" and "megapixels" not in " ".join(small.advice)


@pytest.mark.parametrize("stage", ["read", "bulk", "look_up"])
def test_more_processes_help_a_stage_that_waits(stage: str) -> None:
    found = diagnosis(FACTS, 0.95, 0.0, **{stage: (0.1, 9.0)})
    assert found.bottleneck == stage.replace("_", "-") and "9.0 ms" in found.why
    assert "LOOKALIKE_CONCURRENCY=8" in found.advice[0]


def test_a_computing_stage_that_waits_points_to_other_programs() -> None:
    found = diagnosis(embed=(3.0, 5.0))
    assert found.bottleneck == "other programs" and "embed" in found.why


def test_waiting_for_a_computing_server_on_this_machine_does_not_count() -> None:
    here = replace(FACTS, seat=Seat.HERE)
    assert diagnosis(here, server=4.0, bulk=(0.1, 4.0)).bottleneck == "server"
    found = diagnosis(here, server=0.5, bulk=(0.1, 9.0))
    assert found.bottleneck == "bulk" and "8.5 ms" in found.why
    assert "another machine" in found.advice[0]


def test_time_outside_the_stages_belongs_to_the_queue_or_to_other_programs() -> None:
    lost = diagnosis(reached=0.6)
    assert lost.bottleneck == "queue" and "40%" in lost.why and "LOOKALIKE_CHUNK_SIZE=128" in lost.advice[0]
    assert "--count" in diagnosis(replace(FACTS, chunk_size=8), reached=0.6).advice[0]
    assert diagnosis(replace(FACTS, busy_cores=3.0), reached=0.6).bottleneck == "other programs"


def test_the_largest_chunk_size_is_not_increased() -> None:
    assert "CHUNK_SIZE" not in " ".join(diagnosis(replace(FACTS, chunk_size=1024), reached=0.6).advice)


def test_the_embedded_index_and_long_vectors_are_named_when_writing_is_the_bottleneck() -> None:
    found = diagnosis(replace(FACTS, seat=Seat.EMBEDDED, dimension=2048), bulk=(9.0, 0.0))
    assert found.bottleneck == "bulk" and "one writer" in found.advice[0] and "2,048" in found.advice[-1]


def test_a_slow_first_read_is_always_reported() -> None:
    found = diagnosis(replace(FACTS, first_read_s=0.05))
    assert found.bottleneck == "embed" and "50.0 ms" in found.advice[-1]
