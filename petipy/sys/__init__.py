"""System calls and ioctls that Python lacks: arguments in, a value or an OSError out.

The only place for ctypes and ioctl numbers, with petipy.kexec.
"""
