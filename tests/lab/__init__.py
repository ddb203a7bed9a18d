"""A real cluster on one machine: Consul, Nomad and LiteFS on loopback addresses, to be broken on purpose (docs/lab.md)."""
