"""The part of a handle that finds duplicates."""

from typing import TYPE_CHECKING

from lookalike.filters import Filters
from lookalike.image_index import arguments
from lookalike.image_index.base import Handle, on_open_handle

if TYPE_CHECKING:
    from lookalike.duplicates import Group


class Duplicates(Handle):
    """Find groups of identical and near-identical images."""

    @on_open_handle("embedded")
    def duplicates(
        self, threshold: float | None = None, *, filters: Filters | None = None, exact: bool = False
    ) -> "list[Group]":
        """The groups of identical and near-identical images among those that meet the filters: identical images first,
        then large groups. The same as `lookalike duplicates` lists.

        Each group names the member that we propose to keep. Nothing is deleted.

        Every member has at least `threshold` (-1 to 1) as its score with the centre: 0.98 by default, and for a model
        that is compared by distance none, which finds identical images only. `filters` and `exact` are those of
        `search`. A million images take minutes, and about 500 bytes of memory each.

        Raises IndexMissing, BadFilter, BadSetting for a threshold out of range.
        """
        from lookalike.duplicates import Comparison, default_threshold, groups_of
        from lookalike.index.checks import check_filters

        lowest = None if threshold is None else arguments.within(threshold, "threshold", -1, 1)
        conditions = check_filters(filters)
        with self._index() as index:
            if lowest is None:
                lowest = default_threshold(index)
            comparison = Comparison(index, lowest, conditions, exact=exact)
            comparison.read()
            comparison.compare()
            return list(groups_of(index, comparison.stars()))
