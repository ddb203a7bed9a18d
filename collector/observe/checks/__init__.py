"""Health checks of Consul and Nomad: what their output means, since when they fail, and which instance they are about."""
