"""Draws sample images into a folder, those of each category in a folder of its own."""

import argparse
from pathlib import Path

from lookalike.samples import draw_samples

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=Path)
parser.add_argument("--each", type=int, default=6, help="images of each category")
parser.add_argument("--seed", type=int, default=7, help="another number draws other images")
parser.add_argument("--prefix", default="", help="how the names of the files begin")
given = parser.parse_args()
drawn = draw_samples(given.folder, per_class=given.each, seed=given.seed, prefix=given.prefix)
print(f"{drawn} images in {given.folder}")
