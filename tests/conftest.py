"""What every test shares: property tests without a deadline, since machines under load are slow and not wrong."""

from hypothesis import settings

settings.register_profile("project", deadline=None)
settings.load_profile("project")
