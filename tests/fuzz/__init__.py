"""Fuzzing by coverage (atheris), beside hypothesis, which `make check` runs. By hand: `make fuzz`."""
