"""Stand-ins for parts of scikit-learn that imbalanced-learn would spend most of its time in."""

from typing import Any, Self

import numpy as np

_MEGABYTES = 128  # that the search for neighbours may hold at once


class Neighbours:
    """Stands in for scikit-learn's NearestNeighbors, and searches only once.

    imbalanced-learn searches anew whenever it makes rows, by the square of a class's rows.
    """

    def __init__(self, number: int) -> None:
        self.number, self.metric = number, "minkowski"
        self.places: np.ndarray | None = None

    def fit(self, rows: Any) -> Self:
        """Find the nearest of `rows` to each of them, itself the first."""
        if self.places is None:
            from sklearn import config_context
            from sklearn.neighbors import NearestNeighbors

            with config_context(working_memory=_MEGABYTES):
                search = NearestNeighbors(n_neighbors=self.number, metric=self.metric).fit(rows)
                self.places = search.kneighbors(rows, return_distance=False)
        return self

    def kneighbors(self, rows: Any, return_distance: bool = False) -> Any:
        """Return what was found, shape (rows, number)."""
        return self.places

    kneighbors_graph = kneighbors  # only looked for

    def set_params(self, metric: str) -> None:
        """Take the metric: SMOTEN hands distances in."""
        self.metric = metric

    def __sklearn_clone__(self) -> "Neighbours":
        return self


class OneHot:
    """Stands in for scikit-learn's OneHotEncoder, whose way back takes longer than all the rest.

    Codes count from 0, so that each is a column, and a row has one 1 per column of codes.
    """

    def fit_transform(self, codes: np.ndarray) -> Any:
        """Return the sparse matrix of codes, shape (rows, codes of all columns)."""
        from scipy import sparse

        self.categories_ = [np.arange(own.max() + 1) for own in codes.T]
        sizes = [len(own) for own in self.categories_]
        self.start = np.cumsum([0, *sizes[:-1]])
        ends = np.arange(0, codes.size + 1, codes.shape[1])
        places = (codes + self.start).astype(int).ravel()
        return sparse.csr_matrix((np.ones(codes.size), places, ends), (len(codes), sum(sizes)))

    def inverse_transform(self, hot: Any) -> np.ndarray:
        """Return codes, shape (rows, columns of codes)."""
        return hot.sorted_indices().indices.reshape(hot.shape[0], -1) - self.start

    def __sklearn_clone__(self) -> "OneHot":
        return self
