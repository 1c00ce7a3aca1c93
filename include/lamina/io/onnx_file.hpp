#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What onnx's own CMake targets define.
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#include <onnx/onnx_pb.h>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/version.hpp>
#include <lamina/io/file.hpp>
#include <lamina/io/model_tensors.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/network/model.hpp>

/// @file
/// Models as ONNX files (https://onnx.ai), for inference by other programs. Needs onnx and protobuf (Debian:
/// libonnx-dev and libprotobuf-dev; link onnx_proto and protobuf), so it does not come with lamina.hpp.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// Writes down a network as an ONNX graph: a visitor (network/chain.hpp). Values are (batch, channel, row, column)
/// throughout, vectors having one row and one column, so that sums and concatenations need no other shapes. A linear
/// layer is then a convolution of one pixel.
class OnnxGraph {
 public:
  /// @param weights  the network's tensors, in PyTorch's order, which is ONNX's
  template <class T>
  OnnxGraph(onnx::GraphProto& graph, const TensorFile& weights, T /*type*/) : graph_(graph), type_(onnx_type<T>()) {
    for (const StoredTensor& tensor : weights.tensors()) {
      onnx::TensorProto& stored = *graph_.add_initializer();
      stored.set_name(tensor.name);
      stored.set_data_type(type_);
      for (const Index size : tensor.dimensions) stored.add_dims(size);
      stored.set_raw_data(tensor.bytes.data(), tensor.bytes.size());
    }
  }

  template <class T>
  [[nodiscard]] static constexpr int onnx_type() {
    return sizeof(T) == sizeof(float) ? onnx::TensorProto::FLOAT : onnx::TensorProto::DOUBLE;
  }

  template <class Specification, Shape Input>
  int layer(int value, const Name& name) {
    using Bound = typename Specification::template Bound<Input>;
    const std::string prefix(name.view());
    constexpr std::string_view kind = Specification::kind;
    if constexpr (kind == "conv") {
      return convolution(value, prefix, Specification::window, Input.channels / Bound::parameters[0].dims[2],
                         Bound::parameters.size() > 1);
    } else if constexpr (kind == "linear") {
      add_pixel_dimensions(prefix + "weight");
      return convolution(value, prefix, kernels::Window{.kernel = 1}, 1, Bound::parameters.size() > 1);
    } else if constexpr (kind == "batch_norm") {
      constexpr bool affine = Bound::options.affine;
      const std::string gamma = affine ? prefix + "weight" : values_[index(constant(1, Input.channels))];
      const std::string beta = affine ? prefix + "bias" : values_[index(constant(0, Input.channels))];
      onnx::NodeProto& node = add_node(
          "BatchNormalization", {values_[index(value)], gamma, beta, prefix + "running_mean", prefix + "running_var"});
      set(node, "epsilon", static_cast<float>(Bound::options.epsilon));
      return output_of(node);
    } else if constexpr (kind == "group_norm") {
      constexpr auto blocks = Bound::blocks;
      const int normalized = normalize(reshape(value, {0, blocks.groups, -1}), blocks.groups, blocks.epsilon);
      return affine(reshape(normalized, {0, Input.channels, Input.height, Input.width}), prefix);
    } else if constexpr (kind == "channel_layer_norm") {
      const int pixels = transpose(reshape(value, {0, Input.channels, -1}));
      const int normalized = transpose(normalize(pixels, Input.pixels(), Bound::blocks.epsilon));
      return affine(reshape(normalized, {0, Input.channels, Input.height, Input.width}), prefix);
    } else if constexpr (kind == "avg_pool" || kind == "max_pool") {
      onnx::NodeProto& node = add_node(kind == "avg_pool" ? "AveragePool" : "MaxPool", {values_[index(value)]});
      set_window(node, Bound::pooling.window, false);
      if constexpr (kind == "avg_pool") set(node, "count_include_pad", Index{1});  // zeros around the image do count
      return output_of(node);
    } else if constexpr (kind == "leaky_relu") {
      onnx::NodeProto& node = add_node("LeakyRelu", {values_[index(value)]});
      set(node, "alpha", Bound::template activation<float>.slope);
      return output_of(node);
    } else if constexpr (kind == "relu6") {
      const int least = constant(0);
      const int most = constant(6);
      return output_of(add_node("Clip", {values_[index(value)], values_[index(least)], values_[index(most)]}));
    } else if constexpr (kind == "hard_sigmoid") {
      return hard_sigmoid(value);
    } else if constexpr (kind == "hard_swish") {
      return multiply(value, hard_sigmoid(value));
    } else if constexpr (kind == "softmax") {
      onnx::NodeProto& node = add_node("Softmax", {values_[index(value)]});
      set(node, "axis", Index{1});
      return output_of(node);
    } else if constexpr (kind == "flatten") {
      return reshape(value, {0, -1, 1, 1});
    } else if constexpr (kind == "silu") {
      return multiply(value, simple("Sigmoid", value));
    } else if constexpr (kind == "gelu") {  // x (1 + erf(x / sqrt(2))) / 2
      const int half = simple("Erf", multiply(value, constant(1 / std::numbers::sqrt2)));
      return multiply(multiply(value, constant(0.5)), add(half, constant(1)));
    } else {
      return simple(operator_of(kind), value);
    }
  }
  int add(int first, int second) { return output_of(add_node("Add", {values_[index(first)], values_[index(second)]})); }
  int scale(int value, int factors) { return multiply(value, factors); }
  int concatenate(std::span<const int> values, const Shape& /*output*/) {
    onnx::NodeProto& node = add_node("Concat", {});
    for (const int value : values) node.add_input(values_[index(value)]);
    set(node, "axis", Index{1});
    return output_of(node);
  }

