"""Learning: from features and folder names to calibrated probabilities. Arrays in, arrays out.

Owns the features' layout, the classifiers, their choice and calibration, what may be promised of them, the order in
which clips are shown, and how models are saved. Knows no clip, no video file and no encoder.
"""

from tiksort_tui.learning.features import block_slices, fuse
from tiksort_tui.learning.fitting import fit, refit
from tiksort_tui.learning.misfilings import ODD_ONE_OUT, fits_somewhere
from tiksort_tui.learning.model import Classifier, FeaturesError, NotEnoughLabels
from tiksort_tui.learning.order import least_sure_first, most_different_first, surest_first
from tiksort_tui.learning.promise import audit
from tiksort_tui.learning.similar import alike_groups, nearest_labelled
from tiksort_tui.learning.storage import StorageError, load_tensors, save_tensors
from tiksort_tui.learning.zero_shot import pool, prompts

__all__ = [
    "ODD_ONE_OUT",
    "Classifier",
    "FeaturesError",
    "NotEnoughLabels",
    "StorageError",
    "alike_groups",
    "audit",
    "block_slices",
    "fit",
    "fits_somewhere",
    "fuse",
    "least_sure_first",
    "load_tensors",
    "most_different_first",
    "nearest_labelled",
    "pool",
    "prompts",
    "refit",
    "save_tensors",
    "surest_first",
]
