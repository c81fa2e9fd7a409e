"""The methods of attribution, one file each, and what several of them need."""
