# Memory that Arrow's consumers hold on to, as the compiled parts of this folder share it.


cdef enum:
    MOST_KINDS = 32

# What has been let go of is used again for the next of its kind, so that the system need not map and clear new pages:
# that would take as long as to fill them.
cdef struct Pool:
    Py_ssize_t holders  # the builder, and all memory that came by it
    bint closed  # nobody will ask any more
    Held* spare[MOST_KINDS]

cdef struct Held:
    Py_ssize_t holders
    void* memory
    Py_ssize_t room  # octets of it
    Pool* pool  # where it goes back to, or NULL
    int kind


cdef class Block:
    cdef Held* held
    cdef Py_ssize_t size


cdef void let_go(Held* held) noexcept nogil
cdef Pool* new_pool() except NULL
cdef void close_pool(Pool* pool) noexcept nogil
cdef Held* room_of(Pool* pool, int kind, Held* held, Py_ssize_t size) noexcept nogil
cdef Held* hold_memory(void* memory) except NULL
cdef Block block_of(Held* held, Py_ssize_t size)
