# Memory that Arrow's consumers hold on to, as the compiled parts of this folder share it.


cdef enum:
    MOST_KINDS = 32
    SPARES = 2  # a consumer mostly has one batch while the next is made
    MOST_SPARE = 2 << 20  # no more octets than these are kept of a column
    IDLE = 4  # pools that are kept, for as many threads as make tables at once

# Memory that has been let go of is used again for the next of its kind, so that the system need not map and clear new
# pages, which would take as long as to fill them. A builder has a pool, and leaves it to the next one.
cdef struct Pool:
    Py_ssize_t holders  # who has it, and all memory that came by it
    void* spare[MOST_KINDS][SPARES]

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
cdef void leave_pool(Pool* pool) noexcept nogil
cdef Held* room_of(Pool* pool, int kind, Held* held, Py_ssize_t size) noexcept nogil
cdef Held* hold_memory(void* memory) except NULL
cdef Block block_of(Held* held, Py_ssize_t size)
