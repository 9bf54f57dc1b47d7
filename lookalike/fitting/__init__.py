"""Makes a model from another one and a user's own images. Importing this loads neither scikit-learn nor Keras."""

from lookalike.fitting.fit import FITTED_HEADS, fit, fit_on
from lookalike.fitting.images import Gathered, gather
from lookalike.fitting.training import Training, usable

__all__ = ["FITTED_HEADS", "Gathered", "Training", "fit", "fit_on", "gather", "usable"]
