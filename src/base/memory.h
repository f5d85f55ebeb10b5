#pragma once

#include <cstdint>

#include "base/result.h"

namespace ocelli::base {

/// To be called once, before threads are made, by programs that hold many streams. glibc gives every thread an arena of
/// its own, up to eight per core, and after the first large block is freed it takes blocks of that size from arenas
/// too. With a thread per camera, whose decoders come and go in whichever arena is free, both fragment, and memory
/// grows for days without a leak. A few arenas are enough, since packets and frames that flow are not allocated anew;
/// and blocks from 32 KiB on (pictures, key frames) have pages of their own, which go back when they are freed. Does
/// nothing elsewhere.
void bound_memory();

/// To be called when much was freed that comes again, such as a connection with its decoder. Pages of the arenas in
/// which nothing lies go back to the system, so that blocks that come to lie there again take up what they use, as in
/// fresh memory, not all of their size. Does it once a second at most, in the time of a few system calls. Thread-safe.
void release_free_memory();

/// From here on this process gets `bytes` more than it has now; what is asked for beyond fails. Counts what is private
/// and writable, touched or not (RLIMIT_DATA), but neither code nor address space that is only reserved. `unavailable`
/// where the system does not let it.
Status bound_growth(std::uint64_t bytes);

}  // namespace ocelli::base
