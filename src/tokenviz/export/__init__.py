"""Figures outside a running notebook: one HTML file, a readable table, an nbconvert exporter.

:mod:`~tokenviz.export.html` embeds a widget's state in a page beside the same renderer that draws
it in JupyterLab; :mod:`~tokenviz.export.table` writes the layer that is read where no script runs;
:mod:`~tokenviz.export.nbconvert` does both for the figures of a whole notebook.
"""
