"""Files that models leave under LOOKALIKE_HOME: compiled graphs, fitted heads, quantized graphs."""
