"""Lets `python -m trainer` be `cxr-trainer`."""

from trainer.cli.main import main

main()
