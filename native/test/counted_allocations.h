/// @file
/// The number of C++ allocations of this program.
#pragma once

/// Whether allocations are counted.
extern bool counting;
extern int allocations;
