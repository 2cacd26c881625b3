"""The benchmark suite: how fast Numina is on this machine, beside its peers in the same run."""