  /// The network's output, as a row a sample where it is a vector.
  void finish(int value, const std::string& name, const Shape& shape) {
    const int last = shape.pixels() == 1 ? reshape(value, {0, -1}) : simple("Identity", value);
    graph_.mutable_node(graph_.node_size() - 1)->set_output(0, name);
    values_[index(last)] = name;
  }

 private:
  [[nodiscard]] static std::size_t index(int value) { return static_cast<std::size_t>(value); }

  /// @throws ArgumentError for a layer that ONNX has no operator for
  [[nodiscard]] static std::string operator_of(std::string_view kind) {
    if (kind == "relu") return "Relu";
    if (kind == "tanh") return "Tanh";
    if (kind == "sigmoid") return "Sigmoid";
    if (kind == "elu") return "Elu";
    if (kind == "global_avg_pool") return "GlobalAveragePool";
    if (kind == "global_max_pool") return "GlobalMaxPool";
    if (kind == "identity" || kind == "dropout") return "Identity";
    throw ArgumentError("a layer of the kind '" + std::string(kind) + "' has no counterpart in ONNX that we know");
  }

  onnx::NodeProto& add_node(const std::string& type, const std::vector<std::string>& inputs) {
    onnx::NodeProto& node = *graph_.add_node();
    node.set_op_type(type);
    for (const std::string& input : inputs) node.add_input(input);
    return node;
  }
  int output_of(onnx::NodeProto& node) {
    values_.push_back("value_" + std::to_string(values_.size()));
    node.add_output(values_.back());
    return static_cast<int>(values_.size()) - 1;
  }
  int simple(const std::string& type, int value) { return output_of(add_node(type, {values_[index(value)]})); }
  int multiply(int first, int second) {
    return output_of(add_node("Mul", {values_[index(first)], values_[index(second)]}));
  }

  /// max(0, min(x / 6 + 1 / 2, 1)).
  int hard_sigmoid(int value) {
    onnx::NodeProto& node = add_node("HardSigmoid", {values_[index(value)]});
    set(node, "alpha", 1.0F / 6);
    set(node, "beta", 0.5F);
    return output_of(node);
  }

  /// A number of the type of the weights, or a vector of it.
  int constant(double number, std::optional<Index> size = {}) {
    values_.push_back("constant_" + std::to_string(values_.size()));
    onnx::TensorProto& stored = *graph_.add_initializer();
    stored.set_name(values_.back());
    stored.set_data_type(type_);
    if (size) stored.add_dims(*size);
    for (Index i = 0; i < size.value_or(1); ++i) {
      if (type_ == onnx::TensorProto::FLOAT) {
        stored.add_float_data(static_cast<float>(number));
      } else {
        stored.add_double_data(number);
      }
    }
    return static_cast<int>(values_.size()) - 1;
  }

  /// (batch, a, b) as (batch, b, a).
  int transpose(int value) {
    onnx::NodeProto& node = add_node("Transpose", {values_[index(value)]});
    set(node, "perm", {0, 2, 1});
    return output_of(node);
  }

  /// Each row of (batch, rows, values) less its mean and over its deviation.
  int normalize(int value, Index rows, double epsilon) {
    const int one = constant(1, rows);
    const int zero = constant(0, rows);
    onnx::NodeProto& node =
        add_node("InstanceNormalization", {values_[index(value)], values_[index(one)], values_[index(zero)]});
    set(node, "epsilon", static_cast<float>(epsilon));
    return output_of(node);
  }

  /// gamma value + beta, channel by channel.
  int affine(int value, const std::string& prefix) {
    add_pixel_dimensions(prefix + "weight");
    add_pixel_dimensions(prefix + "bias");
    const int scaled = output_of(add_node("Mul", {values_[index(value)], prefix + "weight"}));
    return output_of(add_node("Add", {values_[index(scaled)], prefix + "bias"}));
  }

