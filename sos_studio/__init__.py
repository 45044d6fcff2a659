"""SOS Studio: staging of the spheno-occipital synchondrosis in CBCT head scans."""

__version__ = "0.1.0"
