"""Pages for one's own browser, from a small server on this machine: no notebook, no network."""
