"""What is said where the time allowed was over before the work was."""

from __future__ import annotations

import warnings

from tokenviz.model.attributing.methods.method import Asked, Found, Method

__all__ = ["warn_of_time"]

_ROUNDING = 1e-6


def warn_of_time(asked: Asked, method: Method, found: Found) -> None:
    """Say what was left undone, how far it is to be trusted, and what would help."""
    problem = asked.problem
    instead = ["a larger time_budget (None: as long as it takes)"]
    if len(problem.targets.labels) > 1:
        instead.append("fewer targets")
    if problem.features.grouping is None and method.aggregation == "group":
        instead.append("grouping='word' or 'sentence'")
    if method.name != "input_x_gradient":
        instead.append("method='input_x_gradient', which takes one pass")
    warnings.warn(
        f"{method.name}: its time_budget of {asked.objective.work.seconds:g} s was over before it "
        f"was finished{_state(found)}; what helps: {', or '.join(instead)}",
        stacklevel=5,
    )


def _state(found: Found) -> str:
    missing = int(found.values.isnan().sum())
    said = f", {missing:,} of {found.values.numel():,} values are missing (NaN)" if missing else ""
    for name, errors in (
        ("completeness error", found.completeness_error),
        ("standard error", found.standard_error),
    ):
        if errors is not None and bool(errors.isfinite().any()):
            largest = float(errors[errors.isfinite()].max())
            if largest < _ROUNDING:
                continue
            said += f", its largest {name} is "
            said += f"{largest:.2g}" if name == "standard error" else f"{largest:.2%}"
    return said
