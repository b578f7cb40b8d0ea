"""Drop-in replacements for other IPP libraries: the same names and shapes, at our speed. docs/migrating.md has each.

The rule of this folder: a module has the name of the library it stands for, and holds shapes and names of it, none of
its code. It imports that library when it is asked to, never when it is imported itself.

Where is the rule for ...

- pyipp and aioipp: `pyipp.py`; how they read octets, faults included: `_pyipp_octets.py`; what each release of them
  does: `_pyipp_library.py`; what they would say if they had no faults: `_pyipp_corrected.py`
- ippx: `ippx.py`; its values: `_ippx_octets.py`; its releases: `_ippx_library.py`
- ippserver: `ippserver/`; its dictionary of raw values: `ippserver/_octets_py.py`, compiled `_octets.pyx`
- pycups: `pycups/`; requests: `pycups/wire.py`; job options: `pycups/options.py`; passwords: `pycups/credentials.py`
- how a library's names are taken over, and given back: `_patching.py`
"""
