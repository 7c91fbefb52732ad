"""The programs of the imaging department: intake, triage, report and their command line."""
