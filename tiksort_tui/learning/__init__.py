"""Learning: from features and folder names to calibrated probabilities. Arrays in, arrays out.

Owns the features' layout, the classifiers, their choice and calibration, and how they are saved. Knows no clip,
no video file and no encoder.
"""

from tiksort_tui.learning.evaluation import FolderScore, Report
from tiksort_tui.learning.features import block_slices, fuse
from tiksort_tui.learning.model import Classifier, FeaturesError, NotEnoughLabels, fit
from tiksort_tui.learning.storage import StorageError, load_tensors, save_tensors

__all__ = [
    "Classifier",
    "FeaturesError",
    "FolderScore",
    "NotEnoughLabels",
    "Report",
    "StorageError",
    "block_slices",
    "fit",
    "fuse",
    "load_tensors",
    "save_tensors",
]
