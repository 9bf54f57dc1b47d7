"""The text side of a model: from words to vectors of the space that its images are in."""
