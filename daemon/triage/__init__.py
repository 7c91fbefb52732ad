"""Which study is read next, and why: pure decisions, without clock, disk or database."""
