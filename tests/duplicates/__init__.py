"""Groups of identical and near-identical images."""
