"""A wheel has the library in it, so it is one of a platform."""

from setuptools import setup
from setuptools.dist import Distribution


class BinaryDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        return True


setup(distclass=BinaryDistribution, options={"bdist_wheel": {"py_limited_api": False}})
