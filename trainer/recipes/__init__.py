"""One recipe a file: its docstring states data, cost and the result to expect."""
