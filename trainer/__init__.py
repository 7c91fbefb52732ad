"""Trains, calibrates, quantises and judges pneumonia classifiers; TensorFlow and Keras live only here."""
