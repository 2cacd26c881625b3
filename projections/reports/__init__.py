"""Reports: what the register and the rollup say, as accountants ask it."""
