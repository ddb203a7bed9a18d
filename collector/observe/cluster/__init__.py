"""Conclusions from several sources: nodes, gaps, the cluster as a whole."""
