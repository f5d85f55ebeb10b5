#pragma once

namespace ocelli::base {

/// To be called once, before threads are made, by programs that hold many streams. glibc gives every thread an arena of
/// its own, up to eight per core; with a thread per camera, whose decoders come and go in whichever arena is free, they
/// fragment, and memory grows for days without a leak. A few arenas are enough, since packets and frames that flow
/// are not allocated anew. Does nothing elsewhere.
void bound_memory_arenas();

}  // namespace ocelli::base
