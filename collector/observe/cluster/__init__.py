"""What follows from several sources together: nodes, gaps, the cluster as a whole."""
