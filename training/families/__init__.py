"""Families of problems: what is asked, how it is worked out, what is answered."""

from __future__ import annotations

from training.families.base import Family
from training.families.differences import DIFFERENCES
from training.families.money import MONEY
from training.families.products import PRODUCTS
from training.families.signed import SIGNED
from training.families.sums import SUMS

FAMILIES: dict[str, Family] = {
    family.name: family for family in (PRODUCTS, SUMS, DIFFERENCES, MONEY, SIGNED)
}

__all__ = ["FAMILIES", "Family"]
