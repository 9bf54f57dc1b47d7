"""Groups of identical and near-identical images of an index, and which image of a group to keep."""

from lookalike.duplicates.comparison import Advance, Comparison, Searchable, default_threshold
from lookalike.duplicates.groups import Group, Member, groups_of
from lookalike.duplicates.removable import removable
from lookalike.duplicates.stars import Star

__all__ = [
    "Advance",
    "Comparison",
    "Group",
    "Member",
    "Searchable",
    "Star",
    "default_threshold",
    "groups_of",
    "removable",
]
