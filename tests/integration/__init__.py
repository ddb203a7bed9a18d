"""Tests with the real Consul and the real LiteFS; only Nomad is a fake (fake_nomad.py)."""
