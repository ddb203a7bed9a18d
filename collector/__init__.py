"""collector: which node of a Nomad + Consul + LiteFS cluster is broken, and why."""

__version__ = "0.1.0"
