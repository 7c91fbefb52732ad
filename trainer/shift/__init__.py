"""The benchmark of shift: films as other scanners and exports change them, and what a network is still worth."""
