"""A pair of encoders, trained on small drawings, finds drawings that it has not seen by what they show."""

from pathlib import Path

from lookalike import factories
from lookalike.samples import PAINTERS
from lookalike.settings import read_settings
from testing.text_pair.held_back import K, held_back, hits

#: Of captions that name colour and class, how many find such a drawing among the first ten.
LEAST = 0.95
#: Every third class, with more drawings than the first ten: the class alone is not enough.
LABELS = tuple(PAINTERS)[::3]
PER_CLASS = 14


def test_captions_of_colour_and_shape_find_drawings_that_were_held_back(text_home: Path, text_pair: Path) -> None:
    assert PER_CLASS > K
    settings = read_settings(home=text_home, model=str(text_pair))
    spec = factories.model_spec(settings)
    embed = factories.embedder(settings, spec, threads=2)
    encode = factories.text_encoder(settings, spec, embed.identity)
    found = hits(held_back(settings, embed, PER_CLASS, LABELS), encode)
    assert min(found.values()) >= LEAST, found
