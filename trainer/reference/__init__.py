"""What a bundle says of the films that it was judged on, so that a site can tell its own from them."""
