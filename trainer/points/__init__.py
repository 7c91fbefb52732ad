"""Operating points, calibration and policies from held-out films, clean and shifted, so that they hold elsewhere; pure."""
