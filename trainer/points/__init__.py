"""Operating points, calibration and policies from films that were held out, clean and shifted; pure."""
