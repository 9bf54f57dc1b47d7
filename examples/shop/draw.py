"""Draws the images that products.csv names into the folder `pictures` beside it."""

import os
from pathlib import Path

from lookalike.samples import draw_samples

PER_CATEGORY = 6

pictures = Path(__file__).parent / "pictures"
drawn = draw_samples(pictures, per_class=PER_CATEGORY)
print(f"{drawn} images in {os.path.relpath(pictures)}")
