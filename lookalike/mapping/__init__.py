"""Maps of an index: every image as a point in two dimensions, like images near one another."""
