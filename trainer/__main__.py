"""Lets `python -m trainer` be `cxr-trainer`."""

from trainer.cli import main

main()
