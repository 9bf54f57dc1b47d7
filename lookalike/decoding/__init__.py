"""From the bytes of an image file to a Pillow image: each format's file is first reduced to what its pixels need.

A module for each format (`jpeg`, `png`, ...) walks its file with bounded work and returns an `Encoded`; `readers` gives
only that to Pillow. So texts, comments, profiles and thumbnails never decide whether an image is accepted, and cannot
cost memory or time, whatever they contain.
"""
