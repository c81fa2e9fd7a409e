"""The instrument: one figure in which a trace answers why, and what if."""