  /// @param sizes  0 for that of the input, -1 for what remains
  int reshape(int value, std::initializer_list<std::int64_t> sizes) {
    onnx::TensorProto& shape = *graph_.add_initializer();
    shape.set_name("shape_" + std::to_string(values_.size()));
    shape.set_data_type(onnx::TensorProto::INT64);
    shape.add_dims(static_cast<std::int64_t>(sizes.size()));
    for (const std::int64_t size : sizes) shape.add_int64_data(size);
    return output_of(add_node("Reshape", {values_[index(value)], shape.name()}));
  }

  int convolution(int value, const std::string& prefix, const kernels::Window& window, Index groups, bool bias) {
    onnx::NodeProto& node = add_node("Conv", {values_[index(value)], prefix + "weight"});
    if (bias) node.add_input(prefix + "bias");
    set_window(node, window, true);
    set(node, "group", groups);
    return output_of(node);
  }

  /// Gives a tensor without pixels, such as the weight of a linear layer, (output, input), a row and a column.
  void add_pixel_dimensions(const std::string& name) {
    for (onnx::TensorProto& tensor : *graph_.mutable_initializer()) {
      if (tensor.name() != name) continue;
      tensor.add_dims(1);
      tensor.add_dims(1);
    }
  }

  static void set_window(onnx::NodeProto& node, const kernels::Window& window, bool dilations) {
    set(node, "kernel_shape", {window.kernel, window.kernel});
    set(node, "strides", {window.stride, window.stride});
    set(node, "pads", {window.padding, window.padding, window.padding, window.padding});
    if (dilations) set(node, "dilations", {window.dilation, window.dilation});
  }

  static onnx::AttributeProto& attribute(onnx::NodeProto& node, const char* name,
                                         onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto& added = *node.add_attribute();
    added.set_name(name);
    added.set_type(type);
    return added;
  }
  static void set(onnx::NodeProto& node, const char* name, Index number) {
    attribute(node, name, onnx::AttributeProto::INT).set_i(number);
  }
  static void set(onnx::NodeProto& node, const char* name, float number) {
    attribute(node, name, onnx::AttributeProto::FLOAT).set_f(number);
  }
  static void set(onnx::NodeProto& node, const char* name, std::initializer_list<Index> numbers) {
    onnx::AttributeProto& added = attribute(node, name, onnx::AttributeProto::INTS);
    for (const Index number : numbers) added.add_ints(number);
  }

  onnx::GraphProto& graph_;
  int type_;                                   ///< of the weights, as ONNX numbers types
  std::vector<std::string> values_{"images"};  ///< their names, by number
};

/// An input or output of a graph: a batch of any size of tensors of these sizes.
inline void describe_value(onnx::ValueInfoProto& value, const std::string& name, int type,
                           std::initializer_list<Index> sizes) {
  value.set_name(name);
  auto& tensor = *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape()->add_dim()->set_dim_param("batch");
  for (const Index size : sizes) tensor.mutable_shape()->add_dim()->set_dim_value(size);
}

}  // namespace detail

/// A model as ONNX has it (opset 13), for inference: from `images` (batch, channels, rows, columns), normalised, to
/// `logits` (batch, classes), with any batch size. Tensors have the names that they have in PyTorch.
/// @throws ArgumentError for a layer that ONNX has no operator for, such as one of your own
template <class Network, class T>
[[nodiscard]] onnx::ModelProto to_onnx(const Model<Network, T>& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(7);
  proto.set_producer_name("lamina");
  proto.set_producer_version(std::string(kVersion));
  proto.add_opset_import()->set_version(13);
  onnx::GraphProto& graph = *proto.mutable_graph();
  graph.set_name("network");
  TensorFile weights;
  add_model(weights, model);
  detail::OnnxGraph visitor(graph, weights, T{});
  visitor.finish(Network::visit(visitor), "logits", Network::output_shape);

  constexpr int type = detail::OnnxGraph::onnx_type<T>();
  constexpr Shape in = Network::input_shape;
  constexpr Shape out = Network::output_shape;
  detail::describe_value(*graph.add_input(), "images", type, {in.channels, in.height, in.width});
  if (out.pixels() == 1) {
    detail::describe_value(*graph.add_output(), "logits", type, {out.channels});
  } else {
    detail::describe_value(*graph.add_output(), "logits", type, {out.channels, out.height, out.width});
  }
  return proto;
}

/// Writes a model as an ONNX file, as a whole or not at all.
/// @param path  ends in .onnx
/// @throws ArgumentError as to_onnx(); FileError when the extension is another one or the file cannot be written
template <class Network, class T>
void save_onnx(const std::filesystem::path& path, const Model<Network, T>& model) {
  if (path.extension() != ".onnx") throw FileError(path.string(), "expected a name that ends in .onnx");
  write_file(path, to_onnx(model).SerializeAsString());
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
