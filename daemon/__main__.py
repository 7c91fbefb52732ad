"""Lets `python -m daemon` be `cxr-triage`."""

from daemon.cli.start import main

if __name__ == "__main__":
    main()
