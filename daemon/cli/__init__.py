"""The command line of cxr-triage: one module a command, imported only when it is called."""
