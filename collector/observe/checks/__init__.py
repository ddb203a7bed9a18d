"""Health checks, of Consul and of Nomad: what their texts mean, since when, and of whom they tell."""
