"""The store: schema, migrations and every query; it knows nothing of pictures, models or clocks."""
