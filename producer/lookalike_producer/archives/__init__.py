"""Archives as sources: their members become references, with labels and metadata from the members beside them."""
