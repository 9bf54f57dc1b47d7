"""What a source is: a folder, glob, list, table, image, standard input, or a part of a store; or why it is none."""

from lookalike_producer.places.kinds import Listing, NamesOrPlaces, OneImage, Place, Places, Tree
from lookalike_producer.places.placed import placed
from lookalike_producer.places.suffixes import names_only

__all__ = ["Listing", "NamesOrPlaces", "OneImage", "Place", "Places", "Tree", "names_only", "placed"]
