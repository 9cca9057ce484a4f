"""VBx without the Markov chain, number by number (Landini et al. 2022, eq. 16, 17, 23, 25)."""

from __future__ import annotations

import math
from typing import NamedTuple

Matrix = list[list[float]]


class Belief(NamedTuple):
    """Responsibilities (rows, speakers), priors, and the bound after every round."""

    gamma: Matrix
    priors: list[float]
    elbo: list[float]


def vbx(features: Matrix, phi: list[float], gamma: Matrix, fa: float, fb: float) -> Belief:
    """At most twenty rounds; the first that gains less than 1e-4 is the last."""
    speakers = range(len(gamma[0]))
    dims = range(len(phi))
    priors = [1 / len(speakers) for _ in speakers]
    elbo: list[float] = []
    for _ in range(20):
        variance: Matrix = []
        mean: Matrix = []
        for s in speakers:
            occupancy = sum(row[s] for row in gamma)
            variance.append([1 / (1 + fa / fb * occupancy * phi[d]) for d in dims])
            mean.append([])
            for d in dims:
                first = sum(
                    g[s] * x[d] * math.sqrt(phi[d]) for g, x in zip(gamma, features, strict=True)
                )
                mean[s].append(fa / fb * variance[s][d] * first)
        gamma, bound = [], 0.0
        for x in features:
            joint = []
            for s in speakers:
                log_p = -0.5 * (sum(v * v for v in x) + len(phi) * math.log(2 * math.pi))
                for d in dims:
                    log_p += x[d] * math.sqrt(phi[d]) * mean[s][d]
                    log_p -= 0.5 * phi[d] * (variance[s][d] + mean[s][d] ** 2)
                joint.append(fa * log_p + math.log(priors[s] + 1e-8))
            top = max(joint)
            evidence = top + math.log(sum(math.exp(j - top) for j in joint))
            gamma.append([math.exp(j - evidence) for j in joint])
            bound += evidence
        priors = [sum(row[s] for row in gamma) for s in speakers]
        priors = [prior / sum(priors) for prior in priors]
        for s in speakers:
            for d in dims:
                v, m = variance[s][d], mean[s][d]
                bound += fb * 0.5 * (math.log(v) - v - m * m + 1)
        elbo.append(bound)
        if len(elbo) > 1 and elbo[-1] - elbo[-2] < 1e-4:
            break
    return Belief(gamma, priors, elbo)
