"""How fast pictures are ingested here, how fast the cores would allow, and what stands between; prints nothing."""
