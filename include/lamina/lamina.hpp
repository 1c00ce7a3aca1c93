#pragma once

/// @file
/// The whole library.

#include <lamina/core/buffer.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/floating_point.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/models/vgg.hpp>
#include <lamina/network/layer_list.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/network/workspace.hpp>
