"""Scoring many texts: packed end to end, and read by a head that never holds their logits."""
