"""A pair of encoders, trained on small drawings, finds drawings that it has not seen by what they show."""

from pathlib import Path

from lookalike import factories
from lookalike.settings import read_settings
from testing.text_pair.held_back import held_back, hits

#: Of captions that name colour and class, how many find such a drawing among the first ten.
LEAST = 0.95


def test_captions_of_colour_and_shape_find_drawings_that_were_held_back(text_pair: Path, tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path, model=str(text_pair))
    spec = factories.model_spec(settings)
    embed = factories.embedder(settings, spec, threads=2)
    encode = factories.text_encoder(settings, spec, embed.identity)
    found = hits(held_back(settings, embed, per_class=8), encode)
    assert min(found.values()) >= LEAST, found
