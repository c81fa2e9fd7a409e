"""Both figures for a paper: SVG, PDF or PNG through matplotlib, with the widget's current look.

A picture shows what is seen: layout, order, theme, colours, what is hidden. It is laid out here, in
the CSS pixels of the renderer, and matplotlib only paints: so nothing lies outside its bounds, and
no text runs through another. Vector formats keep text as text; whatever was cut to fit is whole in
the ``<title>`` of an SVG.
"""

from tokenviz.export.picture.drawing import MAX_CELLS, drawable, picture, png, save

__all__ = ["MAX_CELLS", "drawable", "picture", "png", "save"]
