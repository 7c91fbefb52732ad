"""What the order does to waiting times, on drawn nights; pure: no clock, disk or database."""
