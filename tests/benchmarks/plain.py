"""The plain way to classify embeddings, to measure ours beside: what is written in an afternoon, and usually used.

k-NN of 5, logistic regression with C = 1, a perceptron 256 → 128 that is stopped early on its own validation fold; the
best accuracy on those folds decides, and the softmax is shown as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.class_weight import compute_class_weight

from tiksort_tui.learning.folds import ALWAYS_TRAINING, assign_folds

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
FOLDS = 5
MAX_EPOCHS, PATIENCE, BATCH = 60, 5, 32


class Perceptron:
    """Dense 256 → 128 with dropout, Adam, class weights, until the validation loss has not fallen for 5 epochs."""

    def __init__(self, epochs: int | None = None) -> None:
        self.epochs = epochs

    def fit(self, X: Floats, y: Ints, validation: tuple[Floats, Ints] | None = None) -> Perceptron:
        torch.manual_seed(0)
        self.classes_ = np.unique(y)
        targets = torch.from_numpy(np.searchsorted(self.classes_, y))
        weights = compute_class_weight("balanced", classes=self.classes_, y=y).astype(np.float32)
        loss = torch.nn.CrossEntropyLoss(weight=torch.from_numpy(weights))
        layers: list[torch.nn.Module] = []
        for before, after in ((X.shape[1], 256), (256, 128)):
            layers += [torch.nn.Linear(before, after), torch.nn.ReLU(), torch.nn.Dropout(0.3)]
        self.network = torch.nn.Sequential(*layers, torch.nn.Linear(128, len(self.classes_)))
        optimiser = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        inputs, best, self.best_epoch, kept = torch.from_numpy(X), np.inf, 0, None
        for epoch in range(1, (self.epochs or MAX_EPOCHS) + 1):
            self.network.train()
            for batch in torch.split(torch.randperm(len(y)), BATCH):
                optimiser.zero_grad()
                loss(self.network(inputs[batch]), targets[batch]).backward()
                optimiser.step()
            if validation is None:
                continue
            probabilities = self.predict_proba(validation[0])
            known = np.isin(validation[1], self.classes_)
            truth = np.searchsorted(self.classes_, validation[1][known])
            score = -np.log(probabilities[known][np.arange(known.sum()), truth] + 1e-12).mean()
            if score < best:
                best, self.best_epoch = score, epoch
                kept = [parameter.detach().clone() for parameter in self.network.parameters()]
            elif epoch - self.best_epoch >= PATIENCE:
                break
        if kept:
            with torch.no_grad():
                for parameter, value in zip(self.network.parameters(), kept, strict=True):
                    parameter.copy_(value)
        return self

    def predict_proba(self, X: Floats) -> Floats:
        self.network.eval()
        with torch.inference_mode():
            return torch.softmax(self.network(torch.from_numpy(X)), dim=1).numpy()


@dataclass
class Plain:
    """What the plain way came to: the kind, the accuracy it claims, and the model."""

    kind: str
    claimed: float
    model: KNeighborsClassifier | LogisticRegression | Perceptron

    def predict(self, X: Floats) -> tuple[Ints, Floats]:
        """The label [n] and the confidence [n] of each row."""
        probabilities = self.model.predict_proba(X)
        return self.model.classes_[probabilities.argmax(axis=1)], probabilities.max(axis=1)


def make(kind: str, rows: int) -> KNeighborsClassifier | LogisticRegression | Perceptron:
    if kind == "knn":
        return KNeighborsClassifier(min(5, rows), metric="cosine")
    return LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000) if kind == "logistic" else Perceptron()


def plain(X: Floats, y: Ints, seed: int = 0) -> Plain:
    """The best of the three on `X` [n, d], `y` [n] by its accuracy in a 5-fold cross-validation."""
    folds = assign_folds(np.unique(y, return_inverse=True)[1], np.arange(len(y)), FOLDS, seed)
    right: dict[str, list[float]] = {"knn": [], "logistic": [], "mlp": []}
    epochs = []
    for fold in np.unique(folds[folds != ALWAYS_TRAINING]):
        held_out, training = folds == fold, folds != fold
        for kind, hits in right.items():
            model = make(kind, int(training.sum()))
            if isinstance(model, Perceptron):
                model.fit(X[training], y[training], (X[held_out], y[held_out]))
                epochs.append(model.best_epoch)
            else:
                model.fit(X[training], y[training])
            hits += (model.classes_[model.predict_proba(X[held_out]).argmax(axis=1)] == y[held_out]).tolist()
    kind = max(right, key=lambda name: float(np.mean(right[name])))
    model = Perceptron(max(1, round(float(np.mean(epochs))))) if kind == "mlp" else make(kind, len(y))
    return Plain(kind, float(np.mean(right[kind])), model.fit(X, y))
