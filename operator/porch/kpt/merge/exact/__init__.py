"""Upgrades as kpt 1.0.0-beta.56 does them, to the byte, with what it gets wrong; mode KPT only."""
