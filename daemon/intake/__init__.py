"""From a file in a folder to a row in the store: watch, list, settle, claim, read, score, record."""
