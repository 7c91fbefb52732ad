"""Who gained and who lost against first come, first served; pure but for `gather.py`."""
