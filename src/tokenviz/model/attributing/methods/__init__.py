"""The methods of attribution, one file each, and what several of them need."""

from importlib import import_module
from pkgutil import iter_modules

__all__ = ["discover"]


def discover() -> None:
    """Import whatever is in this folder: each method registers itself."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)


discover()
