"""How fast, and how gentle: `python -m tests.bench` measures and writes docs/benchmarks.md."""
