"""Coverage-guided fuzzing (atheris), in addition to hypothesis in `make check`. Run manually: `make fuzz`."""
