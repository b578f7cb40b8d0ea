# Memory that Arrow's consumers hold on to, as the compiled parts of this folder share it.


cdef struct Held:
    Py_ssize_t holders
    void* memory


cdef class Block:
    cdef Held* held
    cdef Py_ssize_t size


cdef Block block_of(void* memory, Py_ssize_t size)
