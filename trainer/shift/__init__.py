"""The benchmark of shift: films changed as other scanners and exports change them, and what a network keeps of its worth."""
