#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A network that a Trainer asks for its logits of each training batch, which losses such as Distillation read. It may
/// be of another type than the network in training, as long as images and outputs have the same shapes.
template <class T>
class Teacher {
 public:
  using Logits = std::function<TensorView<const T>(TensorView<const T> images)>;

  /// @param description  what tells it from others: a run goes on with the same alone
  /// @param logits       valid until the next call
  Teacher(std::string description, Logits logits) : description_(std::move(description)), logits_(std::move(logits)) {}

  [[nodiscard]] TensorView<const T> operator()(TensorView<const T> images) const { return logits_(images); }
  [[nodiscard]] const std::string& description() const { return description_; }

 private:
  std::string description_;
  Logits logits_;
};

/// A model in inference as a teacher, which keeps it.
/// @param batch  the largest
template <class Network, class T>
[[nodiscard]] Teacher<T> make_teacher(std::string description, Model<Network, T> model, Index batch, const Team& team) {
  struct Room {
    Model<Network, T> model;
    InferenceWorkspace<Network, T> workspace;
  };
  const auto room = std::make_shared<Room>(Room{std::move(model), InferenceWorkspace<Network, T>(batch, team)});
  return Teacher<T>(std::move(description),
                    [room](TensorView<const T> images) { return room->model.infer(room->workspace, images); });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
