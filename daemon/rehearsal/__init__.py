"""Past nights read anew under other rules; pure but for `gather.py`, and nothing is written anywhere."""
