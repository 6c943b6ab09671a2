"""The version of the package, the same with and without an installed distribution."""

from typing import Final

VERSION: Final = "0.1.0"
