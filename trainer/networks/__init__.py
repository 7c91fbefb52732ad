"""Network definitions in Keras 3, one a module, and the loaders of their starting weights."""
