"""Texts find drawings that no encoder has seen, by what they show: with a pair that is trained here, and with the word
vectors of the install."""

from pathlib import Path

import numpy as np
import pytest

from lookalike import factories
from lookalike.embedding.specs.spec import IMAGE_SIZE
from lookalike.samples import PAINTERS
from lookalike.settings import read_settings
from testing.text_pair.held_back import Decoded, K, decoded, hits

#: Of captions that name colour and class, how many find such a drawing among the first ten.
LEAST = 0.95
#: The same with the word vectors of the install, whose images have the vectors of the default model.
LEAST_OF_WORDS = 0.8
#: Every third class, with more drawings than the first ten: the class alone is not enough.
LABELS = tuple(PAINTERS)[::3]
PER_CLASS = 14


@pytest.fixture(scope="module")
def drawn(text_home: Path) -> Decoded:
    assert PER_CLASS > K
    return decoded(read_settings(home=text_home), IMAGE_SIZE, PER_CLASS, LABELS)


def test_captions_of_colour_and_shape_find_drawings_that_were_held_back(
    drawn: Decoded, text_home: Path, text_pair: Path
) -> None:
    settings = read_settings(home=text_home, model=str(text_pair))
    spec = factories.model_spec(settings)
    embed = factories.embedder(settings, spec, threads=2)
    found = hits(drawn.seen_by(embed), factories.text_encoder(settings, spec, embed.identity))
    assert min(found.values()) >= LEAST, found


def test_words_of_the_install_find_what_the_demo_draws(drawn: Decoded, model_home: Path) -> None:
    # Its images have the vectors of the default model, which is built already.
    embed = factories.embedder(settings := read_settings(home=model_home), factories.model_spec(settings), threads=2)
    pair = factories.model_spec(read_settings(home=model_home, model="demo-pair"))
    encode = factories.text_encoder(settings, pair, embed.identity)
    seen = drawn.seen_by(embed)
    nearest = np.argsort(-(encode([label.replace("-", " ") for label in LABELS]) @ seen.vectors.T), axis=1)[:, :K]
    kinds = [[seen.shown[place][1] for place in places] for places in nearest]
    assert kinds == [[label] * K for label in LABELS]
    found = hits(seen, encode)
    assert min(found.values()) >= LEAST_OF_WORDS, found
