"""8-bit integers for any graph: finds its layers, measures their inputs on drawn images, and rewrites the graph."""
