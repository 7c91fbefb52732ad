"""The version of the project; every issue ends one."""

from typing import Final

VERSION: Final = "0.7.0"
