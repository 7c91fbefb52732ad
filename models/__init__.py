"""What trainer and daemon both hold to: bytes -> radiograph -> tensor -> score; no ORM models, those are in `db`."""
