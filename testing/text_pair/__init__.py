"""A pair of encoders of one space, for images and for texts, trained in seconds on the drawings of the demo."""
