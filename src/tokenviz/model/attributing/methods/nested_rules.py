"""Quadrature rules that grow: 7, 15, 31, 63 nodes, each keeping the nodes of the one before.

A Gauss–Legendre rule of n nodes is exact for polynomials of degree 2n − 1, but the next larger
rule shares no node with it, so everything computed is thrown away. Patterson's rules add n + 1
nodes to n where they help most, keep all of them, and are exact to degree about 3n / 2.

Source: Patterson 1968, "The optimum addition of points to quadrature formulae", starting from the
Gauss–Legendre rule of 3 nodes. The new nodes of an extension are the zeros of the polynomial E of
degree n + 1 for which ∫ G E q vanishes for all q up to degree n, G having the old nodes as zeros.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre

__all__ = ["LEVELS", "Array", "Rule", "rule"]

LEVELS = (7, 15, 31, 63)
"""Nodes of each rule."""

Array = npt.NDArray[np.float64]
Rule = tuple[Array, Array]
"""Nodes in (0, 1), those of the smaller rules first, and weights that add up to 1."""


@cache
def rule(level: int) -> Rule:
    """The rule of ``LEVELS[level]`` nodes."""
    nodes, _ = legendre.leggauss(3)
    for _ in range(level + 1):
        nodes = np.concatenate([nodes, _extension(nodes)])
    # Weights that integrate every Legendre polynomial up to degree n − 1: all but the first to 0.
    moments = np.zeros(len(nodes))
    moments[0] = 2
    weights = np.linalg.solve(legendre.legvander(nodes, len(nodes) - 1).T, moments)
    return (nodes + 1) / 2, weights / 2


def _extension(nodes: Array) -> Array:
    """The n + 1 nodes that extend n nodes in [−1, 1] best."""
    n = len(nodes)
    points, weights = legendre.leggauss(2 * n + 2)
    old = np.prod(points[:, None] - nodes, axis=1)
    basis = legendre.legvander(points, n + 1)
    products = np.einsum("p,pj,pk->jk", weights * old, basis, basis)
    # E = P_{n+1} + Σ c_j P_j. With n odd, G is odd and E even: only every other term is there.
    own, tests = np.arange(0, n, 2), np.arange(1, n + 1, 2)
    coefficients = np.zeros(n + 2)
    coefficients[n + 1] = 1
    coefficients[own] = np.linalg.solve(products[np.ix_(own, tests)].T, -products[n + 1, tests])
    zeros = np.real(legendre.legroots(coefficients))
    slope = legendre.legder(coefficients)
    for _ in range(2):  # Newton's method takes the last digits
        zeros = zeros - legendre.legval(zeros, coefficients) / legendre.legval(zeros, slope)
    return np.sort(zeros)
