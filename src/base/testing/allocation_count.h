#pragma once

#include <cstddef>

namespace ocelli::base::testing {

/// Calls of operator new so far, by all threads of a program that allocation_count.cc is linked to: it replaces the
/// operators of the whole program, libraries included. So a test that counts is a program of its own; the sanitizers'
/// own operators go on watching the others.
std::size_t allocation_count();

}  // namespace ocelli::base::testing
