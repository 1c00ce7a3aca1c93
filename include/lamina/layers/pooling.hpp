#pragma once

/// @file
/// All poolings.

#include <lamina/layers/avg_pool.hpp>
#include <lamina/layers/global_avg_pool.hpp>
#include <lamina/layers/global_max_pool.hpp>
#include <lamina/layers/max_pool.hpp>
