"""Drop-in replacements for other IPP libraries: the same names and shapes, at our speed. docs/migrating.md has each.

The rule of this folder: a module has the name of the library it stands for, and holds shapes and names of it, none of
its code. It imports that library when it is asked to, never when it is imported itself.
"""
