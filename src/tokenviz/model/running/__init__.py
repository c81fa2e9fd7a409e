"""Running a model that is somebody else's: forward passes, caches, turns, and what it can do."""
