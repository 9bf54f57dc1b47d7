"""The constants of generalized-mean pooling (Radenovic, Tolias and Chum, 2018): a larger power is nearer to the
maximum."""

#: The initial value in the paper, and usual for networks that were not trained with it.
GEM_POWER = 3.0
#: Keeps the root and its gradient defined.
SMALLEST = 1e-6
