/// @file
/// The mark of what libnoisylr exports; everything else in it is hidden.
#pragma once

#define NOISYLR_API __attribute__((visibility("default")))
